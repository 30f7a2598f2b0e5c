//! Quotas, limits of readers, bad requests, and what calls cost.

use super::{SHARES, path, share};
use crate::common::{Site, incompressible, message, message_at};
use serde_json::{Value, json};

on_both_stores!(
    shares_are_counted_and_limited,
    snapshots_count_towards_the_quota,
    readers_are_limited_by_address,
    bad_requests_change_nothing,
    the_cost_of_calls_is_constant,
);

async fn shares_are_counted_and_limited(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let mut last = Value::Null;
    for _ in 0..100 {
        last = share(&user, "c").await;
    }
    let body = json!({ "conversationId": "c" });
    user.post(SHARES, &body)
        .await
        .expect_error(403, "too_many_shares");
    // However many are created and revoked, few are remembered.
    for _ in 0..110 {
        user.delete(&path(&last)).await.expect(200);
        last = share(&user, "c").await;
    }
    user.post(SHARES, &body)
        .await
        .expect_error(403, "too_many_shares");
    assert_eq!(site.keys("share:*").await.len(), 100);
}

async fn snapshots_count_towards_the_quota(site: Site) {
    let strict = site.deployment(&[("MAX_USER_BYTES", "10000")]).await;
    let user = strict.user().await;
    user.create("c", vec![message("m", "user", &incompressible(1, 4_000))])
        .await;
    let made = share(&user, "c").await;
    let body = json!({ "conversationId": "c" });
    user.post(SHARES, &body)
        .await
        .expect_error(403, "too_much_text_kept");
    user.delete(&path(&made)).await.expect(200);
    user.post(SHARES, &body).await.expect(201);
}

async fn readers_are_limited_by_address(site: Site) {
    let strict = site
        .deployment(&[
            ("SHARE_RATE_LIMIT_PER_MINUTE", "2"),
            ("ADDRESS_RATE_LIMIT_PER_MINUTE", "1"),
        ])
        .await;
    let user = site.user().await;
    user.create("c", vec![]).await;
    let made = share(&user, "c").await;
    site.begin_window();
    let from = |address: &str| strict.anonymous_caller().with_header("x-real-ip", address);
    for left in ["1", "0"] {
        let response = from("192.0.2.1").get(&path(&made)).await;
        response.expect(200);
        assert_eq!(response.header("ratelimit-remaining"), Some(left));
    }
    let response = from("192.0.2.1").get(&path(&made)).await;
    response.expect_error(429, "rate_limited");
    assert!(response.header("retry-after").is_some());
    // Guesses count too, and reading does not use up the limit for new sessions.
    from("192.0.2.1")
        .get(&format!("{SHARES}?id={}", "A".repeat(22)))
        .await
        .expect_error(429, "rate_limited");
    from("192.0.2.1")
        .post("/api/session", &json!({}))
        .await
        .expect(201);
    from("192.0.2.2").get(&path(&made)).await.expect(200);
}

async fn bad_requests_change_nothing(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    for (body, code) in [
        (json!({}), "invalid_id"),
        (json!({ "conversationId": 5 }), "invalid_id"),
        (json!({ "conversationId": "a:b" }), "invalid_id"),
        (json!([]), "invalid_json"),
        (
            json!({ "conversationId": "c", "expiresAt": "soon" }),
            "invalid_field",
        ),
    ] {
        user.post(SHARES, &body).await.expect_error(400, code);
    }
    user.post(SHARES, &json!({ "conversationId": "nope" }))
        .await
        .expect_error(404, "conversation_not_found");
    user.delete(SHARES).await.expect_error(400, "invalid_query");
    for id in ["x", "..%2F", &"A".repeat(22), "AAAAAAAAAAAAAAAAAAAA:A"] {
        let path = format!("{SHARES}?id={id}");
        site.anonymous_caller()
            .get(&path)
            .await
            .expect_error(404, "share_not_found");
        user.delete(&path)
            .await
            .expect_error(404, "share_not_found");
    }
    user.put(SHARES, &json!({}))
        .await
        .expect_error(405, "method_not_allowed");
    let off = site.deployment(&[("REDIS_ENABLED", "false")]).await;
    let made = share(&user, "c").await;
    off.anonymous_caller()
        .get(&path(&made))
        .await
        .expect_error(503, "storage_disabled");
    off.anonymous_caller()
        .with_token(user.token())
        .delete(&path(&made))
        .await
        .expect(200);
    assert_eq!(site.keys("share:*").await.len(), 0);
}

async fn the_cost_of_calls_is_constant(site: Site) {
    let user = site.user().await;
    let messages: Vec<Value> = (0..1_000)
        .map(|at| message_at(&format!("m{at}"), at))
        .collect();
    user.put("/api/conversations/long", &json!({ "messages": messages }))
        .await
        .expect(201);
    user.create("short", vec![message("m", "user", "hi")]).await;
    let warm = share(&user, "short").await;
    user.delete(&path(&warm)).await.expect(200);
    site.anonymous_caller().get(&path(&warm)).await.expect(404);
    user.get(SHARES).await.expect(200);
    user.create("gone", vec![]).await;
    user.delete("/api/conversations/gone").await.expect(200);
    for conversation in ["short", "long"] {
        site.begin_window();
        user.get("/api/session").await.expect(200);
        site.anonymous_caller().get(&path(&warm)).await.expect(404);
        let (made, cost) = site.cost_of(share(&user, conversation)).await;
        assert_eq!(
            (cost.requests, cost.commands),
            (1, 8),
            "share {conversation}"
        );
        let (_, cost) = site
            .cost_of(site.anonymous_caller().get(&path(&made)))
            .await;
        assert_eq!(
            (cost.requests, cost.commands),
            (1, 3),
            "read {conversation}"
        );
        let (_, cost) = site.cost_of(user.get(SHARES)).await;
        assert_eq!((cost.requests, cost.commands), (1, 3), "list");
        let (_, cost) = site.cost_of(user.delete(&path(&made))).await;
        assert_eq!((cost.requests, cost.commands), (1, 4), "revoke");
        let again = share(&user, conversation).await;
        let shared = format!("/api/conversations/{conversation}");
        let (_, cost) = site.cost_of(user.delete(&shared)).await;
        assert_eq!(
            (cost.requests, cost.commands),
            (1, 8),
            "delete a shared one"
        );
        site.anonymous_caller().get(&path(&again)).await.expect(404);
    }
}
