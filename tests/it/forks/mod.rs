//! Forks: a new conversation that continues from a message of another. And fields that are set only if they still have the
//! value that the caller knows.

mod of_shares;

use crate::common::{Client, Site, ids, message, state};
use serde_json::{Value, json};

on_both_stores!(
    a_fork_has_the_path_up_to_a_message,
    a_fork_of_a_message_beside_the_path_has_its_branch,
    a_fork_repeated_is_the_same_one,
    an_invalid_fork_is_refused_and_changes_nothing,
    a_fork_has_the_ttl_of_its_user,
    a_fork_costs_no_more_than_its_budget,
    a_field_is_set_if_it_has_the_expected_value,
);

fn said(id: &str) -> Value {
    json!({ "id": id, "type": "user", "content": format!("{id} said"), "tokens": { "total": 2 }, "x": [1.50] })
}

async fn user_with_conversation(site: &Site) -> Client {
    let user = site.user().await;
    let body = json!({
        "id": "c", "title": "Original", "tags": ["a"], "pinned": true, "folder": "f",
        "messages": [said("q1"), said("a1"), said("q2"), said("a2")],
    });
    user.post("/api/conversations", &body).await.expect(201);
    user
}

async fn a_fork_has_the_path_up_to_a_message(site: Site) {
    let user = user_with_conversation(&site).await;
    let body = json!({ "id": "f", "forkOf": { "conversationId": "c", "messageId": "a1" } });
    let fork = user.post("/api/conversations", &body).await.expect(201);
    assert_eq!(
        (&fork["messageCount"], &fork["totalTokens"]),
        (&json!(2), &json!(4))
    );
    assert_eq!(
        (&fork["title"], &fork["tags"]),
        (&json!("Original"), &json!(["a"]))
    );
    assert_eq!(
        (&fork["pinned"], &fork["folder"]),
        (&json!(false), &json!("f"))
    );
    assert_eq!(
        fork["forkedFrom"],
        json!({ "conversationId": "c", "messageId": "a1" })
    );
    let (original, opened) = (user.open("c").await, user.open("f").await);
    let messages = original["messages"].as_array().unwrap();
    assert_eq!(opened["messages"], json!(messages[..2]));
    // Each continues independently.
    user.append("f", vec![said("q3")]).await.expect(201);
    assert_eq!(ids(&user.open("f").await["messages"]), ["q1", "a1", "q3"]);
    assert_eq!(user.open("c").await, original);
    // Without a message id, all of it; and the title sent replaces the original.
    let body = json!({ "forkOf": { "conversationId": "c" }, "title": "Copy" });
    let whole = user.post("/api/conversations", &body).await.expect(201);
    assert_eq!(
        (&whole["title"], &whole["messageCount"]),
        (&json!("Copy"), &json!(4))
    );
    let statistics = user.get("/api/user").await.expect(200);
    assert_eq!(
        statistics["totals"]["current"],
        json!({ "conversations": 3, "messages": 11, "tokens": 22 })
    );
}

async fn a_fork_of_a_message_beside_the_path_has_its_branch(site: Site) {
    let user = user_with_conversation(&site).await;
    let mut other = said("other");
    other["parentId"] = json!("q1");
    user.append("c", vec![other]).await.expect(201);
    let body = json!({ "id": "f", "forkOf": { "conversationId": "c", "messageId": "q2" } });
    user.post("/api/conversations", &body).await.expect(201);
    assert_eq!(ids(&user.open("f").await["messages"]), ["q1", "a1", "q2"]);
    assert_eq!(ids(&user.open("c").await["messages"]), ["q1", "other"]);
}

async fn a_fork_repeated_is_the_same_one(site: Site) {
    let user = user_with_conversation(&site).await;
    let body = json!({ "id": "f", "forkOf": { "conversationId": "c" } });
    let fork = user.post("/api/conversations", &body).await.expect(201);
    let again = user.post("/api/conversations", &body).await.expect(200);
    assert_eq!(state(again), state(fork));
}

