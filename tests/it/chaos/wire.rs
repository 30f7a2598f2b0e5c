//! Requests whose responses get lost.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use uuid::Builder;

use super::json::text;
use super::world::World;
use crate::common::Client;

/// How often a client sends a request whose outcome it does not know.
const ATTEMPTS: usize = 4;

/// A request, without its caller.
#[derive(Clone)]
pub struct Request {
    pub method: Method,
    pub path: String,
    pub body: Option<Value>,
    pub if_match: Option<String>,
}

impl Request {
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            body: None,
            if_match: None,
        }
    }

    pub fn with_body(self, body: Value) -> Self {
        Self {
            body: Some(body),
            ..self
        }
    }
}

/// A response.
pub struct Response {
    pub status: u16,
    pub text: String,
    pub etag: Option<String>,
    retry_after: Option<String>,
}

impl Response {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// The JSON of a response, which must have this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    pub fn error_code(&self) -> String {
        text(&self.json()["error"]["code"])
    }
}

/// `None` where the connection broke, as a stream does when the store fails under way.
async fn exchange(client: &Client, request: Request) -> Option<Response> {
    if request.path.starts_with("/api/export") {
        let (status, text) = client.try_get(&request.path).await;
        return text.ok().map(|text| Response {
            status,
            text,
            etag: None,
            retry_after: None,
        });
    }
    let body = request.body.map(|body| body.to_string());
    let response = client.send(request.method, &request.path, body).await;
    let header = |name| response.header(name).map(str::to_owned);
    Some(Response {
        status: response.status,
        etag: header("etag"),
        retry_after: header("retry-after"),
        text: response.text,
    })
}

/// A connection that loses responses as its seed decides.
pub struct Wire {
    pub world: Arc<World>,
    pub random: fastrand::Rng,
    /// Whether an attempt of the last request may still be under way.
    pub gave_up: bool,
}

impl Wire {
    /// Sends a request until its outcome is known, within a number of attempts; returns how many it took.
    pub async fn send(&mut self, client: &Client, request: &Request) -> (Option<Response>, usize) {
        let client = self.with_key(client, request);
        self.gave_up = false;
        for attempt in 1..=ATTEMPTS {
            let response = self.attempt(&client, request).await;
            if response.is_some() {
                return (response, attempt);
            }
            let pause = Duration::from_millis(self.random.u64(0..15));
            tokio::time::sleep(pause).await;
        }
        (None, ATTEMPTS)
    }

    /// Sends it once.
    pub async fn send_once(&mut self, client: &Client, request: &Request) -> Option<Response> {
        let client = self.with_key(client, request);
        self.attempt(&client, request).await
    }

    fn with_key(&mut self, client: &Client, request: &Request) -> Client {
        let mut client = client.clone();
        if let Some(etag) = &request.if_match {
            client = client.with_header("if-match", etag);
        }
        if request.method == Method::GET {
            return client;
        }
        let now = self.world.clock.now_ms().unsigned_abs();
        let random: [u8; 10] = std::array::from_fn(|_| self.random.u8(..));
        let key = Builder::from_unix_timestamp_millis(now, &random).into_uuid();
        client.with_header("idempotency-key", &key.to_string())
    }

    /// `None` if the client does not learn the outcome.
    async fn attempt(&mut self, client: &Client, request: &Request) -> Option<Response> {
        let is_link = request
            .body
            .as_ref()
            .is_some_and(|body| body["action"] == "link");
        let (client, request) = (client.clone(), request.clone());
        let work = async move { exchange(&client, request).await };
        let patience = Duration::from_millis(self.random.u64(0..8));
        let response = match self.random.u8(0..100) {
            // The connection is dropped.
            0..3 => self.noting(tokio::time::timeout(patience, work).await.ok()),
            // The client gives up, and the service does not notice.
            3..6 => {
                let response = self.world.give_up_after(patience, work).await;
                self.noting(response)
            }
            // The response is lost.
            6..10 => {
                work.await;
                None
            }
            _ => work.await,
        }?;
        if response.status < 500 {
            return Some(response);
        }
        self.note_failure(&response, is_link);
        None
    }

    fn noting(&mut self, response: Option<Option<Response>>) -> Option<Response> {
        self.gave_up |= response.is_none();
        response.flatten()
    }

    /// Every failure is typed; an open circuit is waited for by moving the clock.
    fn note_failure(&self, response: &Response, is_link: bool) {
        self.world.failures.fetch_add(1, Relaxed);
        let code = response.error_code();
        // The service may have stored a code without learning it, which is then taken.
        let is_known = code.starts_with("storage_") || is_link && code == "internal_error";
        assert!(is_known, "{}", response.text);
        let wait = response.retry_after.as_ref();
        if wait.is_some_and(|seconds| seconds.parse::<u64>().unwrap() > 5) {
            self.world.clock.advance_elapsed(Duration::from_secs(61));
        }
    }
}
