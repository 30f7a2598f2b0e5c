//! The trash: a deleted conversation can be restored for a while, unchanged.

use std::time::Duration;

use crate::common::{Client, Site, ids, incompressible, message};
use serde_json::{Value, json};

on_both_stores!(
    a_deleted_conversation_is_restored_as_it_was,
    a_trashed_conversation_is_deleted_everywhere_else,
    the_trash_is_listed_page_by_page,
    the_trash_is_purged_after_thirty_days,
    deleting_for_good_leaves_nothing,
    what_was_restored_is_not_deleted_for_good,
    the_trash_is_emptied,
    only_trashed_conversations_are_restored,
    a_conversation_is_restored_once,
    restoring_respects_the_quota,
    the_trash_counts_towards_the_quota,
);

pub const DAY: Duration = Duration::from_secs(86_400);

pub const TRASH: &str = "/api/conversations?trash=true";

pub fn path(id: &str) -> String {
    format!("/api/conversations/{id}")
}

pub async fn delete(user: &Client, id: &str) {
    user.delete(&path(id)).await.expect(200);
}

pub async fn restore(user: &Client, id: &str) -> Value {
    let body = json!({ "trashed": false });
    user.patch(&path(id), &body).await.expect(200)
}

pub async fn trash(user: &Client) -> Vec<String> {
    ids(&user.get(TRASH).await.expect(200)["data"])
}

pub async fn listed(user: &Client) -> Vec<String> {
    ids(&user.get("/api/conversations").await.expect(200)["data"])
}

pub async fn statistics(user: &Client) -> Value {
    user.get("/api/user").await.expect(200)
}

pub async fn purge(site: &Site, user: &Client) {
    site.advance(DAY + Duration::from_secs(1));
    user.get("/api/conversations").await.expect(200);
    site.idle().await;
}

/// Purging subtracts exactly what was counted.
pub async fn bytes_agree(site: &Site, user: &Client) {
    let before = statistics(user).await;
    purge(site, user).await;
    let after = statistics(user).await;
    assert_eq!(before["bytes"], after["bytes"]);
    assert_eq!(before["totals"]["current"], after["totals"]["current"]);
}

async fn a_deleted_conversation_is_restored_as_it_was(site: Site) {
    let user = site.user().await;
    user.create(
        "c",
        vec![
            message("m1", "user", "x"),
            message("m2", "assistant", &incompressible(3, 3_000)),
        ],
    )
    .await;
    let patch = json!({ "title": "Mine", "tags": ["t"], "note": { "n": 1.50 } });
    user.patch(&path("c"), &patch).await.expect(200);
    user.append("c", vec![message("m3", "user", "y")])
        .await
        .expect(201);
    user.delete("/api/conversations/c/messages/m1")
        .await
        .expect(200);
    let mut before = user.open("c").await;
    site.advance(3 * DAY);
    delete(&user, "c").await;
    user.get(&path("c"))
        .await
        .expect_error(404, "conversation_not_found");
    site.advance(5 * DAY);
    let restored = restore(&user, "c").await;
    assert_eq!(
        restored["revision"],
        before["revision"].as_u64().unwrap() + 1
    );
    let mut after = user.open("c").await;
    for name in ["revision", "etag", "expiresAt"] {
        assert_ne!(before[name], after[name], "{name}");
        before.as_object_mut().unwrap().remove(name);
        after.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(before, after);
    assert!(trash(&user).await.is_empty());
    bytes_agree(&site, &user).await;
    // A message deleted earlier stays deleted, and everything else works.
    let late = json!({ "messages": [message("m1", "user", "x")] });
    let refused = user.post("/api/conversations/c/messages", &late).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    user.append("c", vec![message("m4", "user", "z")])
        .await
        .expect(201);
    delete(&user, "c").await;
    assert_eq!(restore(&user, "c").await["messageCount"], 3);
    // It expires like any other.
    site.advance(85 * DAY);
    assert_eq!(ids(&user.open("c").await["messages"]), ["m2", "m3", "m4"]);
}

async fn a_trashed_conversation_is_deleted_everywhere_else(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "x")]).await;
    let share = json!({ "conversationId": "c" });
    let share = user.post("/api/shares", &share).await.expect(201);
    let share = format!("/api/shares?id={}", share["id"].as_str().unwrap());
    let cursor = user.get("/api/sync").await.expect(200)["nextCursor"].clone();
    delete(&user, "c").await;
    let sync = format!("/api/sync?cursor={}", cursor.as_str().unwrap());
    assert_eq!(user.get(&sync).await.expect(200)["deleted"], json!(["c"]));
    site.anonymous_caller()
        .get(&share)
        .await
        .expect_error(404, "share_not_found");
    user.append("c", vec![message("n", "user", "x")])
        .await
        .expect_error(404, "conversation_not_found");
    user.put(&path("c"), &json!({}))
        .await
        .expect_error(404, "conversation_deleted");
    user.post("/api/conversations", &json!({ "id": "c" }))
        .await
        .expect_error(404, "conversation_deleted");
    let import = user.post("/api/import", &json!([{ "id": "c" }])).await;
    assert_eq!(import.expect(200)["rejected"], 1);
    let totals = statistics(&user).await["totals"]["current"].clone();
    assert_eq!(
        totals,
        json!({ "conversations": 0, "messages": 0, "tokens": 0 })
    );
    // A restored conversation is reported by sync, and its share stays revoked.
    restore(&user, "c").await;
    let changes = user.get(&sync).await.expect(200);
    assert_eq!(ids(&changes["changed"]), ["c"]);
    assert_eq!(changes["deleted"], json!([]));
    site.anonymous_caller()
        .get(&share)
        .await
        .expect_error(404, "share_not_found");
}

