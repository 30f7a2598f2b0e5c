//! `/api/conversations/{id}/messages/{messageId}`: edit, delete, truncate.

use crate::common::{Site, etag_of, ids, message, message_at, state};
use serde_json::json;

on_both_stores!(
    a_patch_changes_just_its_fields,
    a_repeated_patch_changes_nothing,
    tokens_follow_their_messages,
    a_new_timestamp_moves_nothing,
    deleting_a_message_leaves_the_others,
    truncating_deletes_what_follows,
    truncating_spares_earlier_messages_of_the_same_millisecond,
    deleting_again_changes_nothing,
    an_unknown_message_is_not_found,
);

async fn a_patch_changes_just_its_fields(site: Site) {
    let user = site.user().await;
    let sent = json!({ "id": "m", "type": "assistant", "content": "par", "timestamp": 9, "streaming": true, "rating": 1 });
    user.create("c", vec![sent]).await;
    let patch =
        json!({ "content": "partial no more", "streaming": null, "rating": 2, "editedAt": 10 });
    let response = user.patch("/api/conversations/c/messages/m", &patch).await;
    let patched = response.expect(200);
    let expected = json!({
        "id": "m", "timestamp": "1970-01-01T00:00:00.009Z", "type": "assistant",
        "content": "partial no more", "rating": 2, "editedAt": 10,
    });
    assert_eq!(patched["message"], expected);
    assert_eq!(patched["conversation"]["revision"], 2);
    assert_eq!(response.etag(), etag_of(&patched["conversation"]));
    assert_eq!(user.open("c").await["messages"][0], expected);
}

async fn a_repeated_patch_changes_nothing(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "a")]).await;
    let patch = json!({ "content": "b", "tokens": { "total": 4 } });
    let first = user
        .patch("/api/conversations/c/messages/m", &patch)
        .await
        .expect(200);
    let again = user
        .patch("/api/conversations/c/messages/m", &patch)
        .await
        .expect(200);
    assert_eq!(state(again), state(first));
}

async fn tokens_follow_their_messages(site: Site) {
    let user = site.user().await;
    let with_tokens = |id: &str, total: u64| json!({ "id": id, "type": "user", "content": "", "tokens": { "total": total } });
    user.create("c", vec![with_tokens("a", 10), with_tokens("b", 20)])
        .await;
    let total = |response: serde_json::Value| response["conversation"]["totalTokens"].clone();
    let patch = json!({ "tokens": { "total": 25 } });
    assert_eq!(
        total(
            user.patch("/api/conversations/c/messages/b", &patch)
                .await
                .expect(200)
        ),
        35
    );
    let patch = json!({ "tokens": null });
    assert_eq!(
        total(
            user.patch("/api/conversations/c/messages/a", &patch)
                .await
                .expect(200)
        ),
        25
    );
    assert_eq!(
        total(
            user.delete("/api/conversations/c/messages/b")
                .await
                .expect(200)
        ),
        0
    );
}

async fn a_new_timestamp_moves_nothing(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message_at("a", 1), message_at("b", 2)])
        .await;
    let patch = json!({ "timestamp": "1970-01-01T00:00:00.003Z" });
    user.patch("/api/conversations/c/messages/a", &patch)
        .await
        .expect(200);
    assert_eq!(ids(&user.open("c").await["messages"]), ["a", "b"]);
}

async fn deleting_a_message_leaves_the_others(site: Site) {
    let user = site.user().await;
    user.create(
        "c",
        vec![message_at("a", 1), message_at("b", 2), message_at("d", 3)],
    )
    .await;
    let deleted = user
        .delete("/api/conversations/c/messages/b")
        .await
        .expect(200);
    assert_eq!(deleted["deleted"], json!(["b"]));
    assert_eq!(deleted["conversation"]["messageCount"], 2);
    assert_eq!(ids(&user.open("c").await["messages"]), ["a", "d"]);
    user.patch(
        "/api/conversations/c/messages/b",
        &json!({ "content": "x" }),
    )
    .await
    .expect_error(404, "message_not_found");
}

async fn truncating_deletes_what_follows(site: Site) {
    let user = site.user().await;
    user.create(
        "c",
        (0..5)
            .map(|index| message_at(&format!("m{index}"), index))
            .collect(),
    )
    .await;
    let truncated = user
        .delete("/api/conversations/c/messages/m2?andAfter=true")
        .await
        .expect(200);
    assert_eq!(truncated["deleted"], json!(["m2", "m3", "m4"]));
    assert_eq!(truncated["conversation"]["messageCount"], 2);
    assert_eq!(ids(&user.open("c").await["messages"]), ["m0", "m1"]);
}

async fn truncating_spares_earlier_messages_of_the_same_millisecond(site: Site) {
    let user = site.user().await;
    user.create(
        "c",
        ["z", "y", "x", "w"].map(|id| message_at(id, 5)).to_vec(),
    )
    .await;
    let truncated = user
        .delete("/api/conversations/c/messages/y?andAfter=true")
        .await
        .expect(200);
    assert_eq!(truncated["deleted"], json!(["y", "x", "w"]));
    assert_eq!(ids(&user.open("c").await["messages"]), ["z"]);
}

async fn deleting_again_changes_nothing(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message_at("a", 1), message_at("b", 2)])
        .await;
    let path = "/api/conversations/c/messages/a?andAfter=true";
    let first = user.delete(path).await.expect(200);
    user.append("c", vec![message_at("late", 3)])
        .await
        .expect(201);
    let again = user.delete(path).await.expect(200);
    assert_eq!(again["deleted"], first["deleted"]);
    assert_eq!(again["conversation"]["messageCount"], 1);
    assert_eq!(first["conversation"]["messageCount"], 0);
    assert_eq!(ids(&user.open("c").await["messages"]), ["late"]);
}

async fn an_unknown_message_is_not_found(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    user.patch(
        "/api/conversations/c/messages/x",
        &json!({ "content": "x" }),
    )
    .await
    .expect_error(404, "message_not_found");
    user.delete("/api/conversations/c/messages/x")
        .await
        .expect_error(404, "message_not_found");
    assert_eq!(user.open("c").await["revision"], 1);
}
