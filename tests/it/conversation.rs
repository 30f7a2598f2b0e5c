//! `/api/conversations/{id}`: open, save whole, change, delete.

use crate::common::{Site, etag_of, ids, message, message_at, state};
use serde_json::json;

on_both_stores!(
    opening_shows_the_newest_page_in_reading_order,
    a_current_client_gets_304,
    saving_replaces_all_messages,
    saving_the_same_again_changes_nothing,
    saving_under_a_new_id_creates,
    whole_numbers_are_accepted_in_any_notation,
    saving_keeps_dates_and_tokens_sent_by_the_client,
    a_stale_save_is_refused_with_the_current_revision,
    a_repeated_conditional_save_succeeds,
    metadata_can_be_changed_field_by_field,
    a_repeated_patch_changes_nothing,
    deleting_removes_it_everywhere_and_can_be_repeated,
    nothing_brings_a_deleted_conversation_back,
    a_title_comes_with_the_first_user_message,
    a_message_can_be_saved_under_a_deleted_id,
);

async fn opening_shows_the_newest_page_in_reading_order(site: Site) {
    let user = site.user().await;
    let messages = (0..60)
        .map(|index| message_at(&format!("m{index}"), index))
        .collect();
    user.create("c", messages).await;
    let opened = user.open("c").await;
    let expected: Vec<String> = (10..60).map(|index| format!("m{index}")).collect();
    assert_eq!(ids(&opened["messages"]), expected);
    let cursor = opened["nextCursor"].as_str().unwrap();
    let older = user
        .get(&format!("/api/conversations/c/messages?cursor={cursor}"))
        .await
        .expect(200);
    let expected: Vec<String> = (0..10).rev().map(|index| format!("m{index}")).collect();
    assert_eq!(ids(&older["data"]), expected);
    assert_eq!(older["nextCursor"], json!(null));
    let few = user.get("/api/conversations/c?limit=2").await.expect(200);
    assert_eq!(ids(&few["messages"]), ["m58", "m59"]);
}

async fn a_current_client_gets_304(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "hi")]).await;
    let response = user.get("/api/conversations/c").await;
    let etag = response.header("etag").unwrap().to_owned();
    assert_eq!(response.header("cache-control"), Some("private, no-cache"));
    let known = user.with_header("if-none-match", &etag);
    let response = known.get("/api/conversations/c").await;
    response.expect(304);
    assert_eq!(response.header("etag"), Some(etag.as_str()));
    user.append("c", vec![message("n", "user", "more")])
        .await
        .expect(201);
    known.get("/api/conversations/c").await.expect(200);
}

async fn saving_replaces_all_messages(site: Site) {
    let user = site.user().await;
    user.create(
        "c",
        vec![message_at("a", 1), message_at("b", 2), message_at("d", 3)],
    )
    .await;
    let body = json!({ "title": "T", "messages": [message_at("b", 2), message_at("e", 4)] });
    let saved = user.put("/api/conversations/c", &body).await.expect(200);
    assert_eq!(saved["messageCount"], 2);
    assert_eq!(saved["revision"], 2);
    let opened = user.open("c").await;
    assert_eq!(ids(&opened["messages"]), ["b", "e"]);
    assert_eq!(opened["title"], "T");
    // Down to nothing, and up again.
    user.put("/api/conversations/c", &json!({ "messages": [] }))
        .await
        .expect(200);
    assert_eq!(user.open("c").await["messages"], json!([]));
    user.append("c", vec![message("f", "user", "x")])
        .await
        .expect(201);
    assert_eq!(ids(&user.open("c").await["messages"]), ["f"]);
}

async fn saving_the_same_again_changes_nothing(site: Site) {
    let user = site.user().await;
    let body = json!({ "messages": [message_at("a", 1)] });
    let first = user.put("/api/conversations/c", &body).await.expect(201);
    let again = user.put("/api/conversations/c", &body).await.expect(200);
    assert_eq!(state(again), state(first));
    // But it replaces what came in between.
    user.append("c", vec![message("b", "user", "x")])
        .await
        .expect(201);
    user.put("/api/conversations/c", &body).await.expect(200);
    assert_eq!(ids(&user.open("c").await["messages"]), ["a"]);
}

async fn saving_under_a_new_id_creates(site: Site) {
    let user = site.user().await;
    let response = user
        .put("/api/conversations/c", &json!({ "id": "c", "title": "T" }))
        .await;
    let created = response.expect(201);
    assert_eq!(created["title"], "T");
    assert_eq!(response.etag(), etag_of(&created));
    assert_eq!(etag_of(&user.open("c").await), response.etag());
}

