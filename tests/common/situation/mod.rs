//! An account with a bit of everything, and every call that changes it: for tests that disturb each call in every
//! way.

mod account;
mod calls;
pub mod view;

#[allow(unused_imports, reason = "not every test program uses all of it")]
pub use account::Account;
#[allow(unused_imports, reason = "not every test program uses all of it")]
pub use calls::{Situation, entries_to_append, situations};
#[allow(unused_imports, reason = "not every test program uses all of it")]
pub use view::{View, check_bytes};

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::Value;

use super::Client;
use super::client::TestResponse;

/// For a deployment that meets every situation again and again: the limits that so many users of one address would reach.
pub const UNLIMITED: [(&str, &str); 3] = [
    ("SHARE_RATE_LIMIT_PER_MINUTE", "1000000"),
    ("NEW_USERS_PER_ADDRESS_PER_DAY", "1000000"),
    ("ADDRESS_RATE_LIMIT_PER_MINUTE", "1000000"),
];

/// Who sends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    User,
    AnonymousCaller,
}

/// A request, in which `{name}` stands for what [`Account::facts`] has under this name.
#[derive(Clone, Debug)]
pub struct Request {
    pub by: By,
    pub method: Method,
    pub path: String,
    pub body: Option<Value>,
    pub accept: Option<&'static str>,
}

impl Request {
    pub fn new(method: Method, path: &str, body: Option<Value>) -> Self {
        Self {
            by: By::User,
            method,
            path: path.to_owned(),
            body,
            accept: None,
        }
    }

    pub fn get(path: &str) -> Self {
        Self::new(Method::GET, path, None)
    }

    /// For a stream, of which only the head is read.
    pub fn stream(path: &str) -> Self {
        let accept = Some("text/event-stream");
        Self {
            accept,
            ..Self::get(path)
        }
    }

    pub fn post(path: &str, body: Value) -> Self {
        Self::new(Method::POST, path, Some(body))
    }

    pub fn put(path: &str, body: Value) -> Self {
        Self::new(Method::PUT, path, Some(body))
    }

    pub fn patch(path: &str, body: Value) -> Self {
        Self::new(Method::PATCH, path, Some(body))
    }

    pub fn delete(path: &str) -> Self {
        Self::new(Method::DELETE, path, None)
    }

    /// Whether it changes nothing, or only the time of the last activity.
    pub fn is_read(&self) -> bool {
        self.method == Method::GET
            || (self.by == By::User && self.body == Some(serde_json::json!({})))
    }

    /// The same by a caller without a token.
    pub fn by_anonymous_caller(self) -> Self {
        let by = By::AnonymousCaller;
        Self { by, ..self }
    }

    /// Sends it, under this `Idempotency-Key` where there is one.
    pub async fn send(&self, account: &Account, key: Option<&str>) -> TestResponse {
        self.send_through(&account.client, account, key).await
    }

    /// As [`Self::send`], by this client.
    pub async fn send_through(
        &self,
        client: &Client,
        account: &Account,
        key: Option<&str>,
    ) -> TestResponse {
        let mut client = match self.by {
            By::User => client.clone(),
            By::AnonymousCaller => account.anonymous_caller.clone(),
        };
        if let Some(key) = key {
            client = client.with_header("idempotency-key", key);
        }
        if let Some(accept) = self.accept {
            let path = fill(&self.path, &account.facts);
            return open(&client.with_header("accept", accept), &path).await;
        }
        let path = fill(&self.path, &account.facts);
        let body = self.body.as_ref().map(Value::to_string);
        let body = body.map(|body| fill(&body, &account.facts));
        client.send(self.method.clone(), &path, body).await
    }
}

fn fill(text: &str, facts: &BTreeMap<&'static str, String>) -> String {
    let mut text = text.to_owned();
    for (name, fact) in facts {
        text = text.replace(&format!("{{{name}}}"), fact);
    }
    text
}

/// The head of a response that does not end on its own.
async fn open(client: &Client, path: &str) -> TestResponse {
    let response = client.raw(path).send().await.unwrap();
    TestResponse::head_of(&response)
}
