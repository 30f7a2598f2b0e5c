//! Erasure without a trace, of what has expired too.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{DAY, USER};
use crate::common::{Client, Site, message};
use conversation_store::clock::Clock;
use embedded_store::front::Fault;
use embedded_store::reply::Reply;
use serde_json::{Value, json};

on_both_stores!(
    after_erasure_no_key_names_the_user,
    erasing_again_and_writing_afterwards_are_harmless,
    a_long_erasure_is_resumed,
    a_failed_erasure_is_resumed,
    a_cursor_sees_the_deletions_of_a_stopped_erasure,
    expired_conversations_are_erased_too,
    an_expired_conversation_saved_again_has_only_its_new_messages,
    a_write_during_an_erasure_leaves_no_partial_conversation,
    a_cursor_from_before_an_erasure_starts_over,
);

fn text(reply: Reply) -> String {
    match reply {
        Reply::Bulk(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Reply::Int(number) => number.to_string(),
        Reply::Array(items) => items.into_iter().map(text).collect::<Vec<_>>().join("\n"),
        other => format!("{other:?}"),
    }
}

/// Every key of the store, found by SCAN, with all that it holds.
async fn everything(site: &Site) -> Vec<(String, String)> {
    let mut keys = BTreeSet::new();
    let mut cursor = "0".to_owned();
    loop {
        let Reply::Array(reply) = site.command(&["SCAN", &cursor, "COUNT", "500"]).await else {
            panic!("no SCAN");
        };
        let [next, found] = <[Reply; 2]>::try_from(reply).unwrap();
        keys.extend(text(found).lines().map(str::to_owned));
        cursor = text(next);
        if cursor == "0" {
            break;
        }
    }
    let mut all = Vec::new();
    for key in keys {
        let kind = match site.command(&["TYPE", &key]).await {
            Reply::Status(kind) => kind.to_string(),
            other => text(other),
        };
        let words: &[&str] = match kind.as_str() {
            "hash" => &["HGETALL", &key],
            "zset" => &["ZRANGE", &key, "0", "-1"],
            _ => &["GET", &key],
        };
        all.push((key.clone(), text(site.command(words).await)));
    }
    all
}

async fn user_id(user: &Client) -> String {
    let session = user.get("/api/session").await.expect(200);
    session["userId"].as_str().unwrap().to_owned()
}

/// No key, and no value, names the user, except for the counter of later calls, which expires within a minute.
async fn assert_no_trace(site: &Site, id: &str) {
    for (key, content) in everything(site).await {
        if key == format!("user:{id}:conversations:meta") && content.starts_with(":user\n0 ") {
            let Reply::Int(left) = site.command(&["PTTL", &key]).await else {
                panic!("{key} never expires");
            };
            assert!((0..=60_000).contains(&left), "{key}: {left}");
            assert_eq!(content.lines().count(), 2, "{content}");
            continue;
        }
        // A counter of calls expires at the end of the next day. Redis does not notice that this clock was moved.
        let day = key.strip_prefix(&format!("user:{id}:calls:"));
        let today = site.clock.now_ms() / 86_400_000;
        if day.is_some_and(|day| day.parse::<i64>().unwrap() < today - 1) {
            continue;
        }
        assert!(
            !key.contains(id) && !content.contains(id),
            "{key}: {content}"
        );
    }
}

/// Makes every kind of write.
async fn live(user: &Client) {
    crate::common::use_every_script(user).await;
    let all: Vec<Value> = (0..250)
        .map(|index| json!({ "id": format!("c{index}"), "messages": [message("m", "user", "x")] }))
        .collect();
    user.post("/api/import", &json!(all)).await.expect(200);
    user.patch("/api/session", &json!({ "currentConversationId": "c1" }))
        .await
        .expect(200);
    let share = json!({ "conversationId": "c1" });
    user.post("/api/shares", &share).await.expect(201);
    let link = json!({ "action": "link" });
    let codes = [
        user.post("/api/session", &link).await.expect(201),
        user.post("/api/session", &link).await.expect(201),
    ];
    // The first is void since there is a second.
    for (code, status) in codes.iter().zip([403, 200]) {
        let redeem = json!({ "action": "redeem", "code": code["code"] });
        user.post("/api/session", &redeem).await.expect(status);
    }
}

async fn after_erasure_no_key_names_the_user(site: Site) {
    let (user, other) = (site.user().await, site.user().await);
    other.create("c1", vec![message("m", "user", "kept")]).await;
    let id = user_id(&user).await;
    live(&user).await;
    assert!(
        everything(&site)
            .await
            .iter()
            .any(|(key, _)| key.contains(&id))
    );
    site.until_past_changes_of(&user).await;
    // Upkeep found due until now is not counted below.
    site.idle().await;
    let (response, cost) = site.cost_of(user.delete(USER)).await;
    assert_eq!(response.expect(200), json!({ "erased": true }));
    assert_eq!(
        cost.requests, 6,
        "EVALSHA, EVAL, again with the key of a code, and a step per 100 conversations"
    );
    assert_no_trace(&site, &id).await;
    let keys = site.keys("*").await.join(" ");
    assert!(!keys.contains(&id), "not even a counter: {keys}");
    assert_eq!(other.open("c1").await["messages"][0]["content"], "kept");
}

async fn erasing_again_and_writing_afterwards_are_harmless(site: Site) {
    let user = site.user().await;
    let id = user_id(&user).await;
    user.delete(USER).await.expect(200);
    live(&user).await;
    site.faults().push(Fault::CutAfter, 2);
    for _ in 0..2 {
        assert_eq!(user.delete(USER).await.expect(200)["erased"], true);
        assert_no_trace(&site, &id).await;
    }
    user.append("c1", vec![message("n", "user", "late")])
        .await
        .expect_error(404, "conversation_not_found");
    assert_no_trace(&site, &id).await;
    user.create("warm", vec![]).await;
    let list = user.get("/api/conversations").await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

async fn a_long_erasure_is_resumed(site: Site) {
    let user = site.user().await;
    let id = user_id(&user).await;
    live(&user).await;
    site.faults().set_latency(Duration::from_millis(200));
    let before = site.front.counts().requests;
    let erasure = tokio::spawn({
        let user = user.clone();
        async move { user.delete(USER).await }
    });
    site.until_requests(before, 1).await;
    site.advance(Duration::from_secs(21));
    let response = erasure.await.unwrap().expect(202);
    assert_eq!(response["erased"], false);
    assert!(response["remaining"].as_u64().unwrap() > 100, "{response}");
    site.faults().set_latency(Duration::ZERO);
    assert_eq!(user.delete(USER).await.expect(200)["erased"], true);
    assert_no_trace(&site, &id).await;
}

async fn a_failed_erasure_is_resumed(site: Site) {
    let user = site.user().await;
    let id = user_id(&user).await;
    live(&user).await;
    site.faults().push(Fault::Delay(Duration::ZERO), 3);
    site.faults().push(Fault::QuotaError, 1);
    user.delete(USER).await.expect_error(503, "storage_quota");
    let left = user.get("/api/conversations").await.expect(200);
    assert!(!left["data"].as_array().unwrap().is_empty());
    user.delete(USER).await.expect(200);
    assert_no_trace(&site, &id).await;
}

async fn a_cursor_sees_the_deletions_of_a_stopped_erasure(site: Site) {
    let user = site.user().await;
    live(&user).await;
    let mut path = "/api/sync".to_owned();
    loop {
        let page = user.get(&path).await.expect(200);
        path = format!("/api/sync?cursor={}", page["nextCursor"].as_str().unwrap());
        if page["hasMore"] == false {
            break;
        }
    }
    // It reaches the first hundred conversations.
    site.faults().push(Fault::Delay(Duration::ZERO), 4);
    site.faults().push(Fault::QuotaError, 1);
    user.delete(USER).await.expect_error(503, "storage_quota");
    assert_eq!(user.get(&path).await.expect(200)["reset"], true);
    user.delete(USER).await.expect(200);
}

/// Redis, whose clock is not moved here, still holds the messages of expired conversations.
async fn expired_conversations_are_erased_too(site: Site) {
    let user = site.user().await;
    let id = user_id(&user).await;
    user.create("listed", vec![message("m", "user", "x")]).await;
    user.create("purged", vec![message("m", "user", "x")]).await;
    site.clock.advance(40 * DAY);
    user.open("listed").await;
    site.idle().await;
    site.clock.advance(51 * DAY);
    // Purges "purged" with its messages; "listed" expires after that.
    let list = user.get("/api/conversations").await.expect(200);
    assert_eq!(crate::common::ids(&list["data"]), ["listed"]);
    site.idle().await;
    let keys = site.keys("*").await;
    assert!(!keys.iter().any(|key| key.contains("purged")), "{keys:?}");
    site.clock.advance(40 * DAY);
    let keys = site.keys("*").await;
    assert!(keys.iter().any(|key| key.ends_with("listed:bodies")));
    user.delete(USER).await.expect(200);
    assert_no_trace(&site, &id).await;
}

async fn an_expired_conversation_saved_again_has_only_its_new_messages(site: Site) {
    let user = site.user().await;
    for id in ["saved", "imported", "forgotten"] {
        user.create(id, vec![message("old", "user", "x")]).await;
    }
    site.clock.advance(91 * DAY);
    user.get("/api/conversations").await.expect(200);
    user.create("saved", vec![message("new", "user", "y")])
        .await;
    let dump = json!([{ "id": "imported", "messages": [message("new", "user", "y")] }]);
    user.post("/api/import", &dump).await.expect(200);
    for id in ["saved", "imported"] {
        assert_eq!(
            crate::common::ids(&user.open(id).await["messages"]),
            ["new"]
        );
    }
    // The records of expired conversations are purged too, but not those of conversations saved again.
    site.clock.advance(3 * DAY);
    user.get("/api/conversations").await.expect(200);
    // The list finds that due, and it is done after the response.
    site.idle().await;
    let meta = everything(&site).await;
    let (_, meta) = meta.iter().find(|(key, _)| key.ends_with(":meta")).unwrap();
    assert!(meta.contains("saved") && !meta.contains("forgotten"));
    user.open("saved").await;
}

async fn a_write_during_an_erasure_leaves_no_partial_conversation(site: Site) {
    let user = site.user().await;
    let id = user_id(&user).await;
    live(&user).await;
    let before = site.front.counts().requests;
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let user = user.clone();
            tokio::spawn(async move {
                for round in 0..25 {
                    let one = format!("c{}", writer * 60 + round);
                    user.append(&one, vec![message("late", "user", "y")]).await;
                    let new = json!({ "id": format!("w{writer}-{round}"), "messages": [message("m", "user", "x"), message("n", "user", "y")] });
                    user.post("/api/conversations", &new).await.expect(201);
                }
            })
        })
        .collect();
    site.until_requests(before, 4).await;
    user.delete(USER).await.expect(200);
    for writer in writers {
        writer.await.unwrap();
    }
    // Each conversation that has a key is listed, and whole.
    let exported = user.get("/api/export").await.text;
    let mut listed = BTreeSet::new();
    for line in exported.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let Some(conversation) = line["id"].as_str() else {
            continue;
        };
        let messages = line["messages"].as_array().unwrap().len();
        assert_eq!(line["messageCount"], messages);
        assert!(messages == 2 || conversation.starts_with('c'), "{line}");
        listed.insert(conversation.to_owned());
    }
    for (key, content) in everything(&site).await {
        let Some((_, rest)) = key.split_once(":conversation:") else {
            continue;
        };
        let (conversation, _) = rest.split_once(':').unwrap();
        assert!(listed.contains(conversation), "{key}: {content}");
    }
    user.delete(USER).await.expect(200);
    assert_no_trace(&site, &id).await;
}

/// A device that was offline during an erasure must not keep showing erased data, even if a function's clock was fast and the
/// erased account's change sequence ran ahead.
async fn a_cursor_from_before_an_erasure_starts_over(site: Site) {
    let clock = Clock::default();
    clock.advance(Duration::from_millis(400));
    let fast = site.deployment_at(clock).await;
    let user = site.user().await;
    let beside = Client::new(fast.url(), Some(user.token().to_owned()));
    beside.create("c-erased", vec![]).await;
    let synced = user.get("/api/sync").await.expect(200);
    let cursor = synced["nextCursor"].as_str().unwrap();

    assert_eq!(user.delete(USER).await.expect(200)["erased"], true);
    user.create("c-new", vec![]).await;
    beside.create("c-newer", vec![]).await;

    let synced = user
        .get(&format!("/api/sync?cursor={cursor}"))
        .await
        .expect(200);
    assert_eq!(synced["reset"], true, "{synced}");
    assert_eq!(synced["changed"].as_array().unwrap().len(), 2, "{synced}");
}
