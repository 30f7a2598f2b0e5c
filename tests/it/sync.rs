//! `/api/sync`: changes since a cursor, and the stream of them.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::common::events::Events;
use crate::common::follower::{Follower, truth};
use crate::common::{Site, ids, message, sample};
use serde_json::{Value, json};

on_both_stores!(
    without_a_cursor_everything_comes_page_by_page,
    a_cursor_finds_what_changed_and_what_was_deleted,
    a_write_tells_whether_anything_was_missed,
    nothing_changed_costs_three_commands,
    changes_in_one_millisecond_are_all_found_once,
    what_changes_while_everything_is_read_is_found,
    an_import_voids_older_cursors,
    an_old_save_voids_older_cursors,
    a_cursor_older_than_the_tombstones_starts_over,
    a_random_history_is_followed_exactly,
    a_stream_begins_with_what_changed_and_goes_on,
    a_stream_carries_small_messages,
    a_stream_carries_all_messages_of_an_append_or_none,
    a_stream_resumes_where_it_ended,
    a_stream_follows_an_import,
    a_stream_tells_what_a_recent_import_brought,
    a_stream_ends_when_its_user_signs_out_everywhere,
    a_stream_tells_of_an_erasure,
    only_who_is_listened_to_pays_for_notices,
    a_stream_ends_itself_with_a_hint,
    streams_are_of_one_user_only,
);

const DAY: Duration = Duration::from_secs(86_400);

