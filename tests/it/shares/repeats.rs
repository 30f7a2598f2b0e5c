//! Sharing and revoking again, as after a lost response.

use super::{SHARES, path, share};
use crate::common::{Site, message};
use embedded_store::front::Fault;

on_both_stores!(
    sharing_twice_with_one_key_creates_one_share,
    a_share_whose_response_was_lost_is_created_once,
    a_revocation_whose_response_was_lost_succeeds,
);

async fn sharing_twice_with_one_key_creates_one_share(site: Site) {
    let (user, other) = (site.user().await, site.user().await);
    for client in [&user, &other] {
        client.create("c", vec![]).await;
    }
    user.create("d", vec![]).await;
    let named = user.with_header("idempotency-key", "click-1");
    let made = share(&named, "c").await;
    user.append("c", vec![message("m", "user", "later")])
        .await
        .expect(201);
    let again = share(&named, "c").await;
    assert_eq!(again["id"], made["id"]);
    assert_eq!(again["messageCount"], made["messageCount"]);
    assert_ne!(share(&named, "d").await["id"], made["id"]);
    let others = other.with_header("idempotency-key", "click-1");
    assert_ne!(share(&others, "c").await["id"], made["id"]);
    // After it was revoked, a late repeat does not share again.
    user.delete(&path(&made)).await.expect(200);
    assert_eq!(share(&named, "c").await["id"], made["id"]);
    site.anonymous_caller()
        .get(&path(&made))
        .await
        .expect_error(404, "share_not_found");
}

async fn a_share_whose_response_was_lost_is_created_once(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    share(&user, "c").await;
    site.faults().push(Fault::CutAfter, 1);
    share(&user, "c").await;
    let listed = user.get(SHARES).await.expect(200);
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    assert_eq!(site.keys("share:*").await.len(), 2);
}

async fn a_revocation_whose_response_was_lost_succeeds(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let made = share(&user, "c").await;
    user.get(SHARES).await.expect(200);
    site.faults().push(Fault::CutAfter, 1);
    user.delete(&path(&made)).await.expect(200);
}
