//! Accounts with very many deletions, revocations and reused ids.

use std::time::Duration;

use super::{DAY, field, meta_of};
use crate::common::{Cost, Site, ids, message};
use serde_json::json;

on_both_stores!(
    tombstones_of_an_old_account_last_as_long_as_others,
    a_reused_id_outlives_its_dropped_tombstone,
    thousands_of_revoked_shares_cost_little_and_can_be_erased,
);

async fn tombstones_of_an_old_account_last_as_long_as_others(site: Site) {
    let patient = site.deployment(&[("TOKEN_TTL_DAYS", "400")]).await;
    let user = patient.user().await;
    user.create("c", vec![message("m", "user", "x")]).await;
    site.advance(89 * DAY);
    user.delete("/api/conversations/c").await.expect(200);
    let late = json!({ "id": "c", "messages": [message("m", "user", "x")] });
    for days in [1, 60, 28] {
        site.advance(days * DAY);
        user.put("/api/conversations/c", &late)
            .await
            .expect_error(404, "conversation_deleted");
        user.post("/api/conversations", &late)
            .await
            .expect_error(404, "conversation_deleted");
    }
    site.advance(2 * DAY);
    user.put("/api/conversations/c", &late).await.expect(201);
}

async fn a_reused_id_outlives_its_dropped_tombstone(site: Site) {
    let user = site.user().await;
    let path = "/api/conversations/again";
    for id in ["again", "other"] {
        user.create(id, vec![message("m", "user", "x")]).await;
    }
    user.delete(path).await.expect(200);
    site.advance(90 * DAY + Duration::from_secs(3_600));
    for id in ["again", "another"] {
        user.create(id, vec![message("m", "user", "x")]).await;
    }
    // As if there were so many tombstones that the next deletion drops the oldest.
    let meta = meta_of(&site).await;
    let account = field(&site, &meta, ":account").await;
    let (numbers, _) = account.rsplit_once(' ').unwrap();
    site.command(&["HSET", &meta, ":account", &format!("{numbers} 1000")])
        .await;
    user.delete("/api/conversations/another").await.expect(200);
    assert_eq!(ids(&user.open("again").await["messages"]), ["m"]);
}

async fn thousands_of_revoked_shares_cost_little_and_can_be_erased(site: Site) {
    let user = site.user().await;
    for id in ["a", "b", "c"] {
        user.create(id, vec![message("m", "user", "x")]).await;
    }
    let warm = json!({ "conversationId": "b" });
    user.post("/api/shares", &warm).await.expect(201);
    user.delete("/api/conversations/b").await.expect(200);
    let meta = meta_of(&site).await;
    let living = write_old_shares(&site, &meta).await;
    for id in &living {
        site.anonymous_caller()
            .get(&format!("/api/shares?id={id}"))
            .await
            .expect(200);
    }
    let list = user.get("/api/shares").await.expect(200);
    assert_eq!(ids(&list["data"]).len(), living.len());
    let (response, cost) = site.cost_of(user.delete("/api/conversations/a")).await;
    response.expect(200);
    let usual = Cost {
        requests: 1,
        commands: 7,
    };
    assert_eq!(cost, usual);
    // From then on only the remembered ones are kept.
    assert!(field(&site, &meta, ":shares").await.len() < 20_000);
    user.delete("/api/user").await.expect(200);
    site.idle().await;
    let mut keys = site.keys("*").await;
    keys.retain(|key| !key.contains("address:"));
    assert!(keys.is_empty(), "{keys:?}");
}

/// The rows and keys of 9,000 shares, nearly all revoked; the ids of those that are not.
async fn write_old_shares(site: &Site, meta: &str) -> Vec<String> {
    let (now, mut rows, mut living) = (site.clock.now_ms(), String::new(), Vec::new());
    let expires = now + 80 * 86_400_000;
    for index in 0..9_000 {
        let id = format!("old-share-{index:011}A");
        let conversation = if index % 1_000 == 0 { "c" } else { "" };
        let row = [
            &id,
            conversation,
            &now.to_string(),
            &expires.to_string(),
            "0",
            "0",
            "\"T\"",
        ];
        rows += &format!("{}\u{1e}", row.join("\u{1f}"));
        if !conversation.is_empty() {
            let numbers = format!("{now} {expires} 0 0\u{1e}\"T\"");
            let key = format!("share:{id}");
            site.command(&["HSET", &key, ":share", &numbers]).await;
            living.push(id);
        }
    }
    site.command(&["HSET", meta, ":shares", &rows]).await;
    living
}