async fn without_a_cursor_everything_comes_page_by_page(site: Site) {
    let user = site.user().await;
    for index in 0..7 {
        user.create(&format!("c{index}"), vec![message("m", "user", "x")])
            .await;
    }
    let mut follower = Follower::default();
    let first = follower.step(&user, 3).await;
    assert_eq!(ids(&first["changed"]), ["c6", "c5", "c4"]);
    assert_eq!(
        (&first["hasMore"], &first["reset"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(first["changed"][0].get("messages"), None);
    follower.catch_up(&user).await;
    assert_eq!(follower.known, truth(&user).await);
    let last = follower.step(&user, 3).await;
    assert_eq!(
        (ids(&last["changed"]).len(), &last["hasMore"]),
        (0, &json!(false))
    );
}

async fn a_cursor_finds_what_changed_and_what_was_deleted(site: Site) {
    let user = site.user().await;
    for id in ["a", "b", "c"] {
        user.create(id, vec![]).await;
    }
    let mut follower = Follower::default();
    follower.catch_up(&user).await;
    user.append("a", vec![message("m", "user", "x")])
        .await
        .expect(201);
    user.delete("/api/conversations/b").await.expect(200);
    user.create("d", vec![]).await;
    let answer = follower.step(&user, 20).await;
    assert_eq!(ids(&answer["changed"]), ["a", "d"]);
    assert_eq!(answer["deleted"], json!(["b"]));
    assert_eq!(answer["hasMore"], false);
    // Who wrote need not ask: a write's clock is the answer's.
    let written = user
        .patch("/api/conversations/a", &json!({ "title": "T" }))
        .await
        .expect(200);
    let answer = follower.step(&user, 20).await;
    assert_eq!(written["clock"], answer["clock"]);
    user.get("/api/sync?cursor=nonsense")
        .await
        .expect_error(400, "invalid_cursor");
}

/// Who knows the clock before a write, and sees the write, need not ask: its clock is a cursor.
async fn a_write_tells_whether_anything_was_missed(site: Site) {
    let user = site.user().await;
    let message = message("m", "user", "x");
    let mut clock = user.create("c", vec![]).await["clock"].clone();
    let path = "/api/conversations/c";
    let writes = [
        user.append("c", vec![message.clone()]).await.expect(201),
        user.patch(path, &json!({ "title": "T" })).await.expect(200),
        user.put(path, &json!({ "messages": [message] }))
            .await
            .expect(200),
        user.delete(&format!("{path}/messages/m")).await.expect(200),
        user.delete(path).await.expect(200),
    ];
    for write in &writes {
        assert_eq!(write["previousClock"], clock);
        assert!(write["clock"].as_i64() > clock.as_i64());
        clock = write["clock"].clone();
    }
    let repeated = user.delete(path).await.expect(200);
    assert_eq!(
        (&repeated["previousClock"], &repeated["clock"]),
        (&clock, &clock)
    );
    let sync = |cursor: &Value| {
        let (user, path) = (user.clone(), format!("/api/sync?cursor={cursor}"));
        async move { user.get(&path).await.expect(200) }
    };
    let answer = sync(&clock).await;
    assert_eq!(
        (&answer["changed"], &answer["deleted"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(
        sync(&writes[3]["clock"]).await["deleted"],
        json!(["c"]),
        "what came after the clock is found"
    );
}

async fn nothing_changed_costs_three_commands(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let mut follower = Follower::default();
    follower.catch_up(&user).await;
    site.begin_window();
    follower.step(&user, 20).await;
    // What a sync finds to be due is done, and not counted with what comes.
    site.idle().await;
    let (answer, cost) = site.cost_of(follower.step(&user, 20)).await;
    assert_eq!(
        (ids(&answer["changed"]).len(), answer["deleted"].clone()),
        (0, json!([]))
    );
    assert!(cost.requests == 1 && cost.commands <= 3, "{cost:?}");
    let path = format!("/api/sync?cursor={}", follower.cursor.unwrap());
    let etag = user.get(&path).await.header("etag").unwrap().to_owned();
    user.with_header("if-none-match", &etag)
        .get(&path)
        .await
        .expect(304);
}

async fn changes_in_one_millisecond_are_all_found_once(site: Site) {
    let user = site.user().await;
    user.create("seed", vec![]).await;
    let mut follower = Follower::default();
    follower.catch_up(&user).await;
    let writers = (0..20).map(|index| {
        let user = user.clone();
        tokio::spawn(async move { user.create(&format!("c{index}"), vec![]).await })
    });
    let mut clocks = BTreeSet::new();
    for writer in writers.collect::<Vec<_>>() {
        clocks.insert(writer.await.unwrap()["clock"].as_i64().unwrap());
    }
    assert_eq!(clocks.len(), 20, "no two changes share a clock");
    let mut found = Vec::new();
    loop {
        let answer = follower.step(&user, 3).await;
        found.extend(ids(&answer["changed"]));
        if answer["hasMore"] == false {
            break;
        }
    }
    assert_eq!(found.len(), 20);
    assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), 20);
}

async fn what_changes_while_everything_is_read_is_found(site: Site) {
    let user = site.user().await;
    for index in 0..8 {
        user.create(&format!("c{index}"), vec![]).await;
    }
    let mut follower = Follower::default();
    follower.step(&user, 3).await;
    user.append("c0", vec![message("m", "user", "x")])
        .await
        .expect(201);
    user.delete("/api/conversations/c7").await.expect(200);
    user.delete("/api/conversations/c3").await.expect(200);
    user.create("new", vec![]).await;
    follower.catch_up(&user).await;
    assert_eq!(follower.known, truth(&user).await);
}

async fn an_import_voids_older_cursors(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let (mut follower, mut reading) = (Follower::default(), Follower::default());
    follower.catch_up(&user).await;
    for index in 0..5 {
        user.create(&format!("d{index}"), vec![]).await;
    }
    reading.step(&user, 3).await;
    // Dated long ago, these stand behind what the cursors have passed.
    user.post("/api/import", &sample()).await.expect(200);
    for behind in [&mut follower, &mut reading] {
        behind.catch_up(&user).await;
        assert_eq!(behind.resets, 1);
        assert_eq!(behind.known, truth(&user).await);
    }
    // But nothing new voids nothing.
    user.post("/api/import", &sample()).await.expect(200);
    follower.catch_up(&user).await;
    assert_eq!(follower.resets, 1);
}

async fn an_old_save_voids_older_cursors(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let mut follower = Follower::default();
    follower.catch_up(&user).await;
    let old = json!({ "updatedAt": "2020-01-01T00:00:00Z" });
    user.put("/api/conversations/old", &old).await.expect(201);
    follower.catch_up(&user).await;
    assert_eq!(follower.known, truth(&user).await);
}

async fn a_cursor_older_than_the_tombstones_starts_over(site: Site) {
    let user = site.user().await;
    user.create("gone", vec![]).await;
    user.create("kept", vec![]).await;
    let mut follower = Follower::default();
    follower.catch_up(&user).await;
    user.delete("/api/conversations/gone").await.expect(200);
    for _ in 0..2 {
        site.advance(46 * DAY);
        user.append(
            "kept",
            vec![message(&format!("m{}", site.clock.now_ms()), "user", "x")],
        )
        .await
        .expect(201);
    }
    user.get("/api/conversations").await.expect(200);
    // The list finds the purge due, which is done after the response.
    site.idle().await;
    assert_eq!(follower.step(&user, 20).await["reset"], true);
    assert_eq!(follower.known, truth(&user).await);
}

/// Two followers that ask at different times, and a history of everything that can happen.
async fn a_random_history_is_followed_exactly(site: Site) {
    let user = site.user().await;
    let (mut often, mut seldom) = (Follower::default(), Follower::default());
    let mut random = 1_u64;
    let mut next = |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    for turn in 0..150 {
        let path = format!("/api/conversations/c{}", next(12));
        match next(6) {
            0 => user.delete(&path).await,
            1 => {
                user.patch(&path, &json!({ "title": turn.to_string() }))
                    .await
            }
            2 => {
                user.append(
                    path.rsplit('/').next().unwrap(),
                    vec![message(&format!("m{turn}"), "user", "x")],
                )
                .await
            }
            3 if turn % 25 == 0 => {
                let id = format!("i{turn}");
                user.post(
                    "/api/import",
                    &json!([{ "id": id, "updatedAt": 1_000_000 + turn }]),
                )
                .await
            }
            _ => {
                user.put(
                    &format!("{path}-{}", turn / 20),
                    &json!({ "title": turn.to_string() }),
                )
                .await
            }
        };
        if next(3) == 0 {
            often.catch_up(&user).await;
            assert_eq!(often.known, truth(&user).await, "turn {turn}");
        }
    }
    seldom.catch_up(&user).await;
    assert_eq!(seldom.known, truth(&user).await);
}

async fn a_stream_begins_with_what_changed_and_goes_on(site: Site) {
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
    user.append("c", vec![message("large", "user", &"x".repeat(10_000))])
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
    let large: String = (0..3_000)
        .map(|index: u32| char::from(b'!' + u8::try_from(index.wrapping_mul(index) % 89).unwrap()))
        .collect();
    let both = vec![message("s", "user", "x"), message("l", "assistant", &large)];
    user.append("c", both).await.expect(201);
    assert_eq!(events.next().await.data.get("messages"), None);
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

async fn a_stream_tells_what_a_recent_import_brought(site: Site) {
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

async fn only_who_is_listened_to_pays_for_notices(site: Site) {
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
    // The stream has ended by now, and nobody has opened another one.
    site.advance(Duration::from_secs(285 + 61));
    assert_eq!(append("alone-again").await, 8);
}

async fn a_stream_tells_of_an_erasure(site: Site) {
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

async fn streams_are_of_one_user_only(site: Site) {
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
