//! `/api/conversations`: the list, and creation.

use crate::common::{Site, etag_of, ids, message, state};
use serde_json::json;

on_both_stores!(
    a_new_conversation_has_every_field,
    a_conversation_can_be_created_with_messages,
    creating_it_again_changes_nothing,
    a_different_conversation_under_a_used_id_is_refused,
    an_idempotency_key_stands_in_for_an_id,
    the_list_is_newest_first_and_without_messages,
    the_list_is_paged_without_gaps_while_it_changes,
    a_cursor_whose_conversation_was_deleted_still_works,
    a_new_user_has_an_empty_list,
);

async fn a_new_conversation_has_every_field(site: Site) {
    let user = site.user().await;
    let response = user.post("/api/conversations", &json!({})).await;
    let conversation = response.expect(201);
    let id = conversation["id"].as_str().unwrap();
    assert!(id.starts_with("conv-"));
    assert_eq!(
        response.header("location"),
        Some(format!("/api/conversations/{id}").as_str())
    );
    assert_eq!(response.etag(), etag_of(&conversation));
    assert_eq!(conversation["title"], "New Conversation");
    assert_eq!(conversation["createdAt"], conversation["updatedAt"]);
    assert!(conversation["createdAt"].as_str().unwrap().ends_with('Z'));
    assert!(conversation["clock"].as_i64().unwrap() > 1_700_000_000_000);
    for (field, value) in [
        ("messageCount", json!(0)),
        ("totalTokens", json!(0)),
        ("revision", json!(1)),
        ("pinned", json!(false)),
        ("archived", json!(false)),
        ("tags", json!([])),
    ] {
        assert_eq!(conversation[field], value, "{field}");
    }
}

async fn a_conversation_can_be_created_with_messages(site: Site) {
    let user = site.user().await;
    let sent = json!({
        "id": "c1",
        "createdAt": "2025-07-03T22:49:12.851Z",
        "mcpServers": { "fs": { "command": "npx" } },
        "folder": "work",
        "tags": ["a", "b"],
        "messages": [
            { "id": "m1", "type": "user", "content": "one two three four five six seven", "timestamp": 5 },
            { "id": "m2", "type": "assistant", "content": "x", "timestamp": 5, "tokens": { "total": 7 } },
        ],
    });
    let created = user.post("/api/conversations", &sent).await.expect(201);
    assert_eq!(created["title"], "one two three four five six");
    assert_eq!(created["totalTokens"], 7);
    let opened = user.open("c1").await;
    assert_eq!(opened["createdAt"], sent["createdAt"]);
    assert_eq!(opened["mcpServers"], sent["mcpServers"]);
    assert_eq!(opened["folder"], "work");
    assert_eq!(opened["tags"], sent["tags"]);
    assert_eq!(ids(&opened["messages"]), ["m1", "m2"]);
    assert_eq!(
        opened["messages"][0]["timestamp"],
        "1970-01-01T00:00:00.005Z"
    );
}

async fn creating_it_again_changes_nothing(site: Site) {
    let user = site.user().await;
    let body = json!({ "id": "c1", "messages": [message("m1", "user", "hi")] });
    let first = user.post("/api/conversations", &body).await.expect(201);
    let again = user.post("/api/conversations", &body).await.expect(200);
    assert_eq!(state(again), state(first));
    // Nor does a late repeat, after the conversation has changed.
    user.append("c1", vec![message("m2", "user", "more")])
        .await
        .expect(201);
    let repeated = user.post("/api/conversations", &body).await.expect(200);
    assert_eq!(repeated["messageCount"], 2);
    assert_eq!(repeated["revision"], 2);
}

async fn a_different_conversation_under_a_used_id_is_refused(site: Site) {
    let user = site.user().await;
    user.post("/api/conversations", &json!({ "id": "c1", "title": "A" }))
        .await
        .expect(201);
    let response = user
        .post("/api/conversations", &json!({ "id": "c1", "title": "B" }))
        .await;
    response.expect_error(409, "conversation_exists");
    assert_eq!(user.open("c1").await["title"], "A");
}

async fn an_idempotency_key_stands_in_for_an_id(site: Site) {
    let user = site.user().await.with_header("idempotency-key", "click-1");
    let first = user
        .post("/api/conversations", &json!({ "title": "A" }))
        .await
        .expect(201);
    let again = user
        .post("/api/conversations", &json!({ "title": "A" }))
        .await
        .expect(201);
    assert_eq!(first, again);
    let list = user.get("/api/conversations").await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

async fn the_list_is_newest_first_and_without_messages(site: Site) {
    let user = site.user().await;
    for id in ["a", "b", "c"] {
        user.create(id, vec![message("m", "user", "some text")])
            .await;
    }
    user.append("a", vec![message("n", "user", "more")])
        .await
        .expect(201);
    let response = user.get("/api/conversations").await;
    let list = response.expect(200);
    assert_eq!(ids(&list["data"]), ["a", "c", "b"]);
    assert_eq!(list["nextCursor"], json!(null));
    assert!(
        !response.text.contains("some text\"}"),
        "no bodies in a list"
    );
    assert_eq!(list["data"][0]["messageCount"], 2);
    assert_eq!(response.header("cache-control"), Some("private, no-store"));
}

async fn the_list_is_paged_without_gaps_while_it_changes(site: Site) {
    let user = site.user().await;
    for index in 0..7 {
        user.create(&format!("c{index}"), vec![]).await;
    }
    let first = user.get("/api/conversations?limit=3").await.expect(200);
    assert_eq!(ids(&first["data"]), ["c6", "c5", "c4"]);
    // The conversation at the cursor is deleted, and a new one comes to the top.
    user.delete("/api/conversations/c4").await.expect(200);
    user.create("new", vec![]).await;
    let mut rest = Vec::new();
    let mut cursor = first["nextCursor"].as_str().map(str::to_owned);
    while let Some(at) = cursor {
        let page = user
            .get(&format!("/api/conversations?limit=3&cursor={at}"))
            .await
            .expect(200);
        rest.extend(ids(&page["data"]));
        cursor = page["nextCursor"].as_str().map(str::to_owned);
    }
    assert_eq!(rest, ["c3", "c2", "c1", "c0"]);
}

async fn a_cursor_whose_conversation_was_deleted_still_works(site: Site) {
    let user = site.user().await;
    let same_date =
        ["a", "B", "c", "D", "e"].map(|id| json!({ "id": id, "updatedAt": 1_000_000_000_000_i64 }));
    user.post("/api/import", &json!(same_date))
        .await
        .expect(200);
    let all = ids(&user.get("/api/conversations").await.expect(200)["data"]);
    let first = user.get("/api/conversations?limit=2").await.expect(200);
    assert_eq!(ids(&first["data"]), all[..2]);
    user.delete(&format!("/api/conversations/{}", all[1]))
        .await
        .expect(200);
    let cursor = first["nextCursor"].as_str().unwrap();
    let path = format!("/api/conversations?limit=5&cursor={cursor}");
    assert_eq!(ids(&user.get(&path).await.expect(200)["data"]), all[2..]);
}

async fn a_new_user_has_an_empty_list(site: Site) {
    let list = site
        .user()
        .await
        .get("/api/conversations")
        .await
        .expect(200);
    assert_eq!(list, json!({ "data": [], "nextCursor": null, "clock": 0 }));
}