async fn the_trash_is_listed_page_by_page(site: Site) {
    let user = site.user().await;
    let mut expected = Vec::new();
    for index in 0..7 {
        let id = format!("c{index}");
        let body = json!({ "id": id, "title": format!("T{index}"), "messages": [message("m", "user", "x")] });
        user.post("/api/conversations", &body).await.expect(201);
        delete(&user, &id).await;
        // Two at a time.
        if index % 2 == 0 {
            site.advance(Duration::from_secs(60));
        }
        expected.insert(0, id);
    }
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = user
            .get(&format!("{TRASH}&limit=2{cursor}"))
            .await
            .expect(200);
        for summary in page["data"].as_array().unwrap() {
            let time = |name: &str| {
                let text = summary[name].as_str().unwrap();
                chrono::DateTime::parse_from_rfc3339(text).unwrap()
            };
            let kept = time("expiresAt") - time("deletedAt");
            assert_eq!(kept.num_milliseconds(), 30 * 86_400_000);
            assert_eq!(summary["messageCount"], 1);
            assert!(summary["title"].as_str().unwrap().starts_with('T'));
        }
        found.extend(ids(&page["data"]));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(statistics(&user).await["trash"]["conversations"], 7);
    user.get(&format!("{TRASH}&pinned=true"))
        .await
        .expect_error(400, "invalid_query");
    user.get("/api/conversations?trash=yes")
        .await
        .expect_error(400, "invalid_query");
    let list = user.get("/api/conversations?cursor=YzEuMS5h").await;
    list.expect(200);
    user.get(&format!("{TRASH}&cursor=YzEuMS5h"))
        .await
        .expect_error(400, "invalid_cursor");
}

