//! What all routes have in common: origins, security headers, HEAD, compression.

use std::io::Read;

use crate::common::client::{Client, TestResponse};
use crate::common::{Site, message};
use conversation_store::http::Route;
use embedded_store::front::Fault;
use reqwest::Method;
use serde_json::json;

on_both_stores!(
    a_preflight_needs_no_store_request,
    pages_of_a_listed_origin_may_read_responses,
    other_origins_get_no_cors_headers,
    every_response_has_the_security_headers,
    head_is_get_without_the_body,
    a_long_response_is_compressed_when_accepted,
    the_etag_of_a_compressed_copy_works_in_conditional_requests,
);

const PAGE: &str = "https://chat.example.com";

/// A path of every route, and the methods it takes as a header names them.
fn routes() -> impl Iterator<Item = (String, String)> {
    Route::ALL.iter().map(|route| {
        let path = route.pattern().replace("{id}", "c");
        let mut methods: Vec<&str> = route.methods().iter().map(Method::as_str).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        (path.replace("{messageId}", "m"), methods.join(", "))
    })
}

/// A user's client of a deployment that lists [`PAGE`].
async fn listed(site: &Site) -> (crate::common::Deployment, Client) {
    let origins = format!("http://localhost:5173, {PAGE}");
    let deployment = site.deployment(&[("ALLOWED_ORIGINS", &origins)]).await;
    let client = deployment
        .anonymous_caller()
        .with_token(site.user().await.token());
    (deployment, client)
}

fn cors_headers(response: &TestResponse) -> Vec<&str> {
    let names = response.headers.keys().map(|name| name.as_str());
    names
        .filter(|name| name.starts_with("access-control"))
        .collect()
}

async fn a_preflight_needs_no_store_request(site: Site) {
    let (deployment, _) = listed(&site).await;
    let page = deployment
        .anonymous_caller()
        .with_header("origin", PAGE)
        .with_header("access-control-request-method", "PUT");
    for (path, methods) in routes() {
        let preflight = page.send(Method::OPTIONS, &path, None);
        let (response, cost) = site.cost_of(preflight).await;
        response.expect(204);
        assert_eq!(cost.requests, 0, "{path}");
        for (name, value) in [
            ("access-control-allow-origin", PAGE),
            ("access-control-allow-methods", &methods),
            (
                "access-control-allow-headers",
                "authorization, content-type, if-match, if-none-match, idempotency-key, \
                 last-event-id, x-request-id, mcp-protocol-version, mcp-method, mcp-name",
            ),
            ("access-control-max-age", "86400"),
            ("allow", &methods),
            ("vary", "Authorization, Origin"),
        ] {
            assert_eq!(response.header(name), Some(value), "{path}");
        }
        assert_eq!(cors_headers(&response).len(), 4, "no credentials: {path}");
        assert_eq!(response.header("content-type"), None);
    }
}

async fn pages_of_a_listed_origin_may_read_responses(site: Site) {
    let (_deployment, client) = listed(&site).await;
    client.create("c", vec![]).await;
    let page = client.with_header("origin", PAGE);
    for (path, status) in [
        ("/api/conversations/c", 200),
        ("/api/conversations/none", 404),
        ("/api/import", 405),
    ] {
        let response = page.get(path).await;
        response.expect(status);
        assert_eq!(response.header("access-control-allow-origin"), Some(PAGE));
        let exposed = response.header("access-control-expose-headers").unwrap();
        for name in [
            "ETag",
            "Location",
            "Retry-After",
            "RateLimit-Remaining",
            "Server-Timing",
            "X-Request-Id",
        ] {
            assert!(exposed.split(", ").any(|header| header == name), "{name}");
        }
        assert_eq!(cors_headers(&response).len(), 2, "no credentials: {path}");
        assert_eq!(
            response.header("vary"),
            Some("Authorization, Origin, Accept-Encoding")
        );
        assert_eq!(
            response.header("cross-origin-resource-policy"),
            Some("cross-origin")
        );
    }
}

async fn other_origins_get_no_cors_headers(site: Site) {
    let (_deployment, listed) = listed(&site).await;
    let default = site.user().await;
    for (client, origin, vary) in [
        (
            &listed,
            "https://chat.example.com.evil.example",
            "Authorization, Origin, Accept-Encoding",
        ),
        (
            &listed,
            "http://chat.example.com",
            "Authorization, Origin, Accept-Encoding",
        ),
        (&listed, "null", "Authorization, Origin, Accept-Encoding"),
        (&default, PAGE, "Authorization, Accept-Encoding"),
    ] {
        let page = client.with_header("origin", origin);
        let response = page.get("/api/conversations").await;
        response.expect(200);
        assert_eq!(response.header("vary"), Some(vary), "{origin}");
        let preflight = page
            .with_header("access-control-request-method", "GET")
            .send(Method::OPTIONS, "/api/conversations", None)
            .await;
        preflight.expect(204);
        assert_eq!(preflight.header("allow"), Some("GET, POST, DELETE, HEAD"));
        for response in [response, preflight] {
            assert!(cors_headers(&response).is_empty(), "{origin}");
            assert_eq!(
                response.header("cross-origin-resource-policy"),
                Some("same-origin")
            );
        }
    }
    // A caller without an origin also gets `Vary`, for caches in between.
    let plain = listed.get("/api/conversations").await;
    assert_eq!(
        plain.header("vary"),
        Some("Authorization, Origin, Accept-Encoding")
    );
}