async fn whole_numbers_are_accepted_in_any_notation(site: Site) {
    let user = site.user().await;
    let body = json!({
        "createdAt": 1_751_582_952_851.0,
        "messages": [{ "id": "a", "type": "user", "content": "x", "tokens": { "total": 5.0 } }],
    });
    assert!(body.to_string().contains("5.0"), "{body}");
    let saved = user.put("/api/conversations/c", &body).await.expect(201);
    assert_eq!(saved["createdAt"], "2025-07-03T22:49:12.851Z");
    assert_eq!(saved["totalTokens"], 5);
}

async fn saving_keeps_dates_and_tokens_sent_by_the_client(site: Site) {
    let user = site.user().await;
    let body = json!({
        "createdAt": 1_751_582_952_851_i64,
        "updatedAt": "2025-07-03T22:54:49.556Z",
        "totalTokens": 99,
        "messages": [{ "id": "a", "type": "user", "content": "x", "tokens": { "total": 5 } }],
    });
    let saved = user.put("/api/conversations/c", &body).await.expect(201);
    assert_eq!(saved["createdAt"], "2025-07-03T22:49:12.851Z");
    assert_eq!(saved["updatedAt"], "2025-07-03T22:54:49.556Z");
    assert_eq!(saved["totalTokens"], 99);
    let tokens =
        json!({ "id": "b", "type": "user", "content": "x", "tokens": { "input": 1, "output": 2 } });
    let appended = user.append("c", vec![tokens]).await.expect(201);
    assert_eq!(appended["conversation"]["totalTokens"], 102);
    // Saved with an old date, it is listed by that date.
    user.create("today", vec![]).await;
    user.put("/api/conversations/c", &body).await.expect(200);
    let list = user.get("/api/conversations").await.expect(200);
    assert_eq!(ids(&list["data"]), ["today", "c"]);
}

async fn a_stale_save_is_refused_with_the_current_revision(site: Site) {
    let user = site.user().await;
    let created = user.create("c", vec![message_at("a", 1)]).await;
    let appended = user.append("c", vec![message_at("newer", 2)]).await;
    appended.expect(201);
    let stale = user.with_header("if-match", &etag_of(&created));
    for response in [
        stale
            .put("/api/conversations/c", &json!({ "messages": [] }))
            .await,
        stale
            .patch("/api/conversations/c", &json!({ "title": "x" }))
            .await,
        stale.delete("/api/conversations/c").await,
        stale.append("c", vec![message_at("b", 3)]).await,
        stale
            .patch(
                "/api/conversations/c/messages/a",
                &json!({ "content": "x" }),
            )
            .await,
        stale.delete("/api/conversations/c/messages/a").await,
    ] {
        let error = response.expect_error(412, "revision_mismatch");
        assert_eq!(error["revision"], 2);
        assert_eq!(response.etag(), appended.etag());
    }
    let opened = user.open("c").await;
    assert_eq!(ids(&opened["messages"]), ["a", "newer"]);
    assert_eq!(opened["revision"], 2);
    let current = user.with_header("if-match", appended.etag());
    current
        .put("/api/conversations/c", &json!({ "messages": [] }))
        .await
        .expect(200);
    // There is no conversation that could be at a version.
    for tag in [appended.etag(), "*", "\"5\""] {
        let response = user
            .with_header("if-match", tag)
            .put("/api/conversations/d", &json!({}))
            .await;
        assert_eq!(
            response.expect_error(412, "revision_mismatch")["revision"],
            0
        );
        assert_eq!(response.header("etag"), None);
    }
}

async fn a_repeated_conditional_save_succeeds(site: Site) {
    let user = site.user().await;
    let created = user.create("c", vec![message_at("a", 1)]).await;
    let writer = user.with_header("if-match", &etag_of(&created));
    let body = json!({ "messages": [message_at("a", 1), message_at("b", 2)] });
    let first = writer.put("/api/conversations/c", &body).await.expect(200);
    let again = writer.put("/api/conversations/c", &body).await.expect(200);
    let writer = user.with_header("if-match", &etag_of(&first));
    assert_eq!(state(again), state(first));
    let first = writer
        .append("c", vec![message_at("d", 3)])
        .await
        .expect(201);
    let again = writer
        .append("c", vec![message_at("d", 3)])
        .await
        .expect(200);
    assert_eq!(first["conversation"], again["conversation"]);
}

