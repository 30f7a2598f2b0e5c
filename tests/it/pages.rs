//! The pages, as they come over HTTP.

use std::fs;

use crate::common::{Site, repository};
use serde_json::Value;

const POLICY: &str = "content-security-policy";

/// The headers that vercel.json has for pages.
fn deployed_headers() -> Vec<(String, String)> {
    let text = fs::read_to_string(repository().join("vercel.json")).unwrap();
    let deployment: Value = serde_json::from_str(&text).unwrap();
    let rules = deployment["headers"].as_array().unwrap();
    assert_eq!(rules.len(), 1, "this test knows one rule");
    let headers = rules[0]["headers"].as_array().unwrap().iter();
    headers
        .map(|header| {
            let text = |field: &str| header[field].as_str().unwrap().to_owned();
            (text("key"), text("value"))
        })
        .collect()
}

#[tokio::test]
async fn files_have_the_headers_of_the_deployment() {
    let site = Site::embedded().await;
    let paths = [
        "/",
        "/shared",
        "/page/main.js",
        "/app/store.js",
        "/conversation-store.js",
    ];
    for path in paths {
        let response = site.anonymous_caller().get(path).await;
        assert_eq!(response.status, 200, "{path}");
        for (name, value) in deployed_headers() {
            assert_eq!(
                response.header(&name),
                Some(value.as_str()),
                "{path} {name}"
            );
        }
    }
    let missing = site.anonymous_caller().get("/nothing").await;
    assert_eq!(missing.status, 404);
    assert!(missing.header(POLICY).is_some());
}

#[tokio::test]
async fn pages_carry_the_same_policy_in_themselves() {
    let site = Site::embedded().await;
    for path in ["/", "/shared"] {
        let response = site.anonymous_caller().get(path).await;
        let policy = response.header(POLICY).unwrap();
        assert!(!policy.contains("unsafe"), "{policy}");
        // What a page cannot declare itself: who may frame it.
        let own = policy.strip_suffix("; frame-ancestors 'none'").unwrap();
        let tag = format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{own}\">");
        assert!(response.text.contains(&tag), "{path} lacks {tag}");
    }
}

#[tokio::test]
async fn a_page_has_one_address() {
    let site = Site::embedded().await;
    for (asked, location) in [("/shared.html", "/shared"), ("/index.html", "/")] {
        let response = site.anonymous_caller().get(asked).await;
        assert_eq!(response.status, 308, "{asked}");
        assert_eq!(response.header("location"), Some(location));
    }
}

#[test]
fn pages_have_no_inline_scripts_or_styles() {
    for page in ["index.html", "shared.html"] {
        let text = fs::read_to_string(repository().join("public").join(page)).unwrap();
        for inline in ["<style", " style=", " onclick=", "javascript:"] {
            assert!(!text.contains(inline), "{page} has {inline}");
        }
        for script in text.split("<script").skip(1) {
            let (attributes, content) = script.split_once('>').unwrap();
            assert!(attributes.starts_with(" type=\"module\" "), "{page}");
            assert!(attributes.contains(" src=\"/"), "{page}");
            assert!(content.starts_with("</script>"), "{page}");
        }
    }
}
