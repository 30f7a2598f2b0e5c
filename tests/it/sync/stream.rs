//! The stream of changes.

use std::time::Duration;

use crate::common::events::Events;
use crate::common::{Client, Site, ids, message, sample};
use serde_json::json;

on_both_stores!(
    a_stream_starts_with_changes_since_the_cursor,
    a_stream_carries_small_messages,
    a_stream_carries_all_messages_of_an_append_or_none,
    a_stream_resumes_where_it_ended,
    resuming_a_place_costs_less,
    a_place_is_resumed_by_one_stream_only,
    a_place_ends_with_a_sign_out,
    a_stream_follows_an_import,
    a_stream_includes_a_recent_import,
    a_stream_ends_when_its_user_signs_out_everywhere,
    a_stream_reports_an_erasure,
    notices_are_published_only_for_users_with_streams,
    a_stream_ends_itself_with_a_hint,
    a_stream_reports_one_user_only,
);

async fn a_stream_starts_with_changes_since_the_cursor(site: Site) {
    let user = site.user().await;
    user.create("before", vec![]).await;
    let mut events = Events::open(&user, "/api/sync", None).await;
    let first = events.next().await;
    assert_eq!(first.name, "sync");
    assert_eq!(ids(&first.data["changed"]), ["before"]);
    let written = user
        .append("before", vec![message("m", "user", "hi")])
        .await
        .expect(201);
    let change = events.next().await;
    assert_eq!(change.name, "change");
    for (field, value) in [
        ("type", json!("append")),
        ("conversationId", json!("before")),
        ("revision", json!(2)),
        ("clock", written["clock"].clone()),
    ] {
        assert_eq!(change.data[field], value, "{field}");
    }
    user.delete("/api/conversations/before").await.expect(200);
    let change = events.next().await;
    assert_eq!(
        (&change.data["type"], &change.data["conversationId"]),
        (&json!("delete"), &json!("before"))
    );
}

async fn a_stream_carries_small_messages(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let mut events = Events::open(&user, "/api/sync", None).await;
    events.next().await;
    user.append(
        "c",
        vec![message("small", "user", "line\nbreak \"quoted\"")],
    )
    .await
    .expect(201);
    let change = events.next().await;
    assert_eq!(
        change.data["messages"][0]["content"],
        "line\nbreak \"quoted\""
    );
    // A compressed message is small too.
    let repetitive = "a few more words ".repeat(600);
    user.append("c", vec![message("repetitive", "user", &repetitive)])
        .await
        .expect(201);
    let change = events.next().await;
    assert_eq!(change.data["messages"][0]["content"], repetitive);
    user.append("c", vec![message("large", "user", &random_text(10_000))])
        .await
        .expect(201);
    assert_eq!(events.next().await.data.get("messages"), None);
    user.patch(
        "/api/conversations/c/messages/small",
        &json!({ "content": "edited" }),
    )
    .await
    .expect(200);
    let change = events.next().await;
    assert_eq!(
        (&change.data["type"], &change.data["messages"][0]["content"]),
        (&json!("edit"), &json!("edited"))
    );
}

async fn a_stream_carries_all_messages_of_an_append_or_none(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let mut events = Events::open(&user, "/api/sync", None).await;
    events.next().await;
    let both = vec![
        message("s", "user", "x"),
        message("l", "assistant", &random_text(10_000)),
    ];
    user.append("c", both).await.expect(201);
    assert_eq!(events.next().await.data.get("messages"), None);
}

/// A text that stays large where it is compressed.
fn random_text(length: usize) -> String {
    (0..length)
        .map(|_| char::from(fastrand::u8(b'#'..b'Z')))
        .collect()
}

async fn a_stream_resumes_where_it_ended(site: Site) {
    let user = site.user().await;
    user.create("a", vec![]).await;
    let mut events = Events::open(&user, "/api/sync", None).await;
    let last = events.next().await.id.unwrap();
    drop(events);
    user.append("a", vec![message("m", "user", "x")])
        .await
        .expect(201);
    user.create("b", vec![]).await;
    let mut events = Events::open(&user, "/api/sync", Some(&last)).await;
    let missed = events.next().await;
    assert_eq!(ids(&missed.data["changed"]), ["a", "b"]);
    assert_eq!(missed.data["reset"], false);
}

/// Until a stream's time is up, as the test's clock has it.
const STREAM: Duration = Duration::from_secs(285);

/// Opens a stream in the place of an earlier one; returns its own, and what opening it cost.
async fn open_again(site: &Site, user: &Client, cursor: &str, place: &str) -> (Events, u64) {
    let path = format!("/api/sync?cursor={cursor}&place={place}");
    let open = async {
        let mut events = Events::open(user, &path, None).await;
        let first = events.next().await;
        assert_eq!(first.data["changed"], json!([]));
        events
    };
    let (events, cost) = site.cost_of(open).await;
    (events, cost.commands)
}

async fn resuming_a_place_costs_less(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let mut events = Events::open(&user, "/api/sync", None).await;
    let cursor = events.next().await.id.unwrap();
    let mut commands = Vec::new();
    for _ in 0..4 {
        let place = events.place();
        drop(events);
        // The cost of ending a stream should not count towards the next.
        site.idle().await;
        site.advance(STREAM);
        let (opened, cost) = open_again(&site, &user, &cursor, &place).await;
        commands.push(cost);
        events = opened;
    }
    // Beside the first one, the counts so far are reported. Notices are sent for the duration of four streams; then it
    // is registered again. Subscribing costs one command where it is billed.
    let listening = commands[1] - 2;
    assert!(listening <= 1, "{commands:?}");
    let anew = 4 + listening;
    assert_eq!(commands[1..], [2 + listening, 2 + listening, anew]);
    user.append("c", vec![message("heard", "user", "x")])
        .await
        .expect(201);
    assert_eq!(events.next().await.data["messages"][0]["id"], "heard");
}

