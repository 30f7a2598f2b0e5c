//! Bad input: a 4xx with a stable code, nothing changed, and no request to the store.

use crate::common::{Client, Site, message, message_at};
use reqwest::Method;
use serde_json::{Value, json};

on_both_stores!(
    bad_bodies_change_nothing,
    bad_queries_and_headers_change_nothing,
    an_id_in_the_query_never_wins_over_the_path,
    oversized_requests_are_refused,
    unsupported_methods_are_refused_with_the_allowed_ones,
    requests_without_a_valid_token_learn_nothing,
);

/// Sends a body that has to be refused without a request to the store.
async fn refuse(site: &Site, user: &Client, call: (&str, &str), body: &str, expected: (u16, &str)) {
    let method = Method::from_bytes(call.0.as_bytes()).unwrap();
    let (response, cost) = site
        .cost_of(user.send(method, call.1, Some(body.to_owned())))
        .await;
    response.expect_error(expected.0, expected.1);
    assert_eq!(cost.requests, 0, "{call:?}");
}

const CREATE: (&str, &str) = ("POST", "/api/conversations");
const SAVE: (&str, &str) = ("PUT", "/api/conversations/c");
const PATCH: (&str, &str) = ("PATCH", "/api/conversations/c");
const APPEND: (&str, &str) = ("POST", "/api/conversations/c/messages");
const EDIT: (&str, &str) = ("PATCH", "/api/conversations/c/messages/m");
const IMPORT: (&str, &str) = ("POST", "/api/import");
const SESSION: (&str, &str) = ("PATCH", "/api/session");

