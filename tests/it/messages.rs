//! `/api/conversations/{id}/messages`: append, and pages both ways.

use std::collections::BTreeSet;

use crate::common::{Client, Site, etag_of, ids, message, message_at};
use serde_json::{Value, json};

on_both_stores!(
    appending_counts_messages_and_tokens,
    appending_again_changes_nothing,
    an_append_that_overlaps_adds_the_rest,
    an_append_with_a_conflicting_id_is_refused_whole,
    a_deleted_message_is_not_brought_back_by_a_late_append,
    an_edited_message_may_be_sent_again_under_its_id,
    pages_go_both_ways_without_gaps_where_timestamps_are_equal,
    a_cursor_whose_message_was_deleted_still_works,
    concurrent_appends_lose_nothing,
    a_hundred_messages_fit_one_append,
    a_message_without_a_time_is_dated_now,
);

async fn appending_counts_messages_and_tokens(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let turn = vec![
        message("q", "user", "Why?"),
        json!({ "id": "a", "type": "assistant", "content": "Because.", "tokens": { "input": 3, "output": 4, "total": 7 } }),
    ];
    let response = user.append("c", turn).await;
    let appended = response.expect(201);
    assert_eq!(response.etag(), etag_of(&appended["conversation"]));
    assert_eq!(appended["appended"], json!(["q", "a"]));
    assert_eq!(appended["conversation"]["messageCount"], 2);
    assert_eq!(appended["conversation"]["totalTokens"], 7);
    assert_eq!(appended["conversation"]["title"], "Why?");
    let opened = user.open("c").await;
    assert_eq!(
        opened["messages"][1]["tokens"],
        json!({ "input": 3, "output": 4, "total": 7 })
    );
    assert_eq!(opened["updatedAt"], appended["conversation"]["updatedAt"]);
}

async fn appending_again_changes_nothing(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let turn =
        || vec![json!({ "id": "m", "type": "user", "content": "x", "tokens": { "total": 5 } })];
    let first = user.append("c", turn()).await.expect(201);
    let again = user.append("c", turn()).await.expect(200);
    assert_eq!(first["conversation"], again["conversation"]);
    assert_eq!(first["clock"], again["clock"]);
    assert_eq!(again["appended"], json!([]));
    // An edit in between is not undone.
    user.patch(
        "/api/conversations/c/messages/m",
        &json!({ "content": "y" }),
    )
    .await
    .expect(200);
    user.append("c", turn()).await.expect(200);
    assert_eq!(user.open("c").await["messages"][0]["content"], "y");
}

async fn an_append_that_overlaps_adds_the_rest(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message_at("a", 1)]).await;
    let response = user
        .append("c", vec![message_at("a", 1), message_at("b", 2)])
        .await;
    assert_eq!(response.expect(201)["appended"], json!(["b"]));
    assert_eq!(ids(&user.open("c").await["messages"]), ["a", "b"]);
}

async fn an_append_with_a_conflicting_id_is_refused_whole(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("a", "user", "original")])
        .await;
    let response = user
        .append(
            "c",
            vec![message("b", "user", "new"), message("a", "user", "other")],
        )
        .await;
    response.expect_error(409, "message_exists");
    let opened = user.open("c").await;
    assert_eq!(ids(&opened["messages"]), ["a"]);
    assert_eq!(opened["messages"][0]["content"], "original");
    assert_eq!(opened["revision"], 1);
}

async fn a_deleted_message_is_not_brought_back_by_a_late_append(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    user.append("c", vec![message("m", "user", "x")])
        .await
        .expect(201);
    user.delete("/api/conversations/c/messages/m")
        .await
        .expect(200);
    user.append("c", vec![message("m", "user", "x")])
        .await
        .expect_error(409, "message_deleted");
    assert_eq!(user.open("c").await["messages"], json!([]));
}

async fn an_edited_message_may_be_sent_again_under_its_id(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message_at("q", 1), message_at("a", 2)])
        .await;
    user.delete("/api/conversations/c/messages/q?andAfter=true")
        .await
        .expect(200);
    user.append("c", vec![message("q", "user", "asked better")])
        .await
        .expect(201);
    let opened = user.open("c").await;
    assert_eq!(ids(&opened["messages"]), ["q"]);
    assert_eq!(opened["messages"][0]["content"], "asked better");
    assert_eq!(opened["messageCount"], 1);
}

