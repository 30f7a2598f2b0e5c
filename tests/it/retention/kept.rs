//! Pinned and kept conversations, which never expire.

use serde_json::{Value, json};

use super::{DAY, DAY_MS, USER, days_left, lasting, listed, patch, pttl, purge};
use crate::common::{Site, ids, message};

on_both_stores!(
    pinned_and_kept_conversations_never_expire,
    conversations_no_longer_kept_expire_again,
    kept_conversations_are_counted_and_erased,
    the_users_keys_expire_once_nothing_is_kept,
    listing_keeps_conversations_pinned_by_an_earlier_release,
    an_account_full_of_kept_conversations_is_refused_more,
);

async fn pinned_and_kept_conversations_never_expire(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let user = deployment.user().await;
    let one = || vec![message("m", "user", "x")];
    for id in ["pinned", "kept", "plain", "false"] {
        user.create(id, one()).await;
    }
    let pinned = patch(&user, "pinned", json!({ "pinned": true })).await;
    assert_eq!(pinned["expiresAt"], Value::Null);
    let kept = patch(&user, "kept", json!({ "keep": true })).await;
    assert_eq!(
        (&kept["expiresAt"], &kept["keep"]),
        (&Value::Null, &json!(true))
    );
    let other = patch(
        &user,
        "false",
        json!({ "keep": false, "note": { "keep": true } }),
    )
    .await;
    assert_eq!(days_left(&site, &other), 90);
    let new = json!({ "id": "new", "keep": true, "messages": one() });
    let new = user.post("/api/conversations", &new).await.expect(201);
    assert_eq!(new["expiresAt"], Value::Null);
    let imported = json!([{ "id": "imported", "pinned": true, "messages": one() }]);
    user.post("/api/import", &imported).await.expect(200);
    for _ in 0..2 {
        site.advance(400 * DAY);
        purge(&site, &deployment, &user).await;
        let mut left = listed(&user).await;
        left.sort();
        assert_eq!(left, ["imported", "kept", "new", "pinned"]);
    }
    for id in ["imported", "kept", "new", "pinned"] {
        let opened = user.open(id).await;
        assert_eq!(ids(&opened["messages"]), ["m"], "{id}");
        assert_eq!(opened["expiresAt"], Value::Null);
        user.append(id, vec![message("n", "user", "y")])
            .await
            .expect(201);
        // Redis keeps the keys as long.
        let ttls = pttl(&site, &format!("*conversation:{id}:*")).await;
        assert_eq!(ttls.len(), 2);
        assert!(ttls.iter().all(|ttl| *ttl > 1_000 * 365 * DAY_MS));
    }
    let account = pttl(&site, "*conversations*").await;
    assert!(account.iter().all(|ttl| *ttl > 1_000 * 365 * DAY_MS));
}

async fn conversations_no_longer_kept_expire_again(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let user = deployment.user().await;
    user.create("c", vec![message("m", "user", "x")]).await;
    patch(&user, "c", json!({ "pinned": true, "keep": true })).await;
    site.advance(200 * DAY);
    let still = patch(&user, "c", json!({ "pinned": false })).await;
    assert_eq!(still["expiresAt"], Value::Null);
    let unkept = patch(&user, "c", json!({ "keep": null })).await;
    assert_eq!(days_left(&site, &unkept), 90);
    let ttls = pttl(&site, "*conversation:c:*").await;
    assert!(ttls.iter().all(|ttl| *ttl < 300 * DAY_MS), "{ttls:?}");
    site.advance(91 * DAY);
    user.get("/api/conversations/c")
        .await
        .expect_error(404, "conversation_not_found");
    purge(&site, &deployment, &user).await;
    assert!(site.keys("*conversation:c:*").await.is_empty());
    // A whole save takes the flag from its body.
    let kept = json!({ "keep": true, "messages": [message("m", "user", "x")] });
    let saved = user.put("/api/conversations/d", &kept).await.expect(201);
    assert_eq!(saved["expiresAt"], Value::Null);
    let plain = json!({ "messages": [message("m", "user", "x")] });
    let saved = user.put("/api/conversations/d", &plain).await.expect(200);
    assert_eq!(days_left(&site, &saved), 90);
}

async fn kept_conversations_are_counted_and_erased(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let user = deployment.user().await;
    for index in 0..3 {
        let id = format!("c{index}");
        user.create(&id, vec![message("m", "user", "x")]).await;
        patch(&user, &id, json!({ "keep": true })).await;
    }
    let before = user.get(USER).await.expect(200);
    site.advance(500 * DAY);
    purge(&site, &deployment, &user).await;
    let after = user.get(USER).await.expect(200);
    assert_eq!(after["totals"]["current"]["conversations"], 3);
    assert_eq!(after["bytes"], before["bytes"]);
    user.delete(USER).await.expect(200);
    deployment.idle().await;
    assert!(site.keys("user:*conversation*").await.is_empty());
}

async fn the_users_keys_expire_once_nothing_is_kept(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let user = deployment.user().await;
    user.create("c", vec![message("m", "user", "x")]).await;
    patch(&user, "c", json!({ "keep": true })).await;
    patch(&user, "c", json!({ "keep": false })).await;
    let far = |ttls: &[i64]| ttls.iter().any(|ttl| *ttl > 300 * DAY_MS);
    assert!(far(&pttl(&site, "*conversations:meta").await));
    site.advance(2 * DAY);
    purge(&site, &deployment, &user).await;
    let ttls = pttl(&site, "user:*").await;
    assert!(!far(&ttls), "{ttls:?}");
    // The expiry still slides.
    site.advance(80 * DAY);
    user.append("c", vec![message("n", "user", "x")])
        .await
        .expect(201);
    let ttls = pttl(&site, "*conversations*").await;
    assert!(ttls.iter().all(|ttl| *ttl > 89 * DAY_MS), "{ttls:?}");
    assert!(!far(&ttls));
}

/// An earlier release wrote a pinned conversation with an expiry.
async fn listing_keeps_conversations_pinned_by_an_earlier_release(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let user = deployment.user().await;
    let all: Vec<Value> = (0..15)
        .map(|index| json!({ "id": format!("c{index}"), "messages": [message("m", "user", "x")] }))
        .collect();
    user.post("/api/import", &json!(all)).await.expect(200);
    let meta = site.keys("*conversations:meta").await.remove(0);
    for index in 0..15 {
        let record = "\"pinned\"\u{1f}true\u{1e}";
        site.command(&["HSET", &meta, &format!("c{index}"), record])
            .await;
    }
    for left in [5, 0] {
        listed(&user).await;
        deployment.idle().await;
        let list = user.get("/api/conversations").await.expect(200);
        let list = list["data"].as_array().unwrap();
        let expiring = list
            .iter()
            .filter(|summary| !summary["expiresAt"].is_null());
        assert_eq!(expiring.count(), left);
    }
    site.advance(100 * DAY);
    assert_eq!(listed(&user).await.len(), 15);
    assert_eq!(ids(&user.open("c3").await["messages"]), ["m"]);
}

async fn an_account_full_of_kept_conversations_is_refused_more(site: Site) {
    let deployment = lasting(&site, &[("MAX_CONVERSATIONS", "2")]).await;
    let user = deployment.user().await;
    for id in ["a", "b"] {
        user.put(
            &format!("/api/conversations/{id}"),
            &json!({ "keep": true }),
        )
        .await
        .expect(201);
    }
    site.advance(365 * DAY);
    user.get("/api/conversations").await.expect(200);
    deployment.idle().await;
    user.put("/api/conversations/c", &json!({}))
        .await
        .expect_error(403, "too_many_conversations_kept");
}
