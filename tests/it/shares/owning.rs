//! The list of a user's own shares, and what ends a share.

use std::time::Duration;

use super::{SHARES, path, share};
use crate::common::{Site, message};
use serde_json::json;

on_both_stores!(
    own_shares_are_listed_newest_first,
    a_revoked_share_is_gone,
    nobody_revokes_or_lists_anothers_share,
    a_share_expires,
    deleting_a_conversation_deletes_its_shares,
    erasing_a_user_deletes_all_shares,
);

const DAY: Duration = Duration::from_secs(86_400);

async fn own_shares_are_listed_newest_first(site: Site) {
    let user = site.user().await;
    assert_eq!(user.get(SHARES).await.expect(200), json!({ "data": [] }));
    user.create("a", vec![message("m", "user", "one")]).await;
    user.create("b", vec![]).await;
    let (first, second) = (share(&user, "a").await, share(&user, "b").await);
    let third = share(&user, "a").await;
    assert_ne!(first["id"], third["id"]);
    let listed = user.get(SHARES).await.expect(200);
    assert_eq!(listed["data"], json!([third, second, first]));
}

async fn a_revoked_share_is_gone(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "hi")]).await;
    let (made, other) = (share(&user, "c").await, share(&user, "c").await);
    let response = user.delete(&path(&made)).await.expect(200);
    assert_eq!(response, json!({ "id": made["id"], "deleted": true }));
    // Again, as after a lost response.
    user.delete(&path(&made)).await.expect(200);
    site.anonymous_caller()
        .get(&path(&made))
        .await
        .expect_error(404, "share_not_found");
    site.anonymous_caller().get(&path(&other)).await.expect(200);
    assert_eq!(user.get(SHARES).await.expect(200)["data"], json!([other]));
    let id = made["id"].as_str().unwrap();
    let stored = site.keys("share:*").await;
    assert!(stored.len() == 1 && !stored[0].contains(id), "{stored:?}");
    assert_eq!(user.open("c").await["messageCount"], 1);
}

async fn nobody_revokes_or_lists_anothers_share(site: Site) {
    let (user, other) = (site.user().await, site.user().await);
    user.create("c", vec![]).await;
    other.create("c", vec![]).await;
    let made = share(&user, "c").await;
    other
        .delete(&path(&made))
        .await
        .expect_error(404, "share_not_found");
    site.anonymous_caller()
        .delete(&path(&made))
        .await
        .expect_error(401, "missing_token");
    site.anonymous_caller()
        .get(SHARES)
        .await
        .expect_error(401, "missing_token");
    assert_eq!(other.get(SHARES).await.expect(200)["data"], json!([]));
    // Nor does a deletion by the other user under the same id.
    other.delete("/api/conversations/c").await.expect(200);
    site.anonymous_caller().get(&path(&made)).await.expect(200);
}

async fn a_share_expires(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "hi")]).await;
    let now = site.clock.now_ms();
    let body = json!({ "conversationId": "c", "expiresAt": now + 3_600_000 });
    let short = user.post(SHARES, &body).await.expect(201);
    let long = share(&user, "c").await;
    for time in [now - 1, now + 91 * 86_400_000] {
        let body = json!({ "conversationId": "c", "expiresAt": time });
        user.post(SHARES, &body)
            .await
            .expect_error(400, "invalid_field");
    }
    site.anonymous_caller().get(&path(&short)).await.expect(200);
    site.advance(Duration::from_secs(3_601));
    site.anonymous_caller()
        .get(&path(&short))
        .await
        .expect_error(404, "share_not_found");
    site.anonymous_caller().get(&path(&long)).await.expect(200);
    assert_eq!(user.get(SHARES).await.expect(200)["data"], json!([long]));
    // A day before the end the conversation still exists, and the user can still revoke.
    site.advance(88 * DAY);
    site.anonymous_caller().get(&path(&long)).await.expect(200);
    user.delete(&path(&long)).await.expect(200);
}

async fn deleting_a_conversation_deletes_its_shares(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "hi")]).await;
    user.create("d", vec![message("m", "user", "hi")]).await;
    let (first, second) = (share(&user, "c").await, share(&user, "c").await);
    let kept = share(&user, "d").await;
    user.delete("/api/conversations/c").await.expect(200);
    for gone in [&first, &second] {
        site.anonymous_caller()
            .get(&path(gone))
            .await
            .expect_error(404, "share_not_found");
        user.delete(&path(gone)).await.expect(200);
    }
    site.anonymous_caller().get(&path(&kept)).await.expect(200);
    assert_eq!(user.get(SHARES).await.expect(200)["data"], json!([kept]));
    assert_eq!(site.keys("share:*").await.len(), 1);
    user.post(SHARES, &json!({ "conversationId": "c" }))
        .await
        .expect_error(404, "conversation_not_found");
}

async fn erasing_a_user_deletes_all_shares(site: Site) {
    let (user, bystander) = (site.user().await, site.user().await);
    for client in [&user, &bystander] {
        client.create("c", vec![message("m", "user", "hi")]).await;
    }
    let made = share(&user, "c").await;
    let kept = share(&bystander, "c").await;
    share(&user, "c").await;
    user.delete("/api/user").await.expect(200);
    site.anonymous_caller()
        .get(&path(&made))
        .await
        .expect_error(404, "share_not_found");
    site.anonymous_caller().get(&path(&kept)).await.expect(200);
    assert_eq!(site.keys("share:*").await.len(), 1);
    assert_eq!(user.get(SHARES).await.expect(200)["data"], json!([]));
}