async fn every_response_has_the_security_headers(site: Site) {
    let user = site.user().await;
    let created = user.post("/api/conversations", &json!({ "id": "c" })).await;
    let known = user.with_header("if-none-match", created.etag());
    site.faults().push(Fault::Garbage, 1);
    let mut responses = vec![
        (created, 201),
        (user.get("/api/conversations").await, 502),
        (user.get("/api/conversations").await, 200),
        (known.get("/api/conversations/c").await, 304),
        (user.get("/api/conversations?limit=x").await, 400),
        (site.anonymous_caller().get("/api/conversations").await, 401),
        (user.get("/api/conversations/none").await, 404),
        (user.get("/api/import").await, 405),
        (user.post("/api/session", &json!({})).await, 200),
        (user.get("/api/health/redis").await, 200),
    ];
    for (path, methods) in routes() {
        let response = site
            .anonymous_caller()
            .send(Method::OPTIONS, &path, None)
            .await;
        assert_eq!(response.header("allow"), Some(methods.as_str()));
        responses.push((response, 204));
    }
    for (response, status) in responses {
        response.expect(status);
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'",
            ),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(response.header(name), Some(value), "{status}");
        }
        let caching = response.header("cache-control").unwrap();
        assert!(caching.starts_with("private, no-"), "{status}: {caching}");
    }
}

async fn head_is_get_without_the_body(site: Site) {
    let user = site.user().await;
    let text = "not short ".repeat(500);
    user.create("c", vec![message("m", "user", &text)]).await;
    let packing = user.with_header("accept-encoding", "gzip");
    for (client, path, status) in [
        (&user, "/api/conversations/c", 200),
        (&packing, "/api/conversations/c", 200),
        (&user, "/api/conversations", 200),
        (&user, "/api/session", 200),
        (&user, "/api/conversations/none", 404),
    ] {
        let (get, head) = (
            client.get(path).await,
            client.send(Method::HEAD, path, None).await,
        );
        assert_eq!((get.status, head.status), (status, status), "{path}");
        assert!(head.body.is_empty() && !get.body.is_empty());
        let same = |response: &TestResponse| {
            let mut headers = response.headers.clone();
            for changing in ["date", "server-timing", "x-request-id"] {
                headers.remove(changing).unwrap();
            }
            for counted in ["ratelimit-remaining", "ratelimit-reset"] {
                headers.remove(counted);
            }
            headers
        };
        assert_eq!(same(&get), same(&head), "{path}");
    }
}

fn unpack(body: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(body)
        .read_to_string(&mut text)
        .unwrap();
    text
}

async fn a_long_response_is_compressed_when_accepted(site: Site) {
    let user = site.user().await;
    let text = "Grüße, \u{1f600} \u{0} \"and\" so on. ".repeat(200);
    user.create("c", vec![message("m", "user", &text)]).await;
    user.create("short", vec![]).await;
    let browser = user.with_header("accept-encoding", "gzip, deflate, br, zstd");

    let plain = user.get("/api/conversations/c").await;
    assert_eq!(plain.header("content-encoding"), None);
    let packed = browser.get("/api/conversations/c").await;
    assert_eq!(packed.status, 200);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(packed.header("content-type"), Some("application/json"));
    assert_eq!(unpack(&packed.body), plain.text);
    assert!(packed.body.len() * 5 < plain.body.len());
    for response in [&plain, &packed] {
        assert_eq!(
            response.header("vary"),
            Some("Authorization, Accept-Encoding")
        );
    }

    let short = browser.get("/api/conversations/short").await;
    assert_eq!(short.header("content-encoding"), None);
    short.expect(200);
    let declined = user.with_header("accept-encoding", "gzip;q=0, *");
    declined.get("/api/conversations/c").await.expect(200);
}

async fn the_etag_of_a_compressed_copy_works_in_conditional_requests(site: Site) {
    let user = site.user().await;
    let text = "not short ".repeat(500);
    user.create("c", vec![message("m", "user", &text)]).await;
    let browser = user.with_header("accept-encoding", "gzip");
    for path in ["/api/conversations/c", "/api/conversations/c/messages"] {
        let packed = browser.get(path).await;
        assert!(packed.etag().ends_with("-gzip\""), "{}", packed.etag());
        let known = browser.with_header("if-none-match", packed.etag());
        let confirmed = known.get(path).await;
        confirmed.expect(304);
        assert_eq!(confirmed.etag(), packed.etag());
        assert_eq!(confirmed.header("content-encoding"), None);
        assert_eq!(
            confirmed.header("vary"),
            Some("Authorization, Accept-Encoding")
        );
    }
    let packed = browser.get("/api/conversations/c").await;
    let title = json!({ "title": "T" });
    // A weak tag may stand for different bytes, so it permits no write.
    let weak = browser.with_header("if-match", &format!("W/{}", packed.etag()));
    weak.patch("/api/conversations/c", &title)
        .await
        .expect_error(412, "revision_mismatch");
    let writer = browser.with_header("if-match", packed.etag());
    writer
        .patch("/api/conversations/c", &title)
        .await
        .expect(200);
    let known = browser.with_header("if-none-match", packed.etag());
    assert_eq!(known.get("/api/conversations/c").await.status, 200);
}