async fn read_all(user: &Client, order: &str, limit: usize) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/conversations/c/messages?order={order}&limit={limit}{cursor}");
        let page = user.get(&path).await.expect(200);
        let found = ids(&page["data"]);
        assert!(found.len() <= limit);
        all.extend(found);
        match &page["nextCursor"] {
            Value::Null => return all,
            next => cursor = format!("&cursor={}", next.as_str().unwrap()),
        }
    }
}

async fn pages_go_both_ways_without_gaps_where_timestamps_are_equal(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    // Ids that sort against the order of sending, and few timestamps.
    let sent: Vec<String> = (0..23).map(|index| format!("m{}", 99 - index)).collect();
    for (index, id) in sent.iter().enumerate() {
        let timestamp = 1_000 + i64::try_from(index / 9).unwrap();
        user.append("c", vec![message_at(id, timestamp)])
            .await
            .expect(201);
    }
    let backwards: Vec<String> = sent.iter().rev().cloned().collect();
    for limit in [1, 4, 9, 23, 100] {
        assert_eq!(read_all(&user, "asc", limit).await, sent, "limit {limit}");
        assert_eq!(
            read_all(&user, "desc", limit).await,
            backwards,
            "limit {limit}"
        );
    }
}

async fn a_cursor_whose_message_was_deleted_still_works(site: Site) {
    let user = site.user().await;
    user.create(
        "c",
        (0..6)
            .map(|index| message_at(&format!("m{index}"), 7))
            .collect(),
    )
    .await;
    let first = user
        .get("/api/conversations/c/messages?limit=2")
        .await
        .expect(200);
    assert_eq!(ids(&first["data"]), ["m5", "m4"]);
    user.delete("/api/conversations/c/messages/m4")
        .await
        .expect(200);
    let cursor = first["nextCursor"].as_str().unwrap();
    let path = format!("/api/conversations/c/messages?limit=2&cursor={cursor}");
    assert_eq!(
        ids(&user.get(&path).await.expect(200)["data"]),
        ["m3", "m2"]
    );
    // And from there back up again.
    let path = format!("/api/conversations/c/messages?order=asc&cursor={cursor}");
    assert_eq!(ids(&user.get(&path).await.expect(200)["data"]), ["m5"]);
}

async fn concurrent_appends_lose_nothing(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let writers = (0..6).map(|writer| {
        let user = user.clone();
        tokio::spawn(async move {
            for turn in 0..10 {
                let body = json!({ "id": format!("w{writer}-{turn}"), "type": "user", "content": "x", "tokens": { "total": 3 } });
                user.append("c", vec![body]).await.expect(201);
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let opened = user.open("c").await;
    assert_eq!(opened["messageCount"], 60);
    assert_eq!(opened["totalTokens"], 180);
    assert_eq!(opened["revision"], 61);
    let all: BTreeSet<String> = read_all(&user, "asc", 100).await.into_iter().collect();
    assert_eq!(all.len(), 60);
}

async fn a_hundred_messages_fit_one_append(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let messages: Vec<Value> = (0..100)
        .map(|index| message_at(&format!("m{index}"), index))
        .collect();
    user.append("c", messages).await.expect(201);
    let page = user
        .get("/api/conversations/c/messages?limit=100&order=asc")
        .await
        .expect(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 100);
    assert_eq!(page["nextCursor"], json!(null));
}

async fn a_message_without_a_time_is_dated_now(site: Site) {
    // No minute ends between the two times that are compared.
    site.begin_window();
    let user = site.user().await;
    user.create("c", vec![]).await;
    let appended = user
        .append("c", vec![message("m", "user", "x")])
        .await
        .expect(201);
    let opened = user.open("c").await;
    let (written, updated) = (
        &opened["messages"][0]["timestamp"],
        &appended["conversation"]["updatedAt"],
    );
    assert_eq!(
        written.as_str().unwrap()[..16],
        updated.as_str().unwrap()[..16]
    );
}
