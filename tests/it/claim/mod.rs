//! `POST /api/session` `claim`: an anonymous user's data moved into an account, once.

mod interruptions;
mod moving;
mod tokens;

use crate::common::client::TestResponse;
use crate::common::provider::SigningKey;
use crate::common::{Client, Site};
use serde_json::{Value, json};

const SESSION: &str = "/api/session";
const SECRET: &str = "a secret that a provider shares with us";

/// A user of an auth provider.
pub(crate) async fn account(site: &Site, name: &str) -> Client {
    let deployment = site.deployment(&[("AUTH_JWT_SECRET", SECRET)]).await;
    // It runs until the test's runtime ends.
    let deployment = Box::leak(Box::new(deployment));
    let expires = site.clock.now_ms() / 1_000 + 86_400;
    let claims = json!({ "sub": name, "exp": expires });
    let token = SigningKey::Shared(SECRET.to_owned()).token("", &claims);
    deployment.anonymous_caller().with_token(&token)
}

pub(crate) async fn claim(account: &Client, anonymous: &Client) -> TestResponse {
    let body = json!({ "action": "claim", "token": anonymous.token() });
    account.post(SESSION, &body).await
}

async fn export(user: &Client) -> Vec<Value> {
    let text = user.get("/api/export").await.text;
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}
