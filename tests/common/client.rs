//! A client of the service: sends requests, checks every response against the API document, and states what it expects.

use std::sync::LazyLock;

use reqwest::Method;
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use webpki_roots::TLS_SERVER_ROOTS;

use super::contract;

/// Roots compiled in, set up once: reqwest alone would read the machine's certificates for each client, and most tests
/// make several.
static TLS: LazyLock<ClientConfig> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    roots.extend(TLS_SERVER_ROOTS.iter().cloned());
    // For tests that use reqwest without this client; it may be installed already.
    let _ = default_provider().install_default();
    ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth()
});

/// A caller of the service.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
    headers: Vec<(String, String)>,
}

/// A response.
#[derive(Debug)]
pub struct TestResponse {
    pub status: u16,
    pub headers: HeaderMap,
    /// The body as it came: compressed, where the header says so.
    pub body: Vec<u8>,
    pub text: String,
    request: String,
}

impl Client {
    pub fn new(base: String, token: Option<String>) -> Self {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(TLS.clone())
            .redirect(Policy::none());
        Self {
            http: http.build().unwrap(),
            base,
            token,
            headers: Vec::new(),
        }
    }

    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// A caller with a new user's token.
    pub async fn newcomer(&self) -> Self {
        let session = self.post("/api/session", &serde_json::json!({})).await;
        self.with_token(session.expect(201)["token"].as_str().unwrap())
    }

    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap()
    }

    /// A GET with the token and headers, to be read by the caller.
    pub fn raw(&self, path: &str) -> reqwest::RequestBuilder {
        let mut request = self.http.get(format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> TestResponse {
        self.send(Method::GET, path, None).await
    }

    /// The status of a response, and its body if it is complete; status 0 if the connection broke before the head
    /// arrived, as it may on a busy machine when the body breaks off.
    pub async fn try_get(&self, path: &str) -> (u16, reqwest::Result<String>) {
        let request = self.http.get(format!("{}{path}", self.base));
        match request.bearer_auth(self.token()).send().await {
            Ok(response) => (response.status().as_u16(), response.text().await),
            Err(error) => (0, Err(error)),
        }
    }

    pub async fn post(&self, path: &str, body: &Value) -> TestResponse {
        self.send(Method::POST, path, Some(body.to_string())).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> TestResponse {
        self.send(Method::PUT, path, Some(body.to_string())).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> TestResponse {
        self.send(Method::PATCH, path, Some(body.to_string())).await
    }

    pub async fn delete(&self, path: &str) -> TestResponse {
        self.send(Method::DELETE, path, None).await
    }

    pub async fn send(&self, method: Method, path: &str, sent: Option<String>) -> TestResponse {
        let mut request = self
            .http
            .request(method.clone(), format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = sent.clone() {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.unwrap().to_vec();
        let response = TestResponse {
            status,
            headers,
            text: String::from_utf8_lossy(&body).into_owned(),
            body,
            request: format!("{method} {path}"),
        };
        contract::check(&method, path, sent.as_deref(), &response);
        response
    }

    /// Creates a conversation with these messages.
    pub async fn create(&self, id: &str, messages: Vec<Value>) -> Value {
        let body = serde_json::json!({ "id": id, "messages": messages });
        self.post("/api/conversations", &body).await.expect(201)
    }

    /// Opens a conversation.
    pub async fn open(&self, id: &str) -> Value {
        self.get(&format!("/api/conversations/{id}"))
            .await
            .expect(200)
    }

    /// Appends messages.
    pub async fn append(&self, id: &str, messages: Vec<Value>) -> TestResponse {
        let body = serde_json::json!({ "messages": messages });
        self.post(&format!("/api/conversations/{id}/messages"), &body)
            .await
    }
}

impl TestResponse {
    /// Of a response whose body is not read.
    pub fn head_of(response: &reqwest::Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: Vec::new(),
            text: String::new(),
            request: response.url().path().to_owned(),
        }
    }

    /// The JSON of a response, which must have this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.request, self.text);
        if self.text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.text).unwrap()
    }

    /// The error of a response, which must have this status and code, in the documented form.
    #[track_caller]
    pub fn expect_error(&self, status: u16, code: &str) -> Value {
        let error = self.expect(status)["error"].clone();
        assert_eq!(error["code"], code, "{}: {}", self.request, self.text);
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty())
        );
        assert_eq!(error["requestId"].as_str(), self.header("x-request-id"));
        error
    }

    /// The entity tag, as the header has it.
    #[track_caller]
    pub fn etag(&self) -> &str {
        self.header("etag").unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}