async fn the_trash_is_purged_after_thirty_days(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "x")]).await;
    user.create("kept", vec![]).await;
    delete(&user, "c").await;
    site.advance(29 * DAY);
    assert_eq!(trash(&user).await, ["c"]);
    site.advance(2 * DAY);
    assert!(trash(&user).await.is_empty());
    let body = json!({ "trashed": false });
    user.patch(&path("c"), &body)
        .await
        .expect_error(404, "conversation_not_found");
    purge(&site, &user).await;
    assert!(site.keys("*conversation:c:*").await.is_empty());
    user.open("kept").await;
    site.idle().await;
    assert_eq!(
        statistics(&user).await["trash"],
        json!({ "conversations": 0, "bytes": 0 })
    );
    // It stays deleted.
    user.put(&path("c"), &json!({}))
        .await
        .expect_error(404, "conversation_deleted");
    bytes_agree(&site, &user).await;
    site.advance(60 * DAY);
    user.open("kept").await;
    purge(&site, &user).await;
    user.put(&path("c"), &json!({})).await.expect(201);
}

async fn deleting_for_good_leaves_nothing(site: Site) {
    let user = site.user().await;
    for id in ["now", "later"] {
        let text = incompressible(1, 2_000);
        user.create(id, vec![message("m", "user", &text)]).await;
    }
    user.delete("/api/conversations/now?permanent=true")
        .await
        .expect(200);
    delete(&user, "later").await;
    assert_eq!(trash(&user).await, ["later"]);
    let full = statistics(&user).await["bytes"].as_u64().unwrap();
    for _ in 0..2 {
        user.delete("/api/conversations/later?permanent=true")
            .await
            .expect(200);
    }
    assert!(statistics(&user).await["bytes"].as_u64().unwrap() < full);
    assert!(trash(&user).await.is_empty());
    assert!(site.keys("*conversation:*:*").await.is_empty());
    for id in ["now", "later"] {
        user.patch(&path(id), &json!({ "trashed": false }))
            .await
            .expect_error(404, "conversation_not_found");
        user.put(&path(id), &json!({}))
            .await
            .expect_error(404, "conversation_deleted");
    }
    bytes_agree(&site, &user).await;
    user.delete("/api/conversations/now?permanent=maybe")
        .await
        .expect_error(400, "invalid_query");
}

/// On the condition that it is in the trash as it was seen there.
async fn what_was_restored_is_not_deleted_for_good(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "x")]).await;
    let seen = async || {
        delete(&user, "c").await;
        let listed = user.get(TRASH).await.expect(200);
        let deleted_at = listed["data"][0]["deletedAt"].as_str().unwrap();
        format!("{}?permanent=true&deletedAt={deleted_at}", path("c"))
    };
    let first = seen().await;
    restore(&user, "c").await;
    user.delete(&first)
        .await
        .expect_error(404, "conversation_not_found");
    assert_eq!(ids(&user.open("c").await["messages"]), ["m"]);
    // Nor where it was deleted again.
    site.advance(Duration::from_secs(1));
    let second = seen().await;
    user.delete(&first)
        .await
        .expect_error(404, "conversation_not_found");
    assert_eq!(trash(&user).await, ["c"]);
    // As it is there, it goes; that it went is no error.
    for _ in 0..2 {
        user.delete(&second).await.expect(200);
    }
    assert!(trash(&user).await.is_empty());
    bytes_agree(&site, &user).await;
    user.delete("/api/conversations/never?deletedAt=2026-01-01T00:00:00Z")
        .await
        .expect_error(404, "conversation_not_found");
    user.delete(&format!("{}?deletedAt=yesterday", path("c")))
        .await
        .expect_error(400, "invalid_query");
    // Without the condition it is deleted wherever it is.
    user.create("d", vec![message("m", "user", "x")]).await;
    user.delete(&format!("{}?permanent=true", path("d")))
        .await
        .expect(200);
    assert!(trash(&user).await.is_empty());
}

pub async fn fill_trash(user: &Client, count: usize) {
    let all: Vec<Value> = (0..count)
        .map(|index| json!({ "id": format!("t{index}"), "messages": [message("m", "user", "x")] }))
        .collect();
    user.post("/api/import", &json!(all)).await.expect(200);
    for index in 0..count {
        delete(user, &format!("t{index}")).await;
    }
}

