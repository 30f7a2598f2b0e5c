//! `PUT` of a message: creates it, or replaces it whole.

use crate::common::{Client, Site, ids, message, message_at, state};
use serde_json::{Value, json};

on_both_stores!(
    an_upsert_creates_a_message_at_the_end_or_after_its_parent,
    an_upsert_replaces_all_fields_in_place,
    a_repeat_changes_nothing,
    an_upsert_restores_a_deleted_message,
    a_late_append_finds_the_message_that_was_replaced,
    an_invalid_upsert_is_refused_and_changes_nothing,
    a_tool_call_is_approved_and_completed,
);

const MESSAGES: &str = "/api/conversations/c/messages";

async fn put(user: &Client, id: &str, body: &Value) -> crate::common::client::TestResponse {
    user.put(&format!("{MESSAGES}/{id}"), body).await
}

async fn an_upsert_creates_a_message_at_the_end_or_after_its_parent(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message_at("q", 9)]).await;
    // The id may be left out of the body.
    let reply = json!({ "type": "assistant", "content": "one", "timestamp": 5 });
    let created = put(&user, "a", &reply).await.expect(201);
    assert_eq!(created["message"]["id"], "a");
    assert_eq!(created["conversation"]["headId"], "a");
    let other = json!({ "id": "b", "type": "assistant", "content": "two", "parentId": "q" });
    put(&user, "b", &other).await.expect(201);
    let opened = user.open("c").await;
    assert_eq!(ids(&opened["messages"]), ["q", "b"]);
    assert_eq!(opened["messages"][1]["siblingIds"], json!(["a", "b"]));
}

async fn an_upsert_replaces_all_fields_in_place(site: Site) {
    let user = site.user().await;
    let first = json!({ "id": "m", "type": "assistant", "content": "par", "timestamp": 7, "x": 1, "streaming": true, "tokens": { "total": 2 } });
    user.create("c", vec![message_at("q", 6), first, message_at("z", 8)])
        .await;
    let whole =
        json!({ "type": "assistant", "content": "whole", "y": [1.0], "tokens": { "total": 9 } });
    let saved = put(&user, "m", &whole).await.expect(200);
    let expected = json!({
        "id": "m", "timestamp": "1970-01-01T00:00:00.007Z", "type": "assistant", "content": "whole", "y": [1.0],
        "tokens": { "total": 9 },
    });
    assert_eq!(saved["message"], expected);
    assert_eq!(saved["conversation"]["totalTokens"], 9);
    let opened = user.open("c").await;
    assert_eq!(ids(&opened["messages"]), ["q", "m", "z"]);
    assert_eq!(opened["messages"][1], expected);
    // A new timestamp changes its date, but not its place.
    let dated = json!({ "type": "assistant", "content": "whole", "timestamp": 1 });
    put(&user, "m", &dated).await.expect(200);
    let opened = user.open("c").await;
    assert_eq!(ids(&opened["messages"]), ["q", "m", "z"]);
    assert_eq!(
        opened["messages"][1]["timestamp"],
        "1970-01-01T00:00:00.001Z"
    );
}

async fn a_repeat_changes_nothing(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let body = json!({ "type": "user", "content": "x", "timestamp": 1 });
    let created = put(&user, "m", &body).await.expect(201);
    let again = put(&user, "m", &body).await.expect(200);
    assert_eq!(again["message"], created["message"]);
    assert_eq!(state(again)["conversation"], created["conversation"]);
}

async fn an_upsert_restores_a_deleted_message(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message_at("m", 1), message_at("n", 2)])
        .await;
    user.delete(&format!("{MESSAGES}/m")).await.expect(200);
    put(&user, "m", &message_at("m", 1)).await.expect(201);
    assert_eq!(ids(&user.open("c").await["messages"]), ["n", "m"]);
}

async fn a_late_append_finds_the_message_that_was_replaced(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let first = message_at("m", 1);
    user.append("c", vec![first.clone()]).await.expect(201);
    let whole = json!({ "type": "user", "content": "replaced", "timestamp": 1 });
    put(&user, "m", &whole).await.expect(200);
    let late = user.append("c", vec![first]).await.expect(200);
    assert_eq!(late["appended"], json!([]));
    assert_eq!(user.open("c").await["messages"][0]["content"], "replaced");
}

async fn an_invalid_upsert_is_refused_and_changes_nothing(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "x")]).await;
    let before = user.open("c").await;
    for (id, body, status, code) in [
        (
            "m",
            json!({ "id": "n", "type": "user", "content": "y" }),
            400,
            "id_mismatch",
        ),
        ("m", json!({ "type": "user" }), 400, "invalid_field"),
        ("m", json!({ "content": "y" }), 400, "invalid_field"),
        (
            "n",
            json!({ "type": "user", "content": "y", "parentId": "nowhere" }),
            404,
            "message_not_found",
        ),
        (
            "n",
            json!({ "type": "user", "content": "y", "parentId": "n" }),
            400,
            "invalid_field",
        ),
    ] {
        put(&user, id, &body).await.expect_error(status, code);
    }
    assert_eq!(user.open("c").await, before);
    user.put(
        "/api/conversations/none/messages/m",
        &message("m", "user", "x"),
    )
    .await
    .expect_error(404, "conversation_not_found");
    let stale = user.with_header("if-none-match", "*");
    put(&stale, "n", &message("n", "user", "x"))
        .await
        .expect_error(412, "revision_mismatch");
}

async fn a_tool_call_is_approved_and_completed(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("q", "user", "Delete it")])
        .await;
    for (state, more) in [
        ("input-streaming", json!({})),
        ("approval-requested", json!({ "approval": { "id": "1" } })),
        ("output-available", json!({ "output": { "deleted": true } })),
    ] {
        let mut part = json!({ "type": "tool-delete", "toolCallId": "t", "state": state, "input": { "path": "a" } });
        part.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let body = json!({ "type": "assistant", "format": "ai-sdk/v7", "parts": [part], "status": "streaming" });
        let saved = put(&user, "a", &body).await;
        assert!(saved.status < 300, "{}", saved.text);
        let opened = user.open("c").await;
        assert_eq!(opened["messages"][1]["parts"], json!([part]));
        assert_eq!(opened["messageCount"], 2);
    }
}
