//! Several devices of one user: codes, and signing out everywhere.

use std::time::Duration;

use crate::common::{Client, Site, message};
use embedded_store::front::Fault;
use serde_json::json;

on_both_stores!(
    another_device_becomes_the_same_user_by_a_code,
    a_code_is_good_once_and_for_ten_minutes,
    an_address_may_try_five_wrong_codes,
    a_code_survives_a_lost_response,
    a_repeat_shows_a_code_that_works,
    a_code_goes_with_its_user_even_where_there_is_nothing_else,
    a_repeated_sign_out_gets_the_same_response,
    signing_out_everywhere_voids_older_tokens,
    a_sign_out_voids_earlier_codes,
    codes_require_a_token_and_are_validated,
);

async fn code_of(user: &Client) -> String {
    let linked = user
        .post("/api/session", &json!({ "action": "link" }))
        .await
        .expect(201);
    linked["code"].as_str().unwrap().to_owned()
}

pub(crate) async fn redeem(client: &Client, code: &str) -> crate::common::client::TestResponse {
    client
        .post("/api/session", &json!({ "action": "redeem", "code": code }))
        .await
}

async fn another_device_becomes_the_same_user_by_a_code(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "hi")]).await;
    let code = code_of(&user).await;
    assert_eq!(code.len(), 8);
    // As a person types it.
    let typed = format!("{}-{}", &code[..4].to_lowercase(), &code[4..]);
    let session = redeem(&site.anonymous_caller(), &typed).await.expect(200);
    let other = site
        .anonymous_caller()
        .with_token(session["token"].as_str().unwrap());
    assert_eq!(other.open("c").await["messages"][0]["content"], "hi");
    let mine = user.get("/api/session").await.expect(200);
    assert_eq!(session["userId"], mine["userId"]);
    // The code itself is nowhere in the database.
    let keys = site.keys("*").await.join(" ");
    assert!(!keys.contains(&code));
}

async fn a_code_is_good_once_and_for_ten_minutes(site: Site) {
    let user = site.user().await;
    let code = code_of(&user).await;
    redeem(&site.anonymous_caller(), &code).await.expect(200);
    redeem(&site.anonymous_caller(), &code)
        .await
        .expect_error(403, "wrong_code");
    // A real Redis keeps its own time.
    if site.engine.is_some() {
        let code = code_of(&user).await;
        site.advance(Duration::from_secs(601));
        redeem(&site.anonymous_caller(), &code)
            .await
            .expect_error(403, "wrong_code");
    }
}

async fn an_address_may_try_five_wrong_codes(site: Site) {
    let user = site.user().await;
    let code = code_of(&user).await;
    let thief = site
        .anonymous_caller()
        .with_header("x-real-ip", "192.0.2.66");
    for guess in 0..5 {
        redeem(&thief, &format!("AAAAAAA{guess}"))
            .await
            .expect_error(403, "wrong_code");
    }
    let response = redeem(&thief, &code).await;
    response.expect_error(429, "too_many_codes");
    assert_eq!(response.header("retry-after"), Some("600"));
    let owner = site
        .anonymous_caller()
        .with_header("x-real-ip", "192.0.2.7");
    redeem(&owner, &code).await.expect(200);
}

async fn a_code_survives_a_lost_response(site: Site) {
    let user = site.user().await;
    redeem(&site.anonymous_caller(), "AAAAAAAA")
        .await
        .expect_error(403, "wrong_code");
    let code = code_of(&user).await;
    site.faults().push(Fault::CutAfter, 1);
    redeem(&site.anonymous_caller(), &code).await.expect(200);
}

/// A client whose connection broke sends the call again: what it shows then has to be what was stored.
async fn a_repeat_shows_a_code_that_works(site: Site) {
    let (user, other) = (site.user().await, site.user().await);
    let named = |client: &Client| client.with_header("idempotency-key", "link-1");
    let first = code_of(&named(&user)).await;
    assert_ne!(code_of(&named(&other)).await, first);
    let again = code_of(&named(&user)).await;
    let session = redeem(&site.anonymous_caller(), &again).await.expect(200);
    let mine = user.get("/api/session").await.expect(200);
    assert_eq!(session["userId"], mine["userId"]);
    assert_eq!(again, first);
    assert_ne!(code_of(&user).await, first);
}

