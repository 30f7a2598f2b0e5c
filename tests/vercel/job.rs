//! The main job, asked of any service that can be asked.

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::client::TestResponse;
use crate::common::{Client, ids, message, sample};

/// Functions that can be asked.
pub trait Service: Sync {
    /// Where a request for `path` goes: to which server, and with which path.
    fn locate(&self, path: &str) -> (String, String);
}

/// Somebody who asks them.
pub struct User<'a> {
    service: &'a dyn Service,
    token: Option<String>,
}

impl<'a> User<'a> {
    /// Somebody new, with a token.
    pub async fn new(service: &'a dyn Service) -> Self {
        let mut user = Self {
            service,
            token: None,
        };
        let session = user
            .send(Method::POST, "/api/session", Some(json!({})))
            .await;
        let session = session.expect(201);
        user.token = session["token"].as_str().map(str::to_owned);
        user
    }

    /// A client for the server that answers for `path`, and the path it has there.
    pub fn client(&self, path: &str) -> (Client, String) {
        let (server, path) = self.service.locate(path);
        (Client::new(server, self.token.clone()), path)
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> TestResponse {
        let (client, path) = self.client(path);
        let body = body.map(|body| body.to_string());
        client.send(method, &path, body).await
    }

    pub async fn get(&self, path: &str) -> TestResponse {
        self.send(Method::GET, path, None).await
    }
}

/// What people come for: bring conversations along, list them, open one, go on with it, correct it, delete it.
pub async fn main_job(service: &dyn Service) {
    let user = User::new(service).await;
    let import = user.send(Method::POST, "/api/import", Some(sample())).await;
    assert_eq!(import.expect(200)["imported"], 3);

    let list = user.get("/api/conversations").await.expect(200);
    let ids = ids(&list["data"]);
    assert_eq!(ids.len(), 3);
    let conversation = format!("/api/conversations/{}", ids[1]);
    let opened = user.get(&conversation).await.expect(200);
    assert_eq!(opened["id"], ids[1]);

    let text = "Straße, 日本語, \"2025\" ";
    let messages = json!({ "messages": [message("added", "user", text)] });
    let path = format!("{conversation}/messages");
    let appended = user.send(Method::POST, &path, Some(messages)).await;
    assert_eq!(appended.expect(201)["appended"], json!(["added"]));
    assert_eq!(last_text(&user, &conversation).await, text);

    let path = format!("{conversation}/messages/added");
    let patch = json!({ "content": "corrected" });
    user.send(Method::PATCH, &path, Some(patch))
        .await
        .expect(200);
    // The id is the path's: one that a client puts into the query does not get through.
    let elsewhere = user.get(&format!("{conversation}?id={}", ids[0])).await;
    elsewhere.expect_error(400, "id_mismatch");
    assert_eq!(last_text(&user, &conversation).await, "corrected");

    user.send(Method::DELETE, &conversation, None)
        .await
        .expect(200);
    let gone = user.get(&conversation).await;
    gone.expect_error(404, "conversation_not_found");
}

async fn last_text(user: &User<'_>, conversation: &str) -> Value {
    let opened = user.get(conversation).await.expect(200);
    let messages = opened["messages"].as_array().unwrap();
    messages.last().unwrap()["content"].clone()
}
