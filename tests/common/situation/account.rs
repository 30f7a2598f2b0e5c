//! The account that a call finds: a new user with a bit of everything.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Request;
use crate::common::Client;

/// A new user with a bit of everything.
#[derive(Clone)]
pub struct Account {
    pub client: Client,
    pub anonymous_caller: Client,
    /// What requests name: `share`, `code`, `recovery`, `source`, `place`.
    pub facts: BTreeMap<&'static str, String>,
    /// The users' ids, the other one's to be claimed included.
    pub users: Vec<String>,
}

impl Account {
    /// Makes one: imported conversations `a` (five messages, shared, current), `b` (a message of it deleted), `copy` and
    /// `gone` (deleted), a code for another device; and where there is something to claim, another user.
    pub async fn new(anonymous_caller: &Client, with_source: bool) -> Self {
        let (client, user) = newcomer(anonymous_caller).await;
        let mut account = Self {
            client,
            anonymous_caller: anonymous_caller.clone(),
            facts: BTreeMap::new(),
            users: vec![user],
        };
        for request in before() {
            let response = request.send(&account, None).await;
            assert!(response.status < 300, "{request:?}: {}", response.text);
            if let Some(place) = response.header("stream-place") {
                account.facts.insert("place", place.to_owned());
            }
        }
        account
            .learn(
                "share",
                "/api/shares",
                json!({ "conversationId": "a" }),
                "id",
            )
            .await;
        account
            .learn("code", "/api/session", json!({ "action": "link" }), "code")
            .await;
        let recovery = json!({ "action": "createRecoveryCode" });
        account
            .learn("recovery", "/api/session", recovery, "recoveryCode")
            .await;
        if with_source {
            account.add_source(anonymous_caller).await;
        }
        account
    }

    async fn learn(&mut self, name: &'static str, path: &str, body: Value, member: &str) {
        let response = self.client.post(path, &body).await.expect(201);
        self.facts
            .insert(name, response[member].as_str().unwrap().to_owned());
    }

    async fn add_source(&mut self, anonymous_caller: &Client) {
        let (source, user) = newcomer(anonymous_caller).await;
        let own = [("a", 90), ("own", 91), ("other", 92), ("b", 93)];
        for (id, at) in own {
            let messages = vec![
                said(&format!("{id}-1"), at),
                said(&format!("{id}-2"), at + 1),
            ];
            source.create(id, messages).await;
        }
        source
            .post("/api/import", &json!([copy()]))
            .await
            .expect(200);
        // Taken in that account, so it gets another id.
        source.delete("/api/conversations/b").await.expect(200);
        for id in ["own", "copy"] {
            let body = json!({ "conversationId": id });
            source.post("/api/shares", &body).await.expect(201);
        }
        let recovery = json!({ "action": "createRecoveryCode" });
        source.post("/api/session", &recovery).await.expect(201);
        self.facts.insert("source", source.token().to_owned());
        self.users.push(user);
    }
}

async fn newcomer(anonymous_caller: &Client) -> (Client, String) {
    let session = anonymous_caller
        .post("/api/session", &json!({}))
        .await
        .expect(201);
    let client = anonymous_caller.with_token(session["token"].as_str().unwrap());
    (client, session["userId"].as_str().unwrap().to_owned())
}

/// A message said at this time, of as many tokens.
pub fn said(id: &str, at: i64) -> Value {
    json!({ "id": id, "type": "user", "content": format!("{id} said"), "timestamp": at, "tokens": { "total": at } })
}

/// The five messages of `a`.
pub fn five() -> Vec<Value> {
    (1..=5).map(|at| said(&format!("m{at}"), at)).collect()
}

/// What both an account and the user it claims have imported.
pub fn copy() -> Value {
    json!({ "id": "copy", "title": "Copy", "updatedAt": 1000, "messages": [said("c1", 1), said("c2", 2)] })
}

fn before() -> Vec<Request> {
    let conversation =
        |id: &str, messages: Value| json!({ "id": id, "title": id, "messages": messages });
    let file = json!([
        copy(),
        conversation("gone", json!([said("g1", 1)])),
        conversation("b", json!([said("b1", 1), said("b2", 2)])),
        conversation("a", json!(five())),
    ]);
    vec![
        // From now on a stream may listen, so every change is published.
        Request::stream("/api/sync"),
        Request::post("/api/import", file),
        Request::delete("/api/conversations/b/messages/b2"),
        Request::delete("/api/conversations/gone"),
        Request::patch("/api/session", json!({ "currentConversationId": "a" })),
    ]
}