async fn metadata_can_be_changed_field_by_field(site: Site) {
    let user = site.user().await;
    let body = json!({ "id": "c", "folder": "x", "mcpServers": { "a": {} }, "messages": [message("m", "user", "hi")] });
    user.post("/api/conversations", &body).await.expect(201);
    let patch =
        json!({ "title": "T", "pinned": true, "archived": true, "tags": ["t"], "folder": "y" });
    let patched = user.patch("/api/conversations/c", &patch).await.expect(200);
    for (field, value) in patch.as_object().unwrap() {
        assert_eq!(patched[field], *value, "{field}");
    }
    assert_eq!(patched["mcpServers"], json!({ "a": {} }));
    assert_eq!(patched["revision"], 2);
    let removed = user
        .patch(
            "/api/conversations/c",
            &json!({ "mcpServers": null, "tags": null }),
        )
        .await;
    let removed = removed.expect(200);
    assert_eq!(removed.get("mcpServers"), None);
    assert_eq!(removed["tags"], json!([]));
    assert_eq!(removed["title"], "T");
    assert_eq!(removed["messageCount"], 1);
}

async fn a_repeated_patch_changes_nothing(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let patch = json!({ "title": "T" });
    let first = user.patch("/api/conversations/c", &patch).await.expect(200);
    let again = user.patch("/api/conversations/c", &patch).await.expect(200);
    assert_eq!(state(again), state(first));
}

async fn deleting_removes_it_everywhere_and_can_be_repeated(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "hi")]).await;
    user.create("d", vec![]).await;
    let deleted = user.delete("/api/conversations/c").await.expect(200);
    assert_eq!(deleted["deleted"], true);
    user.get("/api/conversations/c")
        .await
        .expect_error(404, "conversation_not_found");
    user.get("/api/conversations/c/messages")
        .await
        .expect_error(404, "conversation_not_found");
    let list = user.get("/api/conversations").await.expect(200);
    assert_eq!(ids(&list["data"]), ["d"]);
    let again = user.delete("/api/conversations/c").await.expect(200);
    assert_eq!(state(again), state(deleted));
    user.delete("/api/conversations/never")
        .await
        .expect_error(404, "conversation_not_found");
}

async fn nothing_brings_a_deleted_conversation_back(site: Site) {
    let user = site.user().await;
    let body = json!({ "id": "c", "messages": [message("m", "user", "hi")] });
    user.post("/api/conversations", &body).await.expect(201);
    user.delete("/api/conversations/c").await.expect(200);
    user.append("c", vec![message("n", "user", "x")])
        .await
        .expect_error(404, "conversation_not_found");
    let patch = json!({ "title": "x", "content": "x" });
    user.patch("/api/conversations/c", &patch)
        .await
        .expect_error(404, "conversation_not_found");
    user.patch("/api/conversations/c/messages/m", &patch)
        .await
        .expect_error(404, "conversation_not_found");
    user.delete("/api/conversations/c/messages/m")
        .await
        .expect_error(404, "conversation_not_found");
    user.post("/api/conversations", &body)
        .await
        .expect_error(404, "conversation_deleted");
    user.put("/api/conversations/c", &body)
        .await
        .expect_error(404, "conversation_deleted");
    let report = user.post("/api/import", &json!([body])).await.expect(200);
    assert_eq!(report["results"][0]["status"], "rejected");
    assert_eq!(report["results"][0]["code"], "conversation_deleted");
    user.get("/api/conversations/c")
        .await
        .expect_error(404, "conversation_not_found");
    let list = user.get("/api/conversations").await.expect(200);
    assert_eq!(list["data"], json!([]));
}

async fn a_title_comes_with_the_first_user_message(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    assert_eq!(user.open("c").await["title"], "New Conversation");
    user.append("c", vec![message("s", "system", "be brief")])
        .await
        .expect(201);
    assert_eq!(user.open("c").await["title"], "New Conversation");
    user.append(
        "c",
        vec![message(
            "m",
            "user",
            "What is \"this\", then, my friend? Tell",
        )],
    )
    .await
    .expect(201);
    assert_eq!(
        user.open("c").await["title"],
        "What is \"this\", then, my friend?"
    );
    user.append("c", vec![message("n", "user", "Something else")])
        .await
        .expect(201);
    assert_eq!(
        user.open("c").await["title"],
        "What is \"this\", then, my friend?"
    );
    user.post("/api/conversations", &json!({ "id": "d", "title": "Mine" }))
        .await
        .expect(201);
    user.append("d", vec![message("m", "user", "Hello there")])
        .await
        .expect(201);
    assert_eq!(user.open("d").await["title"], "Mine");
}

async fn a_message_can_be_saved_under_a_deleted_id(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message_at("a", 1), message_at("b", 2)])
        .await;
    user.delete("/api/conversations/c/messages/b")
        .await
        .expect(200);
    let body = json!({ "messages": [message_at("a", 1), message_at("b", 2)] });
    user.put("/api/conversations/c", &body).await.expect(200);
    assert_eq!(ids(&user.open("c").await["messages"]), ["a", "b"]);
}
