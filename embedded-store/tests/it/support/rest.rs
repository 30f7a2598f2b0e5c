//! A small client of the REST front.

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;

/// A client of one front.
#[derive(Clone)]
pub struct Rest {
    client: Client,
    url: String,
    token: String,
}

/// Status, sync token and JSON of a response.
#[derive(Debug)]
pub struct TestResponse {
    pub status: u16,
    pub sync_token: String,
    pub json: Value,
}

impl Rest {
    pub fn new(url: String, token: &str) -> Self {
        // The workspace's reqwest comes without a TLS provider of its own.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            client: Client::new(),
            url,
            token: token.to_owned(),
        }
    }

    pub fn with_token(&self, token: &str) -> Self {
        Self::new(self.url.clone(), token)
    }

    /// A request with the token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(&self.token)
    }

    /// A request without the token.
    pub fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub async fn post(&self, path: &str, body: Value) -> TestResponse {
        let request = self.request(Method::POST, path).body(body.to_string());
        read(request.send().await.unwrap()).await
    }

    /// `Err` when there was no HTTP response.
    pub async fn try_command(&self, command: Value) -> reqwest::Result<Response> {
        let request = self.request(Method::POST, "/").body(command.to_string());
        request.send().await
    }

    pub async fn get(&self, path: &str) -> TestResponse {
        read(self.request(Method::GET, path).send().await.unwrap()).await
    }

    /// The result of one command that must succeed.
    pub async fn result(&self, command: Value) -> Value {
        let response = self.post("/", command).await;
        assert_eq!(response.status, 200, "{response:?}");
        response.json["result"].clone()
    }

    /// The error of one command that must fail with 400.
    pub async fn error(&self, command: Value) -> String {
        let response = self.post("/", command).await;
        assert_eq!(response.status, 400, "{response:?}");
        response.json["error"].as_str().unwrap().to_owned()
    }
}

/// The parts of a response that must be JSON and carry a sync token.
pub async fn read(response: Response) -> TestResponse {
    let status = response.status().as_u16();
    let token = &response.headers()["upstash-sync-token"];
    let sync_token = token.to_str().unwrap().to_owned();
    let json = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    TestResponse {
        status,
        sync_token,
        json,
    }
}
