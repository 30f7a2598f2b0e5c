//! `/api/shares`: read-only links to snapshots.

mod limits;
mod owning;
mod reading;
mod repeats;

use crate::common::Client;
use serde_json::{Value, json};

const SHARES: &str = "/api/shares";

async fn share(user: &Client, conversation: &str) -> Value {
    let body = json!({ "conversationId": conversation });
    user.post(SHARES, &body).await.expect(201)
}

fn path(share: &Value) -> String {
    format!("{SHARES}?id={}", share["id"].as_str().unwrap())
}
