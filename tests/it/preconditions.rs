//! Entity tags and conditional requests (RFC 9110, sections 8.8.3 and 13), on every route that writes.

use std::time::Duration;

use crate::common::client::TestResponse;
use crate::common::{Client, Site, etag_of, message};
use reqwest::Method;
use serde_json::json;

on_both_stores!(
    a_tag_matches_for_one_user_only,
    a_tag_does_not_match_a_recreated_conversation,
    every_write_accepts_lists_and_the_wildcard,
    a_save_can_require_a_new_conversation,
    a_repeat_with_the_same_key_gets_the_same_response,
    a_key_is_bound_to_one_request,
    a_key_older_than_the_log_is_refused,
);

const C: &str = "/api/conversations/c";

/// Two users' conversations of one id and one revision.
async fn two_alike(site: &Site) -> (Client, Client) {
    let (ada, bob) = (site.user().await, site.user().await);
    for (user, text) in [(&ada, "ada's"), (&bob, "bob's")] {
        user.create("c", vec![message("m", "user", text)]).await;
    }
    (ada, bob)
}

async fn a_tag_matches_for_one_user_only(site: Site) {
    let (ada, bob) = two_alike(&site).await;
    for path in [C, "/api/conversations/c/messages"] {
        let adas = ada.get(path).await;
        assert!(adas.header("vary").unwrap().contains("Authorization"));
        let bobs = bob
            .with_header("if-none-match", adas.etag())
            .get(path)
            .await;
        assert!(bobs.expect(200).to_string().contains("bob's"), "{path}");
    }
    let tag = etag_of(&ada.open("c").await);
    let writer = bob.with_header("if-match", &tag);
    writer
        .patch(C, &json!({ "title": "x" }))
        .await
        .expect_error(412, "revision_mismatch");
    let sync = format!(
        "/api/sync?cursor={}",
        ada.get("/api/sync").await.expect(200)["clock"]
    );
    let adas = ada.get(&sync).await;
    let bobs = bob
        .with_header("if-none-match", adas.etag())
        .get(&sync)
        .await;
    bobs.expect(200);
}

/// Two versions that differ only in their user: made in the same millisecond, which only the embedded store allows.
#[tokio::test]
async fn tags_of_two_users_differ_where_all_else_is_equal() {
    let site = Site::stopped_at(Duration::from_secs(1_800_000_000)).await;
    let (ada, bob) = two_alike(&site).await;
    let (adas, bobs) = (ada.get(C).await, bob.get(C).await);
    let seen = |response: &TestResponse| response.expect(200)["updatedAt"].clone();
    assert_eq!(seen(&adas), seen(&bobs));
    assert_ne!(adas.etag(), bobs.etag());
    let bobs = bob.with_header("if-none-match", adas.etag()).get(C).await;
    assert!(bobs.expect(200).to_string().contains("bob's"));
}

async fn a_tag_does_not_match_a_recreated_conversation(site: Site) {
    let user = site.user().await;
    let before = user.create("c", vec![message("m", "user", "before")]).await;
    user.delete("/api/user").await.expect(200);
    let after = user.create("c", vec![message("m", "user", "after")]).await;
    assert_eq!(before["revision"], after["revision"]);
    let tag = etag_of(&before);
    let opened = user.with_header("if-none-match", &tag).get(C).await;
    assert_eq!(opened.expect(200)["messages"][0]["content"], "after");
    let writer = user.with_header("if-match", &tag);
    let refused = writer.put(C, &json!({ "messages": [] })).await;
    let error = refused.expect_error(412, "revision_mismatch");
    assert_eq!(error["revision"], 1);
    assert_eq!(refused.etag(), etag_of(&after));
    for bare in ["\"1\"", "W/\"1\""] {
        let writer = user.with_header("if-match", bare);
        let refused = writer.delete(C).await;
        refused.expect_error(412, "revision_mismatch");
    }
}

/// Each way to write to a conversation, with its status when the condition holds.
async fn writes(user: &Client) -> Vec<TestResponse> {
    let turn = json!({ "messages": [message("n", "user", "n")] });
    vec![
        user.send(
            Method::POST,
            "/api/conversations/c/messages",
            Some(turn.to_string()),
        )
        .await,
        user.patch(
            "/api/conversations/c/messages/m",
            &json!({ "content": "other" }),
        )
        .await,
        user.delete("/api/conversations/c/messages/m").await,
        user.patch(C, &json!({ "title": "other" })).await,
        user.put(C, &json!({ "messages": [message("p", "user", "p")] }))
            .await,
        user.delete(C).await,
    ]
}

