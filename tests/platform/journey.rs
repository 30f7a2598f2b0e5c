//! The service as a whole: a user's day, which runs every script that acts for a user.

use reqwest::Method;
use serde_json::{Value, json};

use crate::deployment::{Deployment, message};
use crate::on_every_deployment_and_database;

on_every_deployment_and_database! {
    every_script_runs:
        "A script that touches a key it was not passed, or calls a command that the database lacks, fails there only.";
}

const SESSION: &str = "/api/session";
const SHARES: &str = "/api/shares";
const CONVERSATION: &str = "/api/conversations/c-1";

async fn every_script_runs(deployment: &Deployment) {
    let user = deployment.user().await;
    let user = Caller(deployment, &user);
    write(&user).await;
    read(&user).await;
    share(&user).await;
    link_and_claim(&user).await;
    remove(&user).await;
}

/// A user whose requests should succeed.
struct Caller<'a>(&'a Deployment, &'a str);

impl Caller<'_> {
    /// Sends a request that should succeed, and returns its JSON.
    async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        let response = self.0.send(method.clone(), path, self.1, &body).await;
        let text = response.text();
        assert!(
            response.status < 300,
            "{method} {path}: {} {text}",
            response.status
        );
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn get(&self, path: &str) -> Value {
        self.ask(Method::GET, path, Value::Null).await
    }
}

async fn write(user: &Caller<'_>) {
    let messages: Vec<Value> = (1..=4)
        .map(|number| message(&format!("m-{number}"), "text"))
        .collect();
    let conversation = json!({ "id": "c-1", "messages": messages });
    user.ask(Method::POST, "/api/conversations", conversation)
        .await;
    let whole =
        json!({ "title": "Whole", "messages": [message("w-1", "text"), message("w-2", "text")] });
    user.ask(Method::PUT, "/api/conversations/c-2", whole.clone())
        .await;
    let shorter = json!({ "title": "Shorter", "messages": [message("w-2", "other text")] });
    user.ask(Method::PUT, "/api/conversations/c-2", shorter)
        .await;
    let path = format!("{CONVERSATION}/messages");
    user.ask(
        Method::POST,
        &path,
        json!({ "messages": [message("m-5", "more")] }),
    )
    .await;
    let renamed = json!({ "title": "Renamed", "pinned": true });
    user.ask(Method::PATCH, CONVERSATION, renamed).await;
    let moved = json!({ "content": "edited", "timestamp": 1_764_104_400_123_i64 });
    user.ask(Method::PATCH, &format!("{path}/m-2"), moved).await;
    user.ask(Method::DELETE, &format!("{path}/m-3"), Value::Null)
        .await;
    let imported = json!([{ "id": "c-3", "messages": [message("i-1", "text")] }]);
    let report = user.ask(Method::POST, "/api/import", imported).await;
    assert_eq!(report["imported"], 1, "{report}");
    let current = json!({ "currentConversationId": "c-1" });
    user.ask(Method::PATCH, SESSION, current).await;
}

async fn read(user: &Caller<'_>) {
    let session = user.get(SESSION).await;
    assert_eq!(session["currentConversationId"], "c-1", "{session}");
    let list = user.get("/api/conversations?limit=2").await;
    let next = format!(
        "/api/conversations?cursor={}",
        list["nextCursor"].as_str().unwrap()
    );
    assert_eq!(user.get(&next).await["data"].as_array().unwrap().len(), 1);
    assert_eq!(
        user.get(CONVERSATION).await["messages"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
    let page = user.get(&format!("{CONVERSATION}/messages?limit=2")).await;
    let next = page["nextCursor"].as_str().unwrap();
    let rest = user
        .get(&format!("{CONVERSATION}/messages?cursor={next}"))
        .await;
    assert_eq!(rest["data"].as_array().unwrap().len(), 2);
    let changes = user.get("/api/sync").await;
    let since = format!(
        "/api/sync?cursor={}",
        changes["nextCursor"].as_str().unwrap()
    );
    user.get(&since).await;
    assert_eq!(
        user.get("/api/user").await["totals"]["current"]["conversations"],
        3
    );
    user.ask(Method::POST, "/api/metrics", json!({ "conflicts": 1 }))
        .await;
}

async fn share(user: &Caller<'_>) {
    let shared = user
        .ask(Method::POST, SHARES, json!({ "conversationId": "c-1" }))
        .await;
    let one = format!("{SHARES}?id={}", shared["id"].as_str().unwrap());
    user.get(SHARES).await;
    user.0.get(&one, None).await.expect(200);
    user.ask(Method::DELETE, &one, Value::Null).await;
}

async fn link_and_claim(user: &Caller<'_>) {
    let linked = user
        .ask(Method::POST, SESSION, json!({ "action": "link" }))
        .await;
    let redeem = json!({ "action": "redeem", "code": linked["code"] });
    user.ask(Method::POST, SESSION, redeem).await;
    let other = user.0.user().await;
    let conversation = json!({ "id": "c-4", "messages": [message("o-1", "text")] });
    let caller = Caller(user.0, &other);
    caller
        .ask(Method::POST, "/api/conversations", conversation)
        .await;
    let claim = json!({ "action": "claim", "token": other });
    let claimed = user.ask(Method::POST, SESSION, claim).await;
    assert_eq!(claimed["claimed"], true, "{claimed}");
}

async fn remove(user: &Caller<'_>) {
    let export = user.0.get("/api/export", Some(user.1)).await;
    assert_eq!(export.status, 200);
    assert_eq!(export.text().lines().count(), 5, "{}", export.text());
    user.ask(Method::DELETE, CONVERSATION, Value::Null).await;
    // Erased first: afterwards this token is void.
    let erased = user.ask(Method::DELETE, "/api/user", Value::Null).await;
    assert_eq!(erased["erased"], true);
    let everywhere = json!({ "action": "signOutEverywhere" });
    user.ask(Method::POST, SESSION, everywhere).await;
}
