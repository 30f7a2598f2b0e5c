//! How long conversations are kept: the expiry that every summary states. Helpers for its parts.

mod kept;
mod ttl;

use std::time::Duration;

use crate::common::{Client, Deployment, Site, ids, message};
use embedded_store::reply::Reply;
use serde_json::{Value, json};

on_both_stores!(
    every_summary_says_when_it_expires,
    computed_fields_are_ignored_when_sent_back,
    conversations_that_expire_soon_are_counted,
);

const DAY: Duration = Duration::from_secs(86_400);
const DAY_MS: i64 = 86_400_000;
const USER: &str = "/api/user";

fn days_left(site: &Site, summary: &Value) -> i64 {
    let expires = summary["expiresAt"].as_str().unwrap();
    let expires = chrono::DateTime::parse_from_rfc3339(expires).unwrap();
    (expires.timestamp_millis() - site.clock.now_ms() + DAY_MS / 2) / DAY_MS
}

async fn choose(user: &Client, days: Value) -> Value {
    let body = json!({ "conversationTtlDays": days });
    user.patch(USER, &body).await.expect(200)
}

async fn patch(user: &Client, id: &str, body: Value) -> Value {
    let path = format!("/api/conversations/{id}");
    user.patch(&path, &body).await.expect(200)
}

async fn listed(user: &Client) -> Vec<String> {
    let list = user.get("/api/conversations?limit=50").await.expect(200);
    ids(&list["data"])
}

/// A deployment whose tokens outlast these tests.
async fn lasting(site: &Site, more: &[(&str, &str)]) -> Deployment {
    let tokens = [("TOKEN_TTL_DAYS", "3650")];
    site.deployment(&[&tokens, more].concat()).await
}

/// Triggers the purge, which a process does once an hour.
async fn purge(site: &Site, deployment: &Deployment, user: &Client) {
    site.advance(Duration::from_secs(3_601));
    user.get("/api/conversations").await.expect(200);
    deployment.idle().await;
}

async fn pttl(site: &Site, pattern: &str) -> Vec<i64> {
    let mut all = Vec::new();
    for key in site.keys(pattern).await {
        let Reply::Int(ttl) = site.command(&["PTTL", &key]).await else {
            panic!("no TTL");
        };
        all.push(ttl);
    }
    all
}

async fn every_summary_says_when_it_expires(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let user = deployment.user().await;
    let body = json!({ "id": "c", "messages": [message("m", "user", "x")] });
    let created = user.post("/api/conversations", &body).await.expect(201);
    assert_eq!(days_left(&site, &created), 90);
    assert_eq!(created["keep"], false);
    site.advance(10 * DAY);
    let list = user.get("/api/conversations").await.expect(200);
    assert_eq!(days_left(&site, &list["data"][0]), 80);
    let sync = user.get("/api/sync").await.expect(200);
    assert_eq!(days_left(&site, &sync["changed"][0]), 80);
    assert_eq!(days_left(&site, &user.open("c").await), 80);
    deployment.idle().await;
    // Reading renewed it.
    let list = user.get("/api/conversations").await.expect(200);
    assert_eq!(days_left(&site, &list["data"][0]), 90);
    let appended = user.append("c", vec![message("n", "user", "x")]).await;
    let appended = appended.expect(201);
    assert_eq!(days_left(&site, &appended["conversation"]), 90);
    // An export is the same whenever it is taken.
    let export = user.get("/api/export").await;
    assert!(!export.text.contains("expiresAt"), "{}", export.text);
}

async fn computed_fields_are_ignored_when_sent_back(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let user = deployment.user().await;
    let never = json!({ "title": "x", "expiresAt": "9999-01-01T00:00:00.000Z" });
    let path = "/api/conversations/c";
    let saved = user.put(path, &never).await.expect(201);
    assert_eq!(days_left(&site, &saved), 90);
    let opened = user.open("c").await;
    user.put(path, &opened).await.expect(200);
    user.post("/api/import", &json!([opened])).await.expect(200);
    assert_eq!(days_left(&site, &user.open("c").await), 90);
    user.patch(path, &json!({ "expiresAt": null }))
        .await
        .expect_error(400, "invalid_field");
    user.patch(path, &json!({ "keep": "yes" }))
        .await
        .expect_error(400, "invalid_field");
}

async fn conversations_that_expire_soon_are_counted(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let user = deployment.user().await;
    for id in ["a", "b", "c", "kept"] {
        user.create(id, vec![message("m", "user", "x")]).await;
    }
    patch(&user, "kept", json!({ "keep": true })).await;
    let soon = async || user.get(USER).await.expect(200)["expiringSoon"].clone();
    assert_eq!(soon().await, 0);
    site.advance(75 * DAY);
    purge(&site, &deployment, &user).await;
    assert_eq!(soon().await, 0);
    site.advance(2 * DAY);
    assert_eq!(soon().await, 3);
    user.open("a").await;
    deployment.idle().await;
    assert_eq!(soon().await, 2);
    site.advance(14 * DAY);
    assert_eq!(soon().await, 0, "two have expired");
    choose(&user, json!(5)).await;
    user.open("a").await;
    deployment.idle().await;
    assert_eq!(soon().await, 1);
}
