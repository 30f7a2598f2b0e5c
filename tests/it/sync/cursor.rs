//! Changes since a cursor, page by page.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::common::follower::{Follower, truth};
use crate::common::{Site, ids, message, sample};
use serde_json::{Value, json};

on_both_stores!(
    without_a_cursor_everything_comes_page_by_page,
    a_cursor_finds_what_changed_and_what_was_deleted,
    a_write_reveals_whether_changes_were_missed,
    a_sync_without_changes_costs_three_commands,
    changes_in_one_millisecond_are_all_found_once,
    changes_during_a_full_read_are_found,
    an_import_voids_older_cursors,
    an_old_save_voids_older_cursors,
    a_cursor_older_than_the_tombstones_starts_over,
    a_random_history_is_followed_exactly,
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
    let response = follower.step(&user, 20).await;
    assert_eq!(ids(&response["changed"]), ["a", "d"]);
    assert_eq!(response["deleted"], json!(["b"]));
    assert_eq!(response["hasMore"], false);
    // The writer need not sync: the response has the new change sequence.
    let written = user
        .patch("/api/conversations/a", &json!({ "title": "T" }))
        .await
        .expect(200);
    let response = follower.step(&user, 20).await;
    assert_eq!(written["clock"], response["clock"]);
    user.get("/api/sync?cursor=nonsense")
        .await
        .expect_error(400, "invalid_cursor");
}

/// A client that knows the change sequence before a write and sees the write need not sync: the new change sequence
/// is a cursor.
async fn a_write_reveals_whether_changes_were_missed(site: Site) {
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
    let response = sync(&clock).await;
    assert_eq!(
        (&response["changed"], &response["deleted"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(
        sync(&writes[3]["clock"]).await["deleted"],
        json!(["c"]),
        "what came after the clock is found"
    );
}

async fn a_sync_without_changes_costs_three_commands(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let mut follower = Follower::default();
    follower.catch_up(&user).await;
    site.begin_window();
    follower.step(&user, 20).await;
    // Upkeep found due by a sync is done first, and not counted below.
    site.idle().await;
    let (response, cost) = site.cost_of(follower.step(&user, 20)).await;
    assert_eq!(
        (ids(&response["changed"]).len(), response["deleted"].clone()),
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
        let response = follower.step(&user, 3).await;
        found.extend(ids(&response["changed"]));
        if response["hasMore"] == false {
            break;
        }
    }
    assert_eq!(found.len(), 20);
    assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), 20);
}

async fn changes_during_a_full_read_are_found(site: Site) {
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
    // Dated long ago, these sort after what the cursors have passed.
    user.post("/api/import", &sample()).await.expect(200);
    for behind in [&mut follower, &mut reading] {
        behind.catch_up(&user).await;
        assert_eq!(behind.resets, 1);
        assert_eq!(behind.known, truth(&user).await);
    }
    // An import without changes voids no cursor.
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

/// Two followers that sync at different times, and a random history of all operations.
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
