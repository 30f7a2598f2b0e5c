//! What was issued in the very millisecond in which it is voided: a clock cannot tell what came first there.

use std::time::Duration;

use crate::common::client::TestResponse;
use crate::common::{Client, Site, message};
use crate::{claim, devices, mcp};
use conversation_store::clock::Clock;
use serde_json::{Value, json};

const SESSION: &str = "/api/session";

on_both_stores!(
    at super::TIME =>
    a_sign_out_voids_whatever_came_before_it,
    a_sign_out_voids_tokens_from_a_fast_clock,
    a_revoked_read_token_stays_void_when_another_is_made,
    a_claim_voids_whatever_the_claimed_user_had,
    a_session_renewed_after_a_sign_out_is_good,
);

const TIME: Duration = Duration::from_secs(1_800_000_000);

async fn act(user: &Client, action: &str) -> Value {
    let body = json!({ "action": action });
    let response = user.post(SESSION, &body).await;
    assert!([200, 201].contains(&response.status), "{action}");
    serde_json::from_str(&response.text).unwrap()
}

fn text(response: &Value, name: &str) -> String {
    response[name].as_str().unwrap().to_owned()
}

async fn redeem(site: &Site, code: &str) -> Client {
    let session = devices::redeem(&site.anonymous_caller(), code).await;
    let token = text(&session.expect(200), "token");
    site.anonymous_caller().with_token(&token)
}

async fn read_as_agent(site: &Site, token: &str) -> TestResponse {
    let agent = mcp::agent(&site.anonymous_caller().with_token(token));
    mcp::call(&agent, "list_conversations", json!({})).await
}

/// Whatever opens an account: two devices, a code that nobody has redeemed, a token that only reads.
struct Credentials {
    devices: [Client; 2],
    code: String,
    read_token: String,
}

impl Credentials {
    async fn of(site: &Site, user: Client) -> Self {
        user.create("c", vec![message("m", "user", "hi")]).await;
        let code = text(&act(&user, "link").await, "code");
        let device = redeem(site, &code).await;
        let credentials = Self {
            code: text(&act(&user, "link").await, "code"),
            read_token: text(&act(&user, "createReadToken").await, "readToken"),
            devices: [user, device],
        };
        for device in &credentials.devices {
            device.open("c").await;
        }
        read_as_agent(site, &credentials.read_token)
            .await
            .expect(200);
        credentials
    }

    async fn expect_void(&self, site: &Site) {
        expect_signed_out(&redeem(site, &self.code).await).await;
        self.expect_void_tokens(site).await;
    }

    async fn expect_void_tokens(&self, site: &Site) {
        for device in &self.devices {
            expect_signed_out(device).await;
        }
        read_as_agent(site, &self.read_token)
            .await
            .expect_error(401, "signed_out");
    }
}

async fn expect_signed_out(device: &Client) {
    for response in [
        device.get("/api/conversations").await,
        device.append("c", vec![message("late", "user", "x")]).await,
        device.post(SESSION, &json!({})).await,
    ] {
        response.expect_error(401, "signed_out");
    }
}

async fn expect_new_credentials(site: &Site, user: &Client) {
    user.open("c").await;
    let code = text(&act(user, "link").await, "code");
    redeem(site, &code).await.open("c").await;
    let read_token = text(&act(user, "createReadToken").await, "readToken");
    read_as_agent(site, &read_token).await.expect(200);
}

async fn a_sign_out_voids_whatever_came_before_it(site: Site) {
    let before = Credentials::of(&site, site.user().await).await;
    let session = act(&before.devices[0], "signOutEverywhere").await;
    before.expect_void(&site).await;
    let user = site.anonymous_caller().with_token(&text(&session, "token"));
    let statistics = user.get("/api/user").await.expect(200);
    assert_eq!(statistics["readTokenCreatedAt"], Value::Null);
    expect_new_credentials(&site, &user).await;
    before.expect_void_tokens(&site).await;
}

/// The sign-out is served where the clock is behind that by which the tokens were issued.
async fn a_sign_out_voids_tokens_from_a_fast_clock(site: Site) {
    let slow = Clock::stopped_at(TIME - Duration::from_secs(1));
    let slow = site.deployment_at(slow).await;
    for is_session_slow in [true, false] {
        let user = match is_session_slow {
            true => slow.user().await,
            false => site.user().await,
        };
        let fast = site.anonymous_caller().with_token(user.token());
        let read_token = text(&act(&fast, "createReadToken").await, "readToken");
        let there = slow.anonymous_caller().with_token(user.token());
        let session = act(&there, "signOutEverywhere").await;
        expect_signed_out(&fast).await;
        let read = read_as_agent(&site, &read_token).await;
        read.expect_error(401, "signed_out");
        let token = text(&session, "token");
        for deployment in [slow.anonymous_caller(), site.anonymous_caller()] {
            let user = deployment.with_token(&token);
            user.get("/api/conversations").await.expect(200);
        }
    }
}

async fn a_revoked_read_token_stays_void_when_another_is_made(site: Site) {
    let user = site.user().await;
    let revoked = text(&act(&user, "createReadToken").await, "readToken");
    act(&user, "revokeReadToken").await;
    // A second revocation finds none, and forgets nothing.
    act(&user, "revokeReadToken").await;
    let statistics = user.get("/api/user").await.expect(200);
    assert_eq!(statistics["readTokenCreatedAt"], Value::Null);
    let good = text(&act(&user, "createReadToken").await, "readToken");
    read_as_agent(&site, &revoked)
        .await
        .expect_error(401, "signed_out");
    read_as_agent(&site, &good).await.expect(200);
}

async fn a_claim_voids_whatever_the_claimed_user_had(site: Site) {
    let before = Credentials::of(&site, site.user().await).await;
    let account = claim::account(&site, "ada").await;
    claim::claim(&account, &before.devices[0]).await.expect(200);
    before.expect_void(&site).await;
    account.open("c").await;
}

/// A device that begins its session anew gets a token that is no older than the one it came with.
async fn a_session_renewed_after_a_sign_out_is_good(site: Site) {
    let session = act(&site.user().await, "signOutEverywhere").await;
    let user = site.anonymous_caller().with_token(&text(&session, "token"));
    let renewed = user.post(SESSION, &json!({})).await.expect(200);
    let user = site.anonymous_caller().with_token(&text(&renewed, "token"));
    user.get("/api/conversations").await.expect(200);
}
