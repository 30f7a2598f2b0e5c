//! Whose token claims what, and that it does so once.

use std::time::Duration;

use super::{SESSION, account, claim};
use crate::common::{Site, message};
use embedded_store::reply::Reply;
use serde_json::{Value, json};

on_both_stores!(
    the_anonymous_users_tokens_are_void_afterwards,
    only_one_account_gets_it,
    a_token_that_was_signed_out_claims_nothing,
    bad_claims_change_nothing,
);

async fn the_anonymous_users_tokens_are_void_afterwards(site: Site) {
    let anonymous = site.user().await;
    anonymous.create("c", vec![]).await;
    let code = anonymous
        .post(SESSION, &json!({ "action": "link" }))
        .await
        .expect(201);
    let body = json!({ "action": "redeem", "code": code["code"] });
    let session = site
        .anonymous_caller()
        .post(SESSION, &body)
        .await
        .expect(200);
    let device = site
        .anonymous_caller()
        .with_token(session["token"].as_str().unwrap());
    device.open("c").await;
    site.advance(Duration::from_millis(5));
    claim(&account(&site, "ada").await, &anonymous)
        .await
        .expect(200);
    for old in [&anonymous, &device] {
        old.get("/api/conversations")
            .await
            .expect_error(401, "signed_out");
        old.append("c", vec![message("m", "user", "late")])
            .await
            .expect_error(401, "signed_out");
        old.post(SESSION, &json!({}))
            .await
            .expect_error(401, "signed_out");
    }
}

async fn only_one_account_gets_it(site: Site) {
    let anonymous = site.user().await;
    anonymous
        .create("c", vec![message("m", "user", "mine")])
        .await;
    let (ada, eve) = (account(&site, "ada").await, account(&site, "eve").await);
    claim(&ada, &anonymous).await.expect(200);
    claim(&eve, &anonymous)
        .await
        .expect_error(409, "already_claimed");
    eve.get("/api/conversations/c").await.expect(404);
    ada.open("c").await;
    // Erasing the account does not release it, although nothing names its former owner any more.
    let id = ada.get(SESSION).await.expect(200)["userId"].clone();
    ada.delete("/api/user").await.expect(200);
    let mut marks = 0;
    for key in site.keys("*:conversations:meta").await {
        if let Reply::Bulk(mark) = site.command(&["HGET", &key, ":claimed"]).await {
            assert_ne!(mark, id.as_str().unwrap().as_bytes());
            marks += 1;
        }
    }
    assert_eq!(marks, 1);
    claim(&eve, &anonymous)
        .await
        .expect_error(409, "already_claimed");
}

async fn a_token_that_was_signed_out_claims_nothing(site: Site) {
    let (anonymous, thief) = (site.user().await, account(&site, "eve").await);
    anonymous.create("c", vec![]).await;
    site.advance(Duration::from_secs(1));
    let body = json!({ "action": "signOutEverywhere" });
    let fresh = anonymous.post(SESSION, &body).await.expect(200);
    claim(&thief, &anonymous)
        .await
        .expect_error(403, "wrong_token");
    let fresh = anonymous.with_token(fresh["token"].as_str().unwrap());
    fresh.open("c").await;
    claim(&account(&site, "ada").await, &fresh)
        .await
        .expect(200);
}

async fn bad_claims_change_nothing(site: Site) {
    let (anonymous, account) = (site.user().await, account(&site, "ada").await);
    anonymous.create("c", vec![]).await;
    for (token, status, code) in [
        (json!("nonsense"), 403, "wrong_token"),
        (json!(account.token()), 403, "wrong_token"),
        (json!("x".repeat(100_000)), 403, "wrong_token"),
        (json!(5), 400, "invalid_field"),
        (Value::Null, 400, "invalid_field"),
    ] {
        let body = json!({ "action": "claim", "token": token });
        account
            .post(SESSION, &body)
            .await
            .expect_error(status, code);
    }
    claim(&anonymous, &anonymous)
        .await
        .expect_error(400, "invalid_field");
    claim(&site.anonymous_caller(), &anonymous)
        .await
        .expect_error(401, "missing_token");
    let off = site.deployment(&[("REDIS_ENABLED", "false")]).await;
    let other = off.anonymous_caller().with_token(site.user().await.token());
    claim(&other, &anonymous)
        .await
        .expect_error(503, "storage_disabled");
    anonymous.open("c").await;
}