async fn bad_bodies_change_nothing(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "hi")]).await;
    let before = user.open("c").await;
    for call in [CREATE, SAVE, PATCH, APPEND, EDIT, IMPORT, SESSION] {
        for body in ["{", "nonsense", "[1,", "\"text\"", "7", "{\"a\":\"\u{1}\"}"] {
            refuse(&site, &user, call, body, (400, "invalid_json")).await;
        }
    }
    refuse(
        &site,
        &user,
        ("POST", "/api/session"),
        "[]",
        (400, "invalid_json"),
    )
    .await;
    let too_many: Vec<Value> = (0..101)
        .map(|index| message_at(&format!("n{index}"), index))
        .collect();
    let too_many = json!({ "messages": too_many }).to_string();
    for (call, body, code) in [
        (CREATE, r#"{"id":"a:b"}"#, "invalid_id"),
        (CREATE, r#"{"id":7}"#, "invalid_id"),
        (CREATE, r#"{"id":""}"#, "invalid_id"),
        (CREATE, r#"{"title":7}"#, "invalid_field"),
        (CREATE, r#"{"messages":{}}"#, "invalid_json"),
        (CREATE, r#"{"createdAt":"yesterday"}"#, "invalid_field"),
        (CREATE, r#"{"updatedAt":true}"#, "invalid_field"),
        (CREATE, r#"{"mcpServers":[]}"#, "invalid_field"),
        (SAVE, r#"{"id":"other"}"#, "id_mismatch"),
        (SAVE, r#"{"totalTokens":"many"}"#, "invalid_field"),
        (PATCH, "{}", "invalid_field"),
        (PATCH, r#"{"pinned":1}"#, "invalid_field"),
        (PATCH, r#"{"revision":9}"#, "invalid_field"),
        (APPEND, "{}", "invalid_field"),
        (APPEND, r#"{"messages":[]}"#, "invalid_field"),
        (
            APPEND,
            r#"{"messages":[{"id":"n","type":"robot","content":""}]}"#,
            "invalid_field",
        ),
        (
            APPEND,
            r#"{"messages":[{"id":"n","type":"user","content":7}]}"#,
            "invalid_field",
        ),
        (
            APPEND,
            r#"{"messages":[{"id":"n","type":"user"}]}"#,
            "invalid_field",
        ),
        (
            APPEND,
            r#"{"messages":[{"type":"user","content":""}]}"#,
            "invalid_id",
        ),
        (
            APPEND,
            r#"{"messages":[{"id":"n/o","type":"user","content":""}]}"#,
            "invalid_id",
        ),
        (
            APPEND,
            r#"{"messages":[{"id":"n","type":"user","content":"","timestamp":"2025-02-30T00:00:00Z"}]}"#,
            "invalid_field",
        ),
        (APPEND, &too_many, "too_many_messages"),
        (EDIT, "{}", "invalid_field"),
        (EDIT, r#"{"id":"other","content":""}"#, "id_mismatch"),
        (EDIT, r#"{"content":null}"#, "invalid_field"),
        (EDIT, r#"{"tokens":{"total":1.5}}"#, "invalid_field"),
        (IMPORT, r#"{"chats":[]}"#, "invalid_json"),
        (SESSION, "{}", "invalid_field"),
    ] {
        refuse(&site, &user, call, body, (400, code)).await;
    }
    assert_eq!(user.open("c").await, before);
    let list = user.get("/api/conversations").await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

async fn bad_queries_and_headers_change_nothing(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "hi")]).await;
    for (path, code) in [
        ("/api/conversations?limit=0", "invalid_query"),
        ("/api/conversations?limit=51", "invalid_query"),
        ("/api/conversations?limit=many", "invalid_query"),
        ("/api/conversations?cursor=nonsense", "invalid_cursor"),
        ("/api/conversations/c?limit=101", "invalid_query"),
        ("/api/conversations/c/messages?order=up", "invalid_query"),
        (
            "/api/conversations/c/messages?cursor=bTEuMS4",
            "invalid_cursor",
        ),
        ("/api/conversations/a%20b", "invalid_id"),
        ("/api/conversations/a%2Fb", "invalid_id"),
    ] {
        user.get(path).await.expect_error(400, code);
    }
    let long = format!("/api/conversations/{}", "x".repeat(129));
    user.get(&long).await.expect_error(400, "invalid_id");
    let long = "k".repeat(256);
    for (name, value) in [
        ("if-match", "5"),
        ("if-match", "\"x"),
        ("if-match", "\"a\" \"b\""),
        ("if-match", "*, \"a\""),
        ("if-none-match", "x"),
        ("idempotency-key", ""),
        ("idempotency-key", "two words"),
        ("idempotency-key", &long),
    ] {
        let writer = user.with_header(name, value);
        writer
            .delete("/api/conversations/c")
            .await
            .expect_error(400, "invalid_header");
    }
    for value in ["\"+1\"", "\"x\"", "\"1\", \"2\"", "W/\"1\""] {
        let writer = user.with_header("if-match", value);
        writer
            .delete("/api/conversations/c")
            .await
            .expect_error(412, "revision_mismatch");
    }
    user.delete("/api/conversations/c/messages/m?andAfter=maybe")
        .await
        .expect_error(400, "invalid_query");
    assert_eq!(user.open("c").await["messageCount"], 1);
}

async fn an_id_in_the_query_never_wins_over_the_path(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "hi")]).await;
    user.create("d", vec![message("m", "user", "hi")]).await;
    user.get("/api/conversations/c?id=d")
        .await
        .expect_error(400, "id_mismatch");
    user.delete("/api/conversations/c?id=c&id=d")
        .await
        .expect_error(400, "id_mismatch");
    user.delete("/api/conversations/c/messages/m?messageId=n")
        .await
        .expect_error(400, "id_mismatch");
    // Vercel itself repeats them.
    user.get("/api/conversations/c?id=c").await.expect(200);
    user.open("d").await;
}

async fn oversized_requests_are_refused(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let over = message("m", "user", &"x".repeat(1_048_577));
    user.append("c", vec![over.clone()])
        .await
        .expect_error(413, "message_too_large");
    let body = json!({ "messages": [over] });
    user.put("/api/conversations/c", &body)
        .await
        .expect_error(413, "message_too_large");
    let padded =
        json!({ "id": "m", "type": "user", "content": "", "extra": "x".repeat(4_000_000) });
    user.append("c", vec![padded])
        .await
        .expect_error(413, "message_too_large");
    let fat = json!({ "mcpServers": { "x": "y".repeat(300_000) } });
    user.patch("/api/conversations/c", &fat)
        .await
        .expect_error(413, "metadata_too_large");
    user.patch(
        "/api/conversations/c",
        &json!({ "title": "x".repeat(1_001) }),
    )
    .await
    .expect_error(400, "invalid_field");
    let body = format!("{{\"title\":\"{}\"}}", "x".repeat(4_500_000));
    let (response, cost) = site
        .cost_of(user.send(Method::PUT, "/api/conversations/c", Some(body)))
        .await;
    response.expect_error(413, "body_too_large");
    assert_eq!(cost.requests, 0);
    // The body is within its limit, but the database request is not: each tab is one byte here and two there.
    let tabs = "\t".repeat(1_500_000);
    let body = format!("[{{\"id\":\"t\",\"x\":[{tabs}]}}]");
    let report = user
        .send(Method::POST, "/api/import", Some(body))
        .await
        .expect(200);
    assert_eq!(report["results"][0]["code"], "metadata_too_large");
    assert_eq!(user.open("c").await["revision"], 1);
}

async fn unsupported_methods_are_refused_with_the_allowed_ones(site: Site) {
    let user = site.user().await;
    for (method, path, allowed) in [
        ("PUT", "/api/conversations", "GET, POST, DELETE, HEAD"),
        (
            "POST",
            "/api/conversations/c",
            "GET, PUT, PATCH, DELETE, HEAD",
        ),
        ("PUT", "/api/conversations/c/messages", "GET, POST, HEAD"),
        (
            "GET",
            "/api/conversations/c/messages/m",
            "PUT, PATCH, DELETE",
        ),
        ("PUT", "/api/session", "GET, POST, PATCH, HEAD"),
        ("GET", "/api/import", "POST"),
        ("POST", "/api/health/redis", "GET, HEAD"),
        ("BREW", "/api/conversations", "GET, POST, DELETE, HEAD"),
    ] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let response = user.send(method, path, None).await;
        response.expect_error(405, "method_not_allowed");
        assert_eq!(response.header("allow"), Some(allowed));
        let options = user.send(Method::OPTIONS, path, None).await;
        options.expect(204);
        assert_eq!(options.header("allow"), Some(allowed));
    }
    let head = user.send(Method::HEAD, "/api/conversations", None).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}

async fn requests_without_a_valid_token_learn_nothing(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let foreign = {
        let secret = "a foreign secret of at least 32 bytes";
        let elsewhere = site.deployment(&[("AUTH_SECRET", secret)]).await;
        let session = elsewhere
            .anonymous_caller()
            .post("/api/session", &json!({}))
            .await
            .expect(201);
        session["token"].as_str().unwrap().to_owned()
    };
    let mut forged = user.token().to_owned();
    forged.replace_range(8..9, if &forged[8..9] == "A" { "B" } else { "A" });
    let (_, cost) = site
        .cost_of(async {
            for (method, path) in [
                ("GET", "/api/conversations"),
                ("POST", "/api/conversations"),
                ("GET", "/api/conversations/c"),
                ("PUT", "/api/conversations/c"),
                ("DELETE", "/api/conversations/c"),
                ("POST", "/api/conversations/c/messages"),
                ("PATCH", "/api/conversations/c/messages/m"),
                ("GET", "/api/session"),
                ("PATCH", "/api/session"),
                ("POST", "/api/import"),
            ] {
                let method = Method::from_bytes(method.as_bytes()).unwrap();
                let ask = |client: Client| {
                    let method = method.clone();
                    async move { client.send(method, path, Some("{".into())).await }
                };
                ask(site.anonymous_caller())
                    .await
                    .expect_error(401, "missing_token");
                for token in [
                    forged.as_str(),
                    foreign.as_str(),
                    "nonsense",
                    "a.b.c",
                    &"x".repeat(500),
                ] {
                    ask(site.anonymous_caller().with_token(token))
                        .await
                        .expect_error(401, "invalid_token");
                }
                let basic = site
                    .anonymous_caller()
                    .with_header("authorization", "Basic YTpi");
                ask(basic).await.expect_error(401, "invalid_token");
            }
        })
        .await;
    assert_eq!(cost.requests, 0);
}
