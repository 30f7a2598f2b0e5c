//! Expiry: 90 days, sliding, without a cost per write. The clock is moved instead of waiting.

use std::time::Duration;

use crate::common::{Site, ids, message};
use embedded_store::reply::Reply;
use serde_json::json;

on_both_stores!(
    after_ninety_one_days_a_conversation_is_gone,
    reading_keeps_a_conversation_alive,
    an_expired_conversation_can_be_saved_again,
    expiry_is_renewed_at_most_once_a_day,
    every_key_has_an_expiry,
    a_tombstone_ends_after_ninety_days,
    a_reused_id_survives_the_purge_of_its_tombstone,
    a_reused_id_survives_the_cap_on_tombstones,
    purging_subtracts_exactly_the_bytes_counted,
);

const DAY: Duration = Duration::from_secs(86_400);

async fn after_ninety_one_days_a_conversation_is_gone(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "x")]).await;
    user.patch("/api/session", &json!({ "currentConversationId": "c" }))
        .await
        .expect(200);
    site.advance(91 * DAY);
    user.get("/api/conversations/c")
        .await
        .expect_error(404, "conversation_not_found");
    user.append("c", vec![message("n", "user", "x")])
        .await
        .expect_error(404, "conversation_not_found");
    let list = user.get("/api/conversations").await.expect(200);
    assert_eq!(list["data"], json!([]));
    let session = user.get("/api/session").await.expect(200);
    assert_eq!(session["currentConversationId"], json!(null));
}

async fn reading_keeps_a_conversation_alive(site: Site) {
    let user = site.user().await;
    user.create("read", vec![message("m", "user", "x")]).await;
    user.create("forgotten", vec![]).await;
    for _ in 0..2 {
        site.advance(60 * DAY);
        user.open("read").await;
        site.idle().await;
    }
    let list = user.get("/api/conversations").await.expect(200);
    assert_eq!(ids(&list["data"]), ["read"]);
}

async fn an_expired_conversation_can_be_saved_again(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("old", "user", "x")]).await;
    user.create("other", vec![message("old", "user", "x")])
        .await;
    // Gone for clients, while Redis keeps the keys for one more day.
    site.advance(90 * DAY);
    let saved = user
        .put(
            "/api/conversations/c",
            &json!({ "messages": [message("new", "user", "y")] }),
        )
        .await;
    assert_eq!(saved.expect(201)["revision"], 1);
    assert_eq!(ids(&user.open("c").await["messages"]), ["new"]);
    user.create("other", vec![]).await;
    assert_eq!(user.open("other").await["messages"], json!([]));
}

async fn expiry_is_renewed_at_most_once_a_day(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m0", "user", "x")]).await;
    let append = |id: &'static str| user.append("c", vec![message(id, "user", "x")]);
    site.begin_window();
    append("m").await.expect(201);
    let (_, fresh) = site.cost_of(append("m1")).await;
    site.advance(2 * DAY);
    let (_, first_of_day) = site.cost_of(append("m2")).await;
    let (_, second_of_day) = site.cost_of(append("m3")).await;
    assert!(first_of_day.commands > fresh.commands);
    assert_eq!(second_of_day, fresh);
}

async fn every_key_has_an_expiry(site: Site) {
    let user = site.user().await;
    user.create("empty", vec![]).await;
    user.append("empty", vec![message("m", "user", "x")])
        .await
        .expect(201);
    user.create("c", vec![message("m", "user", "x")]).await;
    // Emptied and filled again, by truncation and by saving.
    user.delete("/api/conversations/c/messages/m")
        .await
        .expect(200);
    user.append("c", vec![message("n", "user", "x")])
        .await
        .expect(201);
    user.put(
        "/api/conversations/c",
        &json!({ "messages": [message("o", "user", "x")] }),
    )
    .await
    .expect(200);
    user.put("/api/conversations/c", &json!({ "messages": [] }))
        .await
        .expect(200);
    user.append("c", vec![message("p", "user", "x")])
        .await
        .expect(201);
    user.create("gone", vec![]).await;
    user.delete("/api/conversations/gone").await.expect(200);
    user.post("/api/import", &crate::common::sample())
        .await
        .expect(200);
    user.patch("/api/session", &json!({ "currentConversationId": "c" }))
        .await
        .expect(200);
    user.post("/api/shares", &json!({ "conversationId": "c" }))
        .await
        .expect(201);
    let keys = site.keys("*").await;
    assert!(keys.len() >= 11, "{keys:?}");
    for key in keys {
        let Reply::Int(ttl) = site.command(&["PTTL", &key]).await else {
            panic!("no TTL");
        };
        assert!(ttl > 0, "{key} never expires");
    }
}

