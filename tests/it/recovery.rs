//! Recovery codes: an anonymous user returns after all devices have lost the session.

use crate::common::client::TestResponse;
use crate::common::{AUTH_SECRET, Client, DAY, Site, message};
use conversation_store::model::RecoveryCode;
use embedded_store::front::Fault;
use embedded_store::reply::Reply;
use serde_json::{Value, json};

on_both_stores!(
    a_code_can_be_used_repeatedly,
    a_new_code_replaces_the_previous_one,
    a_revoked_code_is_refused,
    a_code_survives_a_sign_out_everywhere,
    a_code_goes_with_its_user,
    a_claim_revokes_the_code_of_the_claimed_user,
    a_repeat_shows_the_same_code,
    wrong_codes_are_limited_with_those_of_devices,
    a_code_lasts_as_long_as_its_users_data,
    a_code_works_under_every_verifying_secret,
    the_cost_of_codes_is_constant,
);

const SESSION: &str = "/api/session";

async fn create(user: &Client) -> Value {
    let body = json!({ "action": "createRecoveryCode" });
    user.post(SESSION, &body).await.expect(201)
}

async fn code_of(user: &Client) -> String {
    create(user).await["recoveryCode"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn recover(client: &Client, code: &str) -> TestResponse {
    client
        .post(SESSION, &json!({ "action": "recover", "code": code }))
        .await
}

async fn created_at(user: &Client) -> Value {
    user.get("/api/user").await.expect(200)["recoveryCodeCreatedAt"].clone()
}

async fn codes(site: &Site) -> Vec<String> {
    site.keys("recovery:*").await
}

async fn a_code_can_be_used_repeatedly(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", "hi")]).await;
    assert_eq!(created_at(&user).await, Value::Null);
    let made = create(&user).await;
    assert_eq!(created_at(&user).await, made["createdAt"]);
    let code = made["recoveryCode"].as_str().unwrap();
    assert_eq!((code.len(), code.split('-').count()), (34, 7));
    let id = user.get(SESSION).await.expect(200)["userId"].clone();
    for typed in [
        code.to_owned(),
        code.to_lowercase().replace('-', " "),
        code.replace('0', "O"),
    ] {
        let session = recover(&site.anonymous_caller(), &typed).await.expect(200);
        assert_eq!(session["userId"], id);
        let back = site
            .anonymous_caller()
            .with_token(session["token"].as_str().unwrap());
        assert_eq!(back.open("c").await["messages"][0]["content"], "hi");
    }
    // It is neither in the log nor in the database, and only the first response shows it.
    let bare = code.replace('-', "");
    let stored = site.keys("*").await.concat() + &site.log_lines().concat();
    let shown = user.get("/api/user").await.text + &user.get(SESSION).await.text;
    for text in [stored, shown] {
        assert!(!text.contains(code) && !text.contains(&bare), "{text}");
    }
}

async fn a_new_code_replaces_the_previous_one(site: Site) {
    let (user, other) = (site.user().await, site.user().await);
    let (first, others) = (code_of(&user).await, code_of(&other).await);
    let second = code_of(&user).await;
    assert!(first != second && first != others);
    recover(&site.anonymous_caller(), &first)
        .await
        .expect_error(403, "wrong_code");
    recover(&site.anonymous_caller(), &second).await.expect(200);
    recover(&site.anonymous_caller(), &others).await.expect(200);
    assert_eq!(codes(&site).await.len(), 2);
}

async fn a_revoked_code_is_refused(site: Site) {
    let user = site.user().await;
    let code = code_of(&user).await;
    let revoke = json!({ "action": "revokeRecoveryCode" });
    for _ in 0..2 {
        let revoked = user.post(SESSION, &revoke).await.expect(200);
        assert_eq!(revoked, json!({ "recoveryCodeCreatedAt": null }));
        assert_eq!(created_at(&user).await, Value::Null);
    }
    recover(&site.anonymous_caller(), &code)
        .await
        .expect_error(403, "wrong_code");
    assert!(codes(&site).await.is_empty());
    let next = code_of(&user).await;
    recover(&site.anonymous_caller(), &next).await.expect(200);
}

async fn a_code_survives_a_sign_out_everywhere(site: Site) {
    let user = site.user().await;
    let code = code_of(&user).await;
    site.advance(std::time::Duration::from_secs(1));
    let out = json!({ "action": "signOutEverywhere" });
    user.post(SESSION, &out).await.expect(200);
    user.get(SESSION).await.expect_error(401, "signed_out");
    let session = recover(&site.anonymous_caller(), &code).await.expect(200);
    let back = site
        .anonymous_caller()
        .with_token(session["token"].as_str().unwrap());
    back.get(SESSION).await.expect(200);
}

async fn a_code_goes_with_its_user(site: Site) {
    let (bare, user) = (site.user().await, site.user().await);
    user.create("c", vec![]).await;
    for user in [bare, user] {
        let code = code_of(&user).await;
        site.advance(DAY);
        user.delete("/api/user").await.expect(200);
        recover(&site.anonymous_caller(), &code)
            .await
            .expect_error(403, "wrong_code");
        assert!(codes(&site).await.is_empty());
    }
}

async fn a_claim_revokes_the_code_of_the_claimed_user(site: Site) {
    let (source, user) = (site.user().await, site.user().await);
    source.create("c", vec![]).await;
    let (code, own) = (code_of(&source).await, code_of(&user).await);
    let claim = json!({ "action": "claim", "token": source.token() });
    for _ in 0..2 {
        user.post(SESSION, &claim).await.expect(200);
        recover(&site.anonymous_caller(), &code)
            .await
            .expect_error(403, "wrong_code");
    }
    recover(&site.anonymous_caller(), &own).await.expect(200);
    assert_eq!(codes(&site).await.len(), 1);
}

async fn a_repeat_shows_the_same_code(site: Site) {
    let (user, other) = (site.user().await, site.user().await);
    let named = user.with_header("idempotency-key", "click-1");
    let made = create(&named).await;
    site.advance(std::time::Duration::from_secs(5));
    assert_eq!(create(&named).await, made);
    let others = create(&other.with_header("idempotency-key", "click-1")).await;
    assert_ne!(others["recoveryCode"], made["recoveryCode"]);
    // Once another code has replaced it, the repeat does not restore it.
    let last = code_of(&user).await;
    assert_eq!(create(&named).await, made);
    let code = made["recoveryCode"].as_str().unwrap();
    recover(&site.anonymous_caller(), code)
        .await
        .expect_error(403, "wrong_code");
    recover(&site.anonymous_caller(), &last).await.expect(200);
    // The response to the service is lost, and it retries.
    site.faults().pass(1);
    site.faults().push(Fault::CutAfter, 1);
    let code = code_of(&user).await;
    site.faults().clear();
    recover(&site.anonymous_caller(), &code).await.expect(200);
}

async fn wrong_codes_are_limited_with_those_of_devices(site: Site) {
    let user = site.user().await;
    let code = code_of(&user).await;
    let thief = site
        .anonymous_caller()
        .with_header("x-real-ip", "192.0.2.66");
    // A malformed code does not count as an attempt.
    for wrong in [
        "",
        "ABCDEFGH",
        &code[1..],
        &code.replace(&code[..1], if code.starts_with('7') { "8" } else { "7" }),
    ] {
        recover(&thief, wrong)
            .await
            .expect_error(400, "invalid_field");
    }
    for guess in 0..3 {
        let wrong = RecoveryCode::new([guess; 16]).expose();
        recover(&thief, &wrong)
            .await
            .expect_error(403, "wrong_code");
    }
    for guess in 0..2 {
        let wrong = json!({ "action": "redeem", "code": format!("AAAAAAA{guess}") });
        thief
            .post(SESSION, &wrong)
            .await
            .expect_error(403, "wrong_code");
    }
    let response = recover(&thief, &code).await;
    response.expect_error(429, "too_many_codes");
    assert_eq!(response.header("retry-after"), Some("600"));
    recover(&site.anonymous_caller(), &code).await.expect(200);
    for action in ["createRecoveryCode", "revokeRecoveryCode"] {
        let body = json!({ "action": action });
        thief
            .post(SESSION, &body)
            .await
            .expect_error(401, "missing_token");
    }
}

/// Milliseconds until the only key of this pattern expires.
async fn left(site: &Site, pattern: &str) -> i64 {
    let keys = site.keys(pattern).await;
    assert_eq!(keys.len(), 1, "{pattern}: {keys:?}");
    match site.command(&["PTTL", &keys[0]]).await {
        Reply::Int(left) => left,
        other => panic!("{other:?}"),
    }
}

async fn a_code_lasts_as_long_as_its_users_data(site: Site) {
    const META: &str = "user:*:conversations:meta";
    const CODE: &str = "recovery:*";
    let user = site.user().await;
    let code = code_of(&user).await;
    assert!(left(&site, CODE).await > left(&site, META).await);
    // A conversation that never expires keeps the user forever, and with it the code.
    user.create("c", vec![]).await;
    site.idle().await;
    let before = left(&site, CODE).await;
    user.patch("/api/conversations/c", &json!({ "keep": true }))
        .await
        .expect(200);
    site.idle().await;
    let (kept, code_kept) = (left(&site, META).await, left(&site, CODE).await);
    assert!(
        code_kept > before && code_kept > kept,
        "{before} {kept} {code_kept}"
    );
    // If the expiry is far ahead, nothing is extended.
    user.append("c", vec![message("m", "user", "hi")])
        .await
        .expect(201);
    site.idle().await;
    site.begin_window();
    let (_, cost) = site
        .cost_of(user.append("c", vec![message("n", "user", "hi")]))
        .await;
    site.idle().await;
    assert_eq!(cost.requests, 1);
    recover(&site.anonymous_caller(), &code).await.expect(200);
}

async fn a_code_works_under_every_verifying_secret(site: Site) {
    let user = site.user().await;
    let code = code_of(&user).await;
    let next = "another secret that is to be the only one";
    let both = site
        .deployment(&[("AUTH_SECRET", &format!("{next},{AUTH_SECRET}"))])
        .await;
    recover(&both.anonymous_caller(), &code).await.expect(200);
    let only = site.deployment(&[("AUTH_SECRET", next)]).await;
    recover(&only.anonymous_caller(), &code)
        .await
        .expect_error(403, "wrong_code");
    // A new one replaces it, under whichever secret that was made.
    let user = both.anonymous_caller().with_token(user.token());
    let code = code_of(&user).await;
    recover(&only.anonymous_caller(), &code).await.expect(200);
    assert_eq!(codes(&site).await.len(), 1);
}

async fn the_cost_of_codes_is_constant(site: Site) {
    let warm = site.user().await;
    warm.create("c", vec![]).await;
    code_of(&warm).await;
    let code = code_of(&warm).await;
    recover(&site.anonymous_caller(), &code).await.expect(200);
    let revoke = json!({ "action": "revokeRecoveryCode" });
    warm.post(SESSION, &revoke).await.expect(200);
    site.idle().await;
    site.begin_window();
    // The first call of a window begins the address's counter.
    recover(&site.anonymous_caller(), &code)
        .await
        .expect_error(403, "wrong_code");
    let (_, cost) = site.cost_of(create(&warm)).await;
    assert_eq!((cost.requests, cost.commands), (1, 5));
    let (code, cost) = site.cost_of(code_of(&warm)).await;
    // The key of the previous code has to be looked up.
    assert_eq!((cost.requests, cost.commands), (2, 9));
    let (_, cost) = site.cost_of(recover(&site.anonymous_caller(), &code)).await;
    assert_eq!((cost.requests, cost.commands), (1, 4));
    let wrong = RecoveryCode::new([1; 16]).expose();
    let (_, cost) = site
        .cost_of(recover(&site.anonymous_caller(), &wrong))
        .await;
    assert_eq!((cost.requests, cost.commands), (1, 5));
    let (_, cost) = site.cost_of(warm.post(SESSION, &revoke)).await;
    assert_eq!((cost.requests, cost.commands), (2, 8));
}
