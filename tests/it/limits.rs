//! Rate limits and quotas.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use crate::common::{Site, ids, incompressible, message};
use embedded_store::front::Fault;
use serde_json::{Value, json};

on_both_stores!(
    calls_per_user_are_limited,
    sessions_per_address_are_limited,
    a_limited_call_changes_nothing,
    a_limit_never_fails_open,
    conversations_per_user_are_limited,
    messages_per_conversation_are_limited,
    text_per_user_is_limited,
    deleting_makes_room,
);

fn number(response: &crate::common::client::TestResponse, header: &str) -> u64 {
    response.header(header).unwrap().parse().unwrap()
}

async fn calls_per_user_are_limited(site: Site) {
    let strict = site.deployment(&[("RATE_LIMIT_PER_MINUTE", "3")]).await;
    site.begin_window();
    let (user, other) = (strict.user().await, strict.user().await);
    for remaining in [2, 1, 0] {
        let response = user.get("/api/conversations").await;
        response.expect(200);
        assert_eq!(number(&response, "ratelimit-limit"), 3);
        assert_eq!(number(&response, "ratelimit-remaining"), remaining);
    }
    let response = user.get("/api/conversations").await;
    response.expect_error(429, "rate_limited");
    let wait = number(&response, "retry-after");
    assert!((1..=60).contains(&wait));
    assert_eq!(number(&response, "ratelimit-reset"), wait);
    other.get("/api/conversations").await.expect(200);
    site.begin_window();
    user.get("/api/conversations").await.expect(200);
}

async fn sessions_per_address_are_limited(site: Site) {
    let strict = site
        .deployment(&[("ADDRESS_RATE_LIMIT_PER_MINUTE", "2")])
        .await;
    site.begin_window();
    let from = |address: &str| strict.anonymous_caller().with_header("x-real-ip", address);
    for _ in 0..2 {
        from("192.0.2.1")
            .post("/api/session", &json!({}))
            .await
            .expect(201);
    }
    let response = from("192.0.2.1").post("/api/session", &json!({})).await;
    response.expect_error(429, "rate_limited");
    from("192.0.2.2")
        .post("/api/session", &json!({}))
        .await
        .expect(201);
    // The address itself is in no key.
    let keys = site.keys("*").await.join(" ");
    assert!(!keys.contains("192.0.2"), "{keys}");
}

async fn a_limited_call_changes_nothing(site: Site) {
    let strict = site.deployment(&[("RATE_LIMIT_PER_MINUTE", "1")]).await;
    site.begin_window();
    let user = strict.user().await;
    user.create("c", vec![message("m", "user", "x")]).await;
    user.append("c", vec![message("n", "user", "x")])
        .await
        .expect_error(429, "rate_limited");
    user.delete("/api/conversations/c")
        .await
        .expect_error(429, "rate_limited");
    site.begin_window();
    assert_eq!(ids(&user.open("c").await["messages"]), ["m"]);
}

async fn a_limit_never_fails_open(site: Site) {
    let user = site.user().await;
    site.faults().push(Fault::Garbage, 1);
    user.get("/api/conversations")
        .await
        .expect_error(502, "storage_malformed");
    site.faults().refuse(true).await;
    user.get("/api/conversations")
        .await
        .expect_error(503, "storage_unavailable");
    let response = site
        .anonymous_caller()
        .post("/api/session", &json!({}))
        .await;
    response.expect_error(503, "storage_unavailable");
}

async fn conversations_per_user_are_limited(site: Site) {
    let strict = site.deployment(&[("MAX_CONVERSATIONS", "2")]).await;
    let user = strict.user().await;
    user.create("a", vec![]).await;
    user.put("/api/conversations/b", &json!({}))
        .await
        .expect(201);
    let code = "too_many_conversations_kept";
    user.post("/api/conversations", &json!({ "id": "c" }))
        .await
        .expect_error(403, code);
    user.put("/api/conversations/c", &json!({}))
        .await
        .expect_error(403, code);
    user.put(
        "/api/conversations/b",
        &json!({ "title": "still writable" }),
    )
    .await
    .expect(200);
    let report = user
        .post("/api/import", &json!([{ "id": "a" }, { "id": "c" }]))
        .await
        .expect(200);
    assert_eq!(report["results"][1]["code"], code);
    user.delete("/api/conversations/a").await.expect(200);
    user.post("/api/conversations", &json!({ "id": "c" }))
        .await
        .expect(201);
}

async fn messages_per_conversation_are_limited(site: Site) {
    let strict = site
        .deployment(&[("MAX_MESSAGES_PER_CONVERSATION", "3")])
        .await;
    let user = strict.user().await;
    let messages = |names: &[&str]| -> Vec<Value> {
        names
            .iter()
            .map(|name| message(name, "user", "x"))
            .collect()
    };
    user.create("c", messages(&["1", "2"])).await;
    let code = "conversation_too_long";
    user.append("c", messages(&["3", "4"]))
        .await
        .expect_error(413, code);
    user.append("c", messages(&["2", "3"])).await.expect(201);
    let body = json!({ "messages": messages(&["1", "2", "3", "4"]) });
    user.put("/api/conversations/c", &body)
        .await
        .expect_error(413, code);
    let report = user
        .post(
            "/api/import",
            &json!([{ "id": "d", "messages": body["messages"] }]),
        )
        .await;
    assert_eq!(report.expect(200)["results"][0]["code"], code);
    let opened = user.open("c").await;
    assert_eq!(
        (ids(&opened["messages"]).len(), &opened["revision"]),
        (3, &json!(2))
    );
}

async fn text_per_user_is_limited(site: Site) {
    let strict = site.deployment(&[("MAX_USER_BYTES", "4000")]).await;
    let user = strict.user().await;
    user.create("c", vec![message("m", "user", &incompressible(1, 2_500))])
        .await;
    let code = "too_much_text_kept";
    user.append("c", vec![message("n", "user", &incompressible(2, 2_500))])
        .await
        .expect_error(403, code);
    user.patch(
        "/api/conversations/c/messages/m",
        &json!({ "content": incompressible(3, 5_000) }),
    )
    .await
    .expect_error(403, code);
    user.append("c", vec![message("n", "user", "short")])
        .await
        .expect(201);
    user.patch(
        "/api/conversations/c/messages/m",
        &json!({ "content": "short" }),
    )
    .await
    .expect(200);
    user.append("c", vec![message("o", "user", &incompressible(2, 2_500))])
        .await
        .expect(201);
}

/// Every way of deleting subtracts bytes.
async fn deleting_makes_room(site: Site) {
    let strict = site.deployment(&[("MAX_USER_BYTES", "20000")]).await;
    let user = strict.user().await;
    let full = || vec![message("m", "user", &incompressible(4, 15_000))];
    for round in 0..4 {
        let (path, other) = (format!("/api/conversations/c{round}"), format!("o{round}"));
        user.create(&format!("c{round}"), full()).await;
        user.create(&other, vec![]).await;
        user.append(&other, full())
            .await
            .expect_error(403, "too_much_text_kept");
        match round {
            0 => user
                .delete(&format!("{path}?permanent=true"))
                .await
                .expect(200),
            1 => user.delete(&format!("{path}/messages/m")).await.expect(200),
            2 => user
                .delete(&format!("{path}/messages/m?andAfter=true"))
                .await
                .expect(200),
            _ => user
                .put(&path, &json!({ "messages": [] }))
                .await
                .expect(200),
        };
        user.append(&other, full()).await.expect(201);
        user.delete(&format!("/api/conversations/{other}?permanent=true"))
            .await
            .expect(200);
    }
}