async fn the_trash_is_emptied(site: Site) {
    let user = site.user().await;
    user.create("kept", vec![message("m", "user", "x")]).await;
    fill_trash(&user, 130).await;
    user.delete("/api/conversations")
        .await
        .expect_error(400, "invalid_query");
    for _ in 0..2 {
        let emptied = user.delete(TRASH).await.expect(200);
        assert_eq!(emptied, json!({ "emptied": true }));
    }
    assert!(trash(&user).await.is_empty());
    assert!(site.keys("*conversation:t*").await.is_empty());
    assert_eq!(ids(&user.open("kept").await["messages"]), ["m"]);
    bytes_agree(&site, &user).await;
    // A late repeat under the same key empties nothing else.
    let named = user.with_header("idempotency-key", "empty");
    named.delete(TRASH).await.expect(200);
    delete(&user, "kept").await;
    named.delete(TRASH).await.expect(200);
    assert_eq!(trash(&user).await, ["kept"]);
    let newcomer = site.user().await;
    newcomer.delete(TRASH).await.expect(200);
}

async fn only_trashed_conversations_are_restored(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "x")]).await;
    let before = user.open("c").await;
    let unchanged = restore(&user, "c").await;
    assert_eq!(unchanged["revision"], before["revision"]);
    user.patch(&path("never"), &json!({ "trashed": false }))
        .await
        .expect_error(404, "conversation_not_found");
    for wrong in [
        json!({ "trashed": true }),
        json!({ "trashed": "false" }),
        json!({ "trashed": false, "title": "x" }),
    ] {
        user.patch(&path("c"), &wrong)
            .await
            .expect_error(400, "invalid_field");
    }
    let other = site.user().await;
    delete(&user, "c").await;
    other
        .patch(&path("c"), &json!({ "trashed": false }))
        .await
        .expect_error(404, "conversation_not_found");
    let tag = format!("\"{}\"", before["etag"].as_str().unwrap());
    user.with_header("if-match", &tag)
        .patch(&path("c"), &json!({ "trashed": false }))
        .await
        .expect_error(412, "revision_mismatch");
}

async fn a_conversation_is_restored_once(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "x")]).await;
    delete(&user, "c").await;
    let named = user.with_header("idempotency-key", "restore");
    let first = restore(&named, "c").await;
    delete(&user, "c").await;
    let again = restore(&named, "c").await;
    assert_eq!(first["revision"], again["revision"]);
    assert_eq!(trash(&user).await, ["c"], "the repeat restores nothing");
    let second = restore(&user, "c").await;
    assert!(second["revision"].as_u64() > first["revision"].as_u64());
}

async fn restoring_respects_the_quota(site: Site) {
    let deployment = site.deployment(&[("MAX_CONVERSATIONS", "2")]).await;
    let user = deployment.user().await;
    for id in ["a", "b"] {
        user.create(id, vec![]).await;
    }
    delete(&user, "a").await;
    user.create("c", vec![]).await;
    user.patch(&path("a"), &json!({ "trashed": false }))
        .await
        .expect_error(403, "too_many_conversations_kept");
    assert_eq!(trash(&user).await, ["a"]);
    delete(&user, "b").await;
    restore(&user, "a").await;
}

async fn the_trash_counts_towards_the_quota(site: Site) {
    let deployment = site.deployment(&[("MAX_USER_BYTES", "20000")]).await;
    let user = deployment.user().await;
    let large = || vec![message("m", "user", &incompressible(1, 12_000))];
    user.create("a", large()).await;
    delete(&user, "a").await;
    let now = statistics(&user).await;
    assert_eq!(now["trash"]["conversations"], 1);
    assert!(now["trash"]["bytes"].as_u64().unwrap() > 11_000);
    assert!(now["bytes"].as_u64() >= now["trash"]["bytes"].as_u64());
    let refused = json!({ "id": "b", "messages": large() });
    user.post("/api/conversations", &refused)
        .await
        .expect_error(403, "too_much_text_kept");
    user.delete(TRASH).await.expect(200);
    user.create("b", large()).await;
}
