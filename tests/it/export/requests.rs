//! Formats, and requests that are refused.

use super::{EXPORT, lines};
use crate::common::{Site, message};
use embedded_store::front::Fault;
use serde_json::json;

on_both_stores!(
    one_conversation_as_json_markdown_or_lines,
    an_unknown_conversation_is_refused_before_the_first_byte,
    an_export_excludes_other_users,
);

async fn one_conversation_as_json_markdown_or_lines(site: Site) {
    let user = site.user().await;
    let body = json!({ "id": "c", "title": "On\nlocks", "messages": [
        { "id": "q", "type": "user", "content": "What is *it*?\n", "timestamp": 0 },
        { "id": "a", "type": "assistant", "content": "```\nlock\n```", "timestamp": 1_500 },
    ]});
    user.post("/api/conversations", &body).await.expect(201);
    let get = |format: &'static str| {
        let (user, path) = (user.clone(), format!("{EXPORT}?conversation=c{format}"));
        async move { user.get(&path).await }
    };
    let response = get("").await;
    let opened = user.open("c").await;
    let exported = response.expect(200);
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(exported["messages"], opened["messages"]);
    assert_eq!(exported["title"], "On\nlocks");
    let markdown = get("&format=markdown").await;
    assert_eq!(
        markdown.header("content-type"),
        Some("text/markdown; charset=utf-8")
    );
    assert_eq!(
        markdown.header("content-disposition"),
        Some("attachment; filename=\"conversation-c.md\"")
    );
    assert_eq!(
        markdown.text,
        "# On locks\n\n## User, 1970-01-01T00:00:00.000Z\n\nWhat is *it*?\n\n\n## Assistant, \
         1970-01-01T00:00:01.500Z\n\n```\nlock\n```\n"
    );
    let as_lines = lines(&get("&format=ndjson").await);
    assert_eq!(as_lines[0], exported);
    assert_eq!(as_lines[1]["export"]["conversations"], 1);
}

async fn an_unknown_conversation_is_refused_before_the_first_byte(site: Site) {
    let user = site.user().await;
    let get = |query: &'static str| {
        let path = format!("{EXPORT}{query}");
        let user = user.clone();
        async move { user.get(&path).await }
    };
    get("?conversation=none")
        .await
        .expect_error(404, "conversation_not_found");
    get("?conversation=a%20b")
        .await
        .expect_error(400, "invalid_id");
    get("?format=markdown")
        .await
        .expect_error(400, "invalid_query");
    get("?conversation=c&format=pdf")
        .await
        .expect_error(400, "invalid_query");
    site.anonymous_caller()
        .get(EXPORT)
        .await
        .expect_error(401, "missing_token");
    site.faults().push(Fault::QuotaError, 1);
    get("").await.expect_error(503, "storage_quota");
}

async fn an_export_excludes_other_users(site: Site) {
    let (user, other) = (site.user().await, site.user().await);
    user.create("mine", vec![message("m", "user", "secret")])
        .await;
    assert!(!other.get(EXPORT).await.text.contains("mine"));
    other
        .get(&format!("{EXPORT}?conversation=mine"))
        .await
        .expect_error(404, "conversation_not_found");
}
