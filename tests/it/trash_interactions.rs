//! The trash together with erasures, claims, exports, expiry, other releases, and costs.

use std::time::Duration;

use crate::common::events::Events;
use crate::common::{Site, ids, message};
use crate::trash::{
    DAY, TRASH, bytes_agree, delete, fill_trash, listed, path, purge, restore, statistics, trash,
};
use embedded_store::reply::Reply;
use serde_json::{Value, json};

on_both_stores!(
    an_erasure_empties_the_trash,
    a_claim_moves_the_trash,
    an_export_leaves_the_trash_out,
    a_pinned_conversation_leaves_the_trash_in_time,
    a_conversation_about_to_expire_stays_in_the_trash,
    a_full_trash_gives_up_the_oldest,
    without_a_trash_a_deletion_is_for_good,
    dropping_tombstones_leaves_the_trash_alone,
    deletions_by_an_earlier_release_are_not_restored,
    a_stream_reports_a_restoration,
    the_trash_costs_little,
);

async fn an_erasure_empties_the_trash(site: Site) {
    let user = site.user().await;
    user.create("kept", vec![message("m", "user", "x")]).await;
    fill_trash(&user, 230).await;
    user.delete("/api/user").await.expect(200);
    site.idle().await;
    assert!(site.keys("user:*conversation*").await.is_empty());
}

async fn a_claim_moves_the_trash(site: Site) {
    let (source, target) = (site.user().await, site.user().await);
    source.create("kept", vec![message("m", "user", "x")]).await;
    fill_trash(&source, 60).await;
    for id in ["t3", "t4"] {
        target.create(id, vec![message("own", "user", "x")]).await;
    }
    delete(&target, "t4").await;
    let body = json!({ "action": "claim", "token": source.token() });
    let claimed = target.post("/api/session", &body).await.expect(200);
    assert_eq!(claimed["conversations"], 1);
    let now = statistics(&target).await;
    assert_eq!(now["trash"]["conversations"], 61);
    let found = restore(&target, "t7").await;
    assert_eq!(found["messageCount"], 1);
    assert_eq!(ids(&target.open("t7").await["messages"]), ["m"]);
    // If the id was taken, it gets another id.
    assert_eq!(ids(&target.open("t3").await["messages"]), ["own"]);
    restore(&target, "t4").await;
    assert_eq!(ids(&target.open("t4").await["messages"]), ["own"]);
    let mut aside: Vec<String> = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = target
            .get(&format!("{TRASH}&limit=50{cursor}"))
            .await
            .expect(200);
        aside.extend(
            ids(&page["data"])
                .into_iter()
                .filter(|id| !id.starts_with('t')),
        );
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(aside.len(), 2, "{aside:?}");
    for id in &aside {
        restore(&target, id).await;
        assert_eq!(ids(&target.open(id).await["messages"]), ["m"]);
    }
    bytes_agree(&site, &target).await;
    target.delete("/api/user").await.expect(200);
    site.idle().await;
    assert!(site.keys("*conversation:*").await.is_empty());
}

async fn an_export_leaves_the_trash_out(site: Site) {
    let user = site.user().await;
    for id in ["a", "b"] {
        user.create(id, vec![message("m", "user", "x")]).await;
    }
    delete(&user, "a").await;
    let export = user.get("/api/export").await;
    assert!(
        export.text.contains("\"conversations\":1,"),
        "{}",
        export.text
    );
    user.get("/api/export?conversation=a")
        .await
        .expect_error(404, "conversation_not_found");
}

async fn longest_ttl(site: &Site, pattern: &str) -> Duration {
    let mut longest = 0;
    for key in site.keys(pattern).await {
        if let Reply::Int(ttl) = site.command(&["PTTL", &key]).await {
            longest = longest.max(ttl);
        }
    }
    Duration::from_millis(longest.unsigned_abs())
}

async fn a_pinned_conversation_leaves_the_trash_in_time(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "x")]).await;
    user.patch(&path("c"), &json!({ "pinned": true }))
        .await
        .expect(200);
    delete(&user, "c").await;
    // Also if it is never purged.
    let ttl = longest_ttl(&site, "*conversation:c:*").await;
    assert!(ttl > 30 * DAY && ttl < 40 * DAY, "{ttl:?}");
    let restored = restore(&user, "c").await;
    assert_eq!(restored["expiresAt"], Value::Null);
    assert!(longest_ttl(&site, "*conversation:c:*").await > 100 * 365 * DAY);
}

async fn a_conversation_about_to_expire_stays_in_the_trash(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "x")]).await;
    site.advance(85 * DAY);
    delete(&user, "c").await;
    // On a real Redis, whose clock was not moved.
    site.advance(25 * DAY);
    assert_eq!(restore(&user, "c").await["messageCount"], 1);
    assert_eq!(ids(&user.open("c").await["messages"]), ["m"]);
}

