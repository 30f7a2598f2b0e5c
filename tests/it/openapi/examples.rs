//! Examples: requests and responses, recorded each time the document is generated.

use std::time::Duration;

use conversation_store::http::route_of;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::operations::operations;
use super::scenario;
use crate::common::{Client, Site};

/// When it all happens: a clock that stands still makes the examples reproducible.
const BEGINNING: Duration = Duration::from_millis(1_751_545_800_000);

/// Random values are replaced by these.
const USER_ID: &str = "5b1d7c0e-9f1a-4c3b-8f0e-2d6a1c9b7e45";
const TOKEN: &str = "v1.NWIxZDdjMGUtOWYxYS00YzNi.c2lnbmF0dXJl";
pub const CODE: &str = "K7QW2M9X";
const READ_TOKEN: &str = "csr1.NWIxZDdjMGUtOWYxYS00YzNi.c2lnbmF0dXJl";
pub const RECOVERY_CODE: &str = "000W-71A7-1358-RKGF-T69N-A5PR-K9KV";
const SIZE: u64 = 4_096;
const SHARE_ID: &str = "pX3vT0mZ8qK1rY5wLb7cNgQ4sD2hJ9uE";
const ETAG: &str = "RHF0bH9yS2MAAAGXz3k4EAAAAAAAAAAB";

pub struct Examples(Vec<Example>);

/// A request and its response.
struct Example {
    operation: &'static str,
    name: &'static str,
    request: Option<(&'static str, Value)>,
    status: u16,
    media_type: Option<String>,
    response: Value,
}

impl Examples {
    pub async fn record() -> Self {
        let site = Site::stopped_at(BEGINNING).await;
        let mut recorder = Recorder {
            site,
            recorded: Vec::new(),
        };
        scenario::play(&mut recorder).await;
        Self(recorder.recorded)
    }

    pub fn operations(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|example| example.operation)
    }

    /// Adds the bodies of requests that were accepted.
    pub fn add_requests(&self, operation: &str, content: &mut Map<String, Value>) {
        let accepted = |example: &&Example| example.operation == operation && example.status < 300;
        for example in self.0.iter().filter(accepted) {
            if let Some((media_type, body)) = &example.request {
                content[*media_type]["examples"][example.name] = json!({ "value": body });
            }
        }
    }

    pub fn has_response(&self, operation: &str, status: u16) -> bool {
        let mut examples = self.0.iter();
        examples.any(|example| example.operation == operation && example.status == status)
    }

    /// Adds the bodies of responses.
    pub fn add_responses(&self, operation: &str, status: u16, response: &mut Value) {
        let fits = |example: &&Example| example.operation == operation && example.status == status;
        for example in self.0.iter().filter(fits) {
            if let Some(media_type) = &example.media_type {
                response["content"][media_type]["examples"][example.name] =
                    json!({ "value": example.response });
            }
        }
    }
}

/// Sends requests and records the responses.
pub struct Recorder {
    pub site: Site,
    recorded: Vec<Example>,
}

impl Recorder {
    /// Sends a request for JSON or lines, one second after the previous one.
    pub async fn ask(
        &mut self,
        client: &Client,
        name: &'static str,
        (method, path): (&str, &str),
        body: Option<Value>,
    ) -> Value {
        self.site.advance(Duration::from_secs(1));
        let sent = body.as_ref().map(|body| match body {
            Value::String(lines) => lines.clone(),
            json => json.to_string(),
        });
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let response = client
            .with_header("x-request-id", "req-1")
            .send(method.clone(), path, sent)
            .await;
        let media_type = response.header("content-type").map(str::to_owned);
        let is_json = media_type.as_deref() == Some("application/json");
        let said = match is_json {
            true => serde_json::from_str(&response.text).unwrap(),
            false => json!(response.text),
        };
        self.keep(
            name,
            (method, path),
            body,
            response.status,
            media_type,
            said.clone(),
        );
        said
    }

    /// Reads a stream of events to its end.
    pub async fn listen(&mut self, client: &Client, name: &'static str, path: &str) {
        let request = client.raw(path).header("accept", "text/event-stream");
        let text = request.send().await.unwrap().text().await.unwrap();
        let media_type = Some("text/event-stream".to_owned());
        self.keep(
            name,
            (Method::GET, path),
            None,
            200,
            media_type,
            json!(text),
        );
    }

    fn keep(
        &mut self,
        name: &'static str,
        (method, path): (Method, &str),
        body: Option<Value>,
        status: u16,
        media_type: Option<String>,
        mut response: Value,
    ) {
        settle(&mut response);
        let request = body.map(|mut body| {
            settle(&mut body);
            match body {
                Value::String(_) => ("application/x-ndjson", body),
                json => ("application/json", json),
            }
        });
        self.recorded.push(Example {
            operation: operation_of(&method, path),
            name,
            request,
            status,
            media_type,
            response,
        });
    }
}

fn operation_of(method: &Method, path: &str) -> &'static str {
    let route = route_of(path.split('?').next().unwrap_or_default());
    let method = method.as_str().to_lowercase();
    let found = operations()
        .into_iter()
        .find(|operation| operation.route == route && operation.method == method);
    found.unwrap().id
}

/// Replaces values that are random or depend on speed or storage.
fn settle(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(settle),
        Value::Object(members) => {
            let has = |name: &str| members.contains_key(name);
            let has_code = has("expiresAt") || has("action");
            let is_share = has("expiresAt") && !has("revision") || has("deleted") && !has("clock");
            for (name, value) in members.iter_mut() {
                match name.as_str() {
                    "userId" => *value = json!(USER_ID),
                    "etag" if !value.is_null() => *value = json!(ETAG),
                    "token" => *value = json!(TOKEN),
                    "latencyMs" => *value = json!(1.5),
                    "bytes" => *value = json!(SIZE),
                    "code" if value.as_str() == Some(RECOVERY_CODE) => {}
                    "code" if has_code => *value = json!(CODE),
                    "id" if is_share => *value = json!(SHARE_ID),
                    "recoveryCode" => *value = json!(RECOVERY_CODE),
                    "readToken" => *value = json!(READ_TOKEN),
                    "shareId" => *value = json!(SHARE_ID),
                    _ => settle(value),
                }
            }
        }
        Value::String(text) if text.starts_with("# HELP") => *text = with_even_sizes(text),
        Value::String(text) if text.contains(ETAG_MEMBER) => *text = with_one_etag(text),
        _ => {}
    }
}

const ETAG_MEMBER: &str = "\"etag\":\"";

/// The lines of an export, all of them with the same entity tag.
fn with_one_etag(lines: &str) -> String {
    let mut parts = lines.split(ETAG_MEMBER);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + ETAG_MEMBER + ETAG + &part[ETAG.len()..]
    })
}

/// Prometheus's samples, all of them with the same value.
fn with_even_sizes(samples: &str) -> String {
    let lines = samples.lines().map(|line| match line.rsplit_once(' ') {
        Some((name, _)) if !line.starts_with('#') => format!("{name} {SIZE}\n"),
        _ => format!("{line}\n"),
    });
    lines.collect()
}