/// Next to nothing is kept of a user without data, and only for a minute; but the record of the code has to last as long
/// as the code.
async fn a_code_goes_with_its_user_even_where_there_is_nothing_else(site: Site) {
    let user = site.user().await;
    let code = code_of(&user).await;
    site.advance(Duration::from_secs(300));
    user.delete("/api/user").await.expect(200);
    assert!(site.keys("link:*").await.is_empty());
    redeem(&site.anonymous_caller(), &code)
        .await
        .expect_error(403, "wrong_code");
}

/// The token is void by then, but the client has no other.
async fn a_repeated_sign_out_gets_the_same_response(site: Site) {
    let user = site.user().await;
    let named = user.with_header("idempotency-key", "sign-out-1");
    let body = json!({ "action": "signOutEverywhere" });
    named.post("/api/session", &body).await.expect(200);
    site.advance(Duration::from_secs(5));
    let again = named.post("/api/session", &body).await.expect(200);
    let other = site
        .anonymous_caller()
        .with_token(again["token"].as_str().unwrap());
    other.get("/api/conversations").await.expect(200);
    // The key belongs to one request, so the void token is good for nothing else.
    named
        .patch("/api/session", &json!({ "currentConversationId": null }))
        .await
        .expect_error(401, "signed_out");
}

async fn signing_out_everywhere_voids_older_tokens(site: Site) {
    let (user, bystander) = (site.user().await, site.user().await);
    user.create("c", vec![]).await;
    let code = code_of(&user).await;
    let session = redeem(&site.anonymous_caller(), &code).await.expect(200);
    let stolen = site
        .anonymous_caller()
        .with_token(session["token"].as_str().unwrap());
    stolen.open("c").await;
    site.advance(Duration::from_secs(1));
    let out = user
        .post("/api/session", &json!({ "action": "signOutEverywhere" }))
        .await
        .expect(200);
    for old in [&user, &stolen] {
        old.get("/api/conversations/c")
            .await
            .expect_error(401, "signed_out");
        old.get("/api/conversations")
            .await
            .expect_error(401, "signed_out");
        old.get("/api/session")
            .await
            .expect_error(401, "signed_out");
        old.get("/api/sync").await.expect_error(401, "signed_out");
        old.post("/api/session", &json!({}))
            .await
            .expect_error(401, "signed_out");
        old.post("/api/session", &json!({ "action": "link" }))
            .await
            .expect_error(401, "signed_out");
        old.append("c", vec![message("m", "user", "x")])
            .await
            .expect_error(401, "signed_out");
        old.delete("/api/conversations/c")
            .await
            .expect_error(401, "signed_out");
        old.post("/api/import", &json!([{ "id": "x" }]))
            .await
            .expect_error(401, "signed_out");
    }
    let fresh = user.with_token(out["token"].as_str().unwrap());
    assert_eq!(fresh.open("c").await["messageCount"], 0);
    bystander.get("/api/session").await.expect(200);
}

async fn codes_require_a_token_and_are_validated(site: Site) {
    let anonymous_caller = site.anonymous_caller();
    for action in ["link", "signOutEverywhere"] {
        anonymous_caller
            .post("/api/session", &json!({ "action": action }))
            .await
            .expect_error(401, "missing_token");
    }
    for body in [
        json!({ "action": "steal" }),
        json!({ "action": 5 }),
        json!({ "action": "redeem" }),
        json!({ "action": "redeem", "code": "short" }),
        json!({ "action": "redeem", "code": 12_345_678 }),
        json!({ "code": "ABCDEFGH" }),
    ] {
        anonymous_caller
            .post("/api/session", &body)
            .await
            .expect_error(400, "invalid_field");
    }
}

async fn a_sign_out_voids_earlier_codes(site: Site) {
    let user = site.user().await;
    let code = code_of(&user).await;
    site.advance(Duration::from_secs(1));
    let out = json!({ "action": "signOutEverywhere" });
    user.post("/api/session", &out).await.expect(200);
    let session = redeem(&site.anonymous_caller(), &code).await.expect(200);
    let thief = site
        .anonymous_caller()
        .with_token(session["token"].as_str().unwrap());
    thief
        .get("/api/session")
        .await
        .expect_error(401, "signed_out");
}