async fn a_full_trash_gives_up_the_oldest(site: Site) {
    let user = site.user().await;
    fill_trash(&user, 501).await;
    let now = statistics(&user).await;
    assert_eq!(now["trash"]["conversations"], 451);
    assert!(site.keys("*conversation:t0:*").await.is_empty());
    user.patch(&path("t0"), &json!({ "trashed": false }))
        .await
        .expect_error(404, "conversation_not_found");
    assert_eq!(restore(&user, "t60").await["messageCount"], 1);
    bytes_agree(&site, &user).await;
}

async fn without_a_trash_a_deletion_is_for_good(site: Site) {
    let deployment = site.deployment(&[("TRASH_DAYS", "0")]).await;
    let user = deployment.user().await;
    user.create("c", vec![message("m", "user", "x")]).await;
    delete(&user, "c").await;
    assert!(trash(&user).await.is_empty());
    assert!(site.keys("*conversation:c:*").await.is_empty());
    user.patch(&path("c"), &json!({ "trashed": false }))
        .await
        .expect_error(404, "conversation_not_found");
}

async fn dropping_tombstones_leaves_the_trash_alone(site: Site) {
    let user = site.user().await;
    for id in ["trashed", "removed", "last"] {
        user.create(id, vec![message("m", "user", "x")]).await;
    }
    delete(&user, "trashed").await;
    user.delete("/api/conversations/removed?permanent=true")
        .await
        .expect(200);
    let meta = site.keys("*conversations:meta").await.remove(0);
    let Reply::Bulk(account) = site.command(&["HGET", &meta, ":account"]).await else {
        panic!("no account");
    };
    let account = String::from_utf8(account).unwrap();
    let (numbers, _) = account.rsplit_once(' ').unwrap();
    let many = format!("{numbers} 1000");
    site.command(&["HSET", &meta, ":account", &many]).await;
    delete(&user, "last").await;
    let left = site.command(&["HEXISTS", &meta, "removed:counters"]).await;
    assert_eq!(left, Reply::Int(0), "the oldest gave way");
    assert_eq!(restore(&user, "trashed").await["messageCount"], 1);
}

/// Like a release without a trash, which deletes what a stopped deletion has left.
async fn deletions_by_an_earlier_release_are_not_restored(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "x")]).await;
    user.create("d", vec![message("m", "user", "x")]).await;
    for id in ["c", "d"] {
        delete(&user, id).await;
    }
    for key in site.keys("*conversation:c:*").await {
        site.command(&["DEL", &key]).await;
    }
    let meta = site.keys("*conversations:meta").await.remove(0);
    for field in ["d", "d:counters", "d:state", "d:writes", "d:deleted"] {
        site.command(&["HDEL", &meta, field]).await;
    }
    for id in ["c", "d"] {
        user.patch(&path(id), &json!({ "trashed": false }))
            .await
            .expect_error(404, "conversation_not_found");
    }
    site.advance(31 * DAY);
    purge(&site, &user).await;
    assert!(site.keys("*conversation:*:*").await.is_empty());
    user.delete(TRASH).await.expect(200);
    assert!(listed(&user).await.is_empty());
}

async fn a_stream_reports_a_restoration(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "x")]).await;
    let mut events = Events::open(&user, "/api/sync", None).await;
    events.next().await;
    delete(&user, "c").await;
    assert_eq!(events.next().await.data["type"], "delete");
    let restored = restore(&user, "c").await;
    let event = events.next().await;
    assert_eq!(event.data["conversationId"], "c");
    assert_eq!(event.data["revision"], restored["revision"]);
}

async fn the_trash_costs_little(site: Site) {
    let user = site.user().await;
    crate::common::use_every_script(&user).await;
    user.create("c", vec![message("m", "user", "x")]).await;
    user.create("d", vec![message("m", "user", "x")]).await;
    user.get(TRASH).await.expect(200);
    delete(&user, "d").await;
    restore(&user, "d").await;
    site.idle().await;
    user.delete(TRASH).await.expect(200);
    delete(&user, "d").await;
    site.begin_window();
    user.get("/api/user").await.expect(200);
    let (_, cost) = site.cost_of(delete(&user, "c")).await;
    assert_eq!((cost.requests, cost.commands), (1, 7));
    let (_, cost) = site.cost_of(user.get(TRASH)).await;
    assert_eq!((cost.requests, cost.commands), (1, 4));
    // Nothing follows the response: it waits for a search to be prepared for it.
    let (_, cost) = site.whole_cost_of(restore(&user, "c")).await;
    assert_eq!((cost.requests, cost.commands), (1, 10));
    let (_, cost) = site.cost_of(user.delete(TRASH)).await;
    assert_eq!((cost.requests, cost.commands), (2, 10));
}