async fn a_place_is_resumed_by_one_stream_only(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let mut events = Events::open(&user, "/api/sync", None).await;
    let cursor = events.next().await.id.unwrap();
    let place = events.place();
    // Not before its time is up.
    let (too_soon, _) = open_again(&site, &user, &cursor, &place).await;
    site.advance(STREAM);
    let (first, _) = open_again(&site, &user, &cursor, &place).await;
    let (second, _) = open_again(&site, &user, &cursor, &place).await;
    let numbers = [&too_soon, &first, &second].map(|events| events.place());
    let numbers = numbers.map(|place| place.split('.').next().unwrap().to_owned());
    assert_eq!(numbers, ["2", "1", "3"]);
    let made_up = format!("/api/sync?place=1.{}", "9".repeat(30));
    user.get(&made_up).await.expect_error(400, "invalid_query");
}

async fn a_place_ends_with_a_sign_out(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let mut events = Events::open(&user, "/api/sync", None).await;
    let cursor = events.next().await.id.unwrap();
    let place = events.place();
    drop(events);
    site.advance(STREAM);
    let out = json!({ "action": "signOutEverywhere" });
    user.post("/api/session", &out).await.expect(200);
    let path = format!("/api/sync?cursor={cursor}&place={place}");
    let stream = user.raw(&path).header("accept", "text/event-stream");
    assert_eq!(stream.send().await.unwrap().status(), 401);
}

async fn a_stream_follows_an_import(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let mut events = Events::open(&user, "/api/sync", None).await;
    events.next().await;
    user.post("/api/import", &sample()).await.expect(200);
    let reset = events.next().await;
    assert_eq!(
        (reset.name.as_str(), &reset.data["reset"]),
        ("sync", &json!(true))
    );
    assert_eq!(ids(&reset.data["changed"]).len(), 4);
}

async fn a_stream_includes_a_recent_import(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let mut events = Events::open(&user, "/api/sync", None).await;
    events.next().await;
    let recent =
        json!([{ "id": "new1" }, { "id": "new2", "messages": [message("m", "user", "x")] }]);
    user.post("/api/import", &recent).await.expect(200);
    let told = events.next().await;
    assert_eq!(
        (told.name.as_str(), &told.data["reset"]),
        ("sync", &json!(false))
    );
    assert_eq!(ids(&told.data["changed"]).len(), 2);
}

async fn a_stream_ends_when_its_user_signs_out_everywhere(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let mut events = Events::open(&user, "/api/sync", None).await;
    events.next().await;
    site.advance(Duration::from_secs(1));
    let out = json!({ "action": "signOutEverywhere" });
    user.post("/api/session", &out).await.expect(200);
    assert!(
        events.ended().await,
        "nothing more is told to who has the old token"
    );
}

async fn notices_are_published_only_for_users_with_streams(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("first", "user", "x")]).await;
    user.append("c", vec![message("second", "user", "x")])
        .await
        .expect(201);
    let append = async |id: &str| {
        let append = user.append("c", vec![message(id, "user", "x")]);
        site.cost_of(append).await.1.commands
    };
    assert_eq!(append("alone").await, 8);
    // As above.
    user.get("/api/sync").await.expect(200);
    site.idle().await;
    let mut events = Events::open(&user, "/api/sync", None).await;
    events.next().await;
    assert_eq!(append("heard").await, 9);
    assert_eq!(events.next().await.data["messages"][0]["id"], "heard");
    // The stream has ended by now, and none was opened to follow it.
    site.advance(Duration::from_secs(4 * (285 + 30) + 1));
    assert_eq!(append("alone-again").await, 8);
}

async fn a_stream_reports_an_erasure(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let mut events = Events::open(&user, "/api/sync", None).await;
    events.next().await;
    user.delete("/api/user").await.expect(200);
    assert_eq!(events.next().await.name, "erase");
    let event = events.next().await;
    assert_eq!(
        (&event.data["reset"], &event.data["changed"]),
        (&json!(true), &json!([]))
    );
}

async fn a_stream_ends_itself_with_a_hint(site: Site) {
    let brief = site.deployment(&[("SYNC_STREAM_SECONDS", "1")]).await;
    let user = brief
        .anonymous_caller()
        .with_token(site.user().await.token());
    let mut events = Events::open(&user, "/api/sync", None).await;
    assert_eq!(events.next().await.name, "sync");
    assert_eq!(events.next().await.name, "reconnect");
    assert!(events.ended().await);
}

async fn a_stream_reports_one_user_only(site: Site) {
    let (user, other) = (site.user().await, site.user().await);
    user.create("first", vec![]).await;
    let mut events = Events::open(&user, "/api/sync", None).await;
    events.next().await;
    other
        .create("others", vec![message("m", "user", "private")])
        .await;
    user.create("mine", vec![]).await;
    assert_eq!(events.next().await.data["conversationId"], "mine");
    let anonymous_caller = site
        .anonymous_caller()
        .with_header("accept", "text/event-stream");
    anonymous_caller
        .get("/api/sync")
        .await
        .expect_error(401, "missing_token");
}