async fn every_write_accepts_lists_and_the_wildcard(site: Site) {
    let user = site.user().await;
    let created = user.create("c", vec![message("m", "user", "m")]).await;
    let tag = etag_of(&created);
    // Nothing is written, so the tag stays what it is.
    for (header, value) in [
        ("if-match", "\"AAAA\"".to_owned()),
        ("if-match", "\"AAAA\", \"BBBB\"".to_owned()),
        ("if-match", format!("W/{tag}")),
        ("if-none-match", "*".to_owned()),
        ("if-none-match", format!("\"AAAA\", {tag}")),
        ("if-none-match", format!("W/{tag}")),
    ] {
        for response in writes(&user.with_header(header, &value)).await {
            response.expect_error(412, "revision_mismatch");
            assert_eq!(response.etag(), tag, "{header}: {value}");
        }
    }
    let among_others = user.with_header("if-match", &format!("\"AAAA\", {tag}"));
    let title = json!({ "title": "listed" });
    among_others.patch(C, &title).await.expect(200);
    for response in writes(&user.with_header("if-match", "*")).await {
        assert!(response.status < 300, "{}", response.text);
    }
}

async fn a_save_can_require_a_new_conversation(site: Site) {
    let user = site.user().await;
    let creator = user.with_header("if-none-match", "*");
    let body = json!({ "messages": [message("m", "user", "first")] });
    creator.put(C, &body).await.expect(201);
    let other = json!({ "messages": [message("m", "user", "second")] });
    creator
        .put(C, &other)
        .await
        .expect_error(412, "revision_mismatch");
    assert_eq!(user.open("c").await["messages"][0]["content"], "first");
    // And the opposite: any version, but the conversation has to exist.
    let changer = user.with_header("if-match", "*");
    let refused = changer.put("/api/conversations/none", &body).await;
    assert_eq!(
        refused.expect_error(412, "revision_mismatch")["revision"],
        0
    );
    changer.put(C, &other).await.expect(200);
}

async fn a_repeat_with_the_same_key_gets_the_same_response(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "m")]).await;
    let body = json!({ "title": "T", "messages": [message("m", "user", "saved")] });
    let named = user.with_header("idempotency-key", "click-1");
    let first = named.put(C, &body).await.expect(200);
    user.append("c", vec![message("theirs", "user", "kept")])
        .await
        .expect(201);
    let again = named.put(C, &body).await.expect(200);
    assert_eq!(again, first);
    let opened = user.open("c").await;
    assert_eq!(crate::common::ids(&opened["messages"]), ["m", "theirs"]);
}

async fn a_key_is_bound_to_one_request(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let named = user.with_header("idempotency-key", "click-1");
    named.patch(C, &json!({ "title": "A" })).await.expect(200);
    named
        .patch(C, &json!({ "title": "B" }))
        .await
        .expect_error(422, "idempotency_key_reused");
    assert_eq!(user.open("c").await["title"], "A");
    for wrong in ["", "two words", &"x".repeat(256)] {
        let named = user.with_header("idempotency-key", wrong);
        named
            .patch(C, &json!({ "title": "C" }))
            .await
            .expect_error(400, "invalid_header");
    }
}

async fn a_key_older_than_the_log_is_refused(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    // Of the 1st of January 2024.
    let old = user.with_header("idempotency-key", "018cc251-f400-7000-8000-000000000000");
    old.patch(C, &json!({ "title": "late" }))
        .await
        .expect_error(409, "request_too_old");
    let now = u64::try_from(site.clock.now_ms()).unwrap();
    let key = format!(
        "{:08x}-{:04x}-7000-8000-000000000000",
        now >> 16,
        now & 0xffff
    );
    let fresh = user.with_header("idempotency-key", &key);
    let first = fresh.patch(C, &json!({ "title": "now" })).await.expect(200);
    for index in 0..70 {
        let title = json!({ "title": format!("{index}") });
        user.patch(C, &title).await.expect(200);
    }
    assert_eq!(first["title"], "now");
    fresh
        .patch(C, &json!({ "title": "now" }))
        .await
        .expect_error(409, "request_too_old");
    assert_eq!(user.open("c").await["title"], "69");
}