async fn a_tombstone_ends_after_ninety_days(site: Site) {
    let user = site.user().await;
    user.create("gone", vec![]).await;
    user.create("kept", vec![]).await;
    user.delete("/api/conversations/gone").await.expect(200);
    site.advance(60 * DAY);
    user.open("kept").await;
    site.idle().await;
    user.post("/api/conversations", &json!({ "id": "gone" }))
        .await
        .expect_error(404, "conversation_deleted");
    site.advance(31 * DAY);
    user.get("/api/conversations").await.expect(200);
    site.idle().await;
    user.post("/api/conversations", &json!({ "id": "gone" }))
        .await
        .expect(201);
}

async fn a_reused_id_survives_the_purge_of_its_tombstone(site: Site) {
    let user = site.user().await;
    user.create("again", vec![]).await;
    user.create("kept", vec![]).await;
    user.delete("/api/conversations/again").await.expect(200);
    for days in [60, 31] {
        site.advance(days * DAY);
        user.open("kept").await;
        site.idle().await;
    }
    user.create("again", vec![message("m", "user", "x")]).await;
    let sync = user.get("/api/sync").await.expect(200);
    assert_eq!(ids(&sync["changed"]), ["again", "kept"]);
    for _ in 0..2 {
        let list = user.get("/api/conversations").await.expect(200);
        assert_eq!(ids(&list["data"]), ["again", "kept"]);
        assert_eq!(user.open("again").await["messageCount"], 1);
        site.advance(2 * DAY);
    }
}

/// As if the cap had dropped the oldest tombstones.
async fn a_reused_id_survives_the_cap_on_tombstones(site: Site) {
    let user = site.user().await;
    for id in ["again", "gone", "kept"] {
        user.create(id, vec![]).await;
    }
    for id in ["again", "gone"] {
        user.delete(&format!("/api/conversations/{id}"))
            .await
            .expect(200);
    }
    for days in [60, 31] {
        site.advance(days * DAY);
        user.open("kept").await;
        site.idle().await;
    }
    user.create("again", vec![message("m", "user", "x")]).await;
    let keys = site.keys("user:*:conversations:meta").await;
    let [meta] = keys.as_slice() else {
        panic!("{keys:?}");
    };
    let Reply::Bulk(account) = site.command(&["HGET", meta, ":account"]).await else {
        panic!("no account");
    };
    let account = String::from_utf8(account).unwrap();
    let (numbers, _) = account.rsplit_once(' ').unwrap();
    let many = format!("{numbers} 1000");
    site.command(&["HSET", meta, ":account", &many]).await;
    user.create("last", vec![]).await;
    user.delete("/api/conversations/last").await.expect(200);
    assert_eq!(user.open("again").await["messageCount"], 1);
    let left = site.command(&["HEXISTS", meta, "gone:counters"]).await;
    assert_eq!(left, Reply::Int(0), "the oldest gave way");
}

async fn purging_subtracts_exactly_the_bytes_counted(site: Site) {
    let user = site.user().await;
    let bytes = async || user.get("/api/user").await.expect(200)["bytes"].clone();
    for id in ["a", "b", "c"] {
        user.create(
            id,
            vec![message("m", "user", "x"), message("n", "user", "y")],
        )
        .await;
    }
    user.delete("/api/conversations/a").await.expect(200);
    user.delete("/api/conversations/b/messages/m")
        .await
        .expect(200);
    user.put("/api/conversations/c", &json!({ "messages": [] }))
        .await
        .expect(200);
    user.post("/api/import", &json!([{ "id": "d" }]))
        .await
        .expect(200);
    user.post("/api/shares", &json!({ "conversationId": "b" }))
        .await
        .expect(201);
    let before = bytes().await;
    site.idle().await;
    site.advance(2 * DAY);
    user.get("/api/conversations").await.expect(200);
    site.idle().await;
    assert_eq!(bytes().await, before);
}