async fn an_invalid_fork_is_refused_and_changes_nothing(site: Site) {
    let user = user_with_conversation(&site).await;
    user.create("taken", vec![message("m", "user", "x")]).await;
    let fork = |of: Value| json!({ "id": "f", "forkOf": of });
    for (body, status, code) in [
        (
            fork(json!({ "conversationId": "nowhere" })),
            404,
            "conversation_not_found",
        ),
        (
            fork(json!({ "conversationId": "c", "messageId": "nowhere" })),
            404,
            "message_not_found",
        ),
        (fork(json!({ "conversationId": "a b" })), 400, "invalid_id"),
        (fork(json!({})), 400, "invalid_id"),
        (fork(json!(5)), 400, "invalid_field"),
        (fork(json!({ "shareId": 5 })), 400, "invalid_field"),
        (fork(json!({ "shareId": "x" })), 404, "share_not_found"),
        (
            json!({ "id": "taken", "forkOf": { "conversationId": "c" } }),
            409,
            "conversation_exists",
        ),
        (
            json!({ "id": "f", "forkOf": { "conversationId": "c" }, "messages": [said("m")] }),
            400,
            "invalid_field",
        ),
    ] {
        user.post("/api/conversations", &body)
            .await
            .expect_error(status, code);
    }
    user.get("/api/conversations/f")
        .await
        .expect_error(404, "conversation_not_found");
    assert_eq!(user.open("taken").await["messageCount"], 1);
}

async fn a_fork_has_the_ttl_of_its_user(site: Site) {
    let user = user_with_conversation(&site).await;
    let forever = json!({ "conversationTtlDays": null });
    user.patch("/api/user", &forever).await.expect(200);
    let body = json!({ "id": "f", "forkOf": { "conversationId": "c" } });
    let fork = user.post("/api/conversations", &body).await.expect(201);
    assert_eq!(fork["expiresAt"], Value::Null);
}

async fn a_fork_costs_no_more_than_its_budget(site: Site) {
    let user = site.user().await;
    let messages = (0..100).map(|index| said(&format!("m{index}"))).collect();
    user.create("c", messages).await;
    let fork = |id: &str| json!({ "id": id, "forkOf": { "conversationId": "c" } });
    // The script is in the cache then, and the user's keys are renewed for the day.
    user.post("/api/conversations", &fork("f1"))
        .await
        .expect(201);
    let body = fork("f2");
    let (_, cost) = site.cost_of(user.post("/api/conversations", &body)).await;
    assert_eq!((cost.requests, cost.commands), (1, 12));
}

async fn a_field_is_set_if_it_has_the_expected_value(site: Site) {
    let user = user_with_conversation(&site).await;
    let set = async |to: Value, expected: Value| {
        let body = json!({ "activeStreamId": to, "$expected": { "activeStreamId": expected } });
        user.patch("/api/conversations/c", &body).await
    };
    set(json!("s1"), Value::Null).await.expect(200);
    let before = user.open("c").await;
    assert_eq!(before["activeStreamId"], "s1");
    set(json!("s2"), Value::Null)
        .await
        .expect_error(412, "field_mismatch");
    set(json!("s2"), json!("s"))
        .await
        .expect_error(412, "field_mismatch");
    assert_eq!(user.open("c").await, before);
    set(json!("s2"), json!("s1")).await.expect(200);
    set(Value::Null, json!("s2")).await.expect(200);
    assert_eq!(user.open("c").await.get("activeStreamId"), None);
    // Of two concurrent writers, one wins.
    let (first, second) = tokio::join!(set(json!("x"), Value::Null), set(json!("y"), Value::Null));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    let wrong = json!({ "title": "x", "$expected": 5 });
    user.patch("/api/conversations/c", &wrong)
        .await
        .expect_error(400, "invalid_field");
}
