//! What is sent and what comes back, as JSON and as the model has it.

use std::collections::BTreeMap;

use chrono::DateTime;
use reqwest::Method;
use serde_json::{Value, json};

use super::conversation::{Line, Message, Page, Shown};
use super::model::{Told, Write};
use super::wire::{Request, Response};

/// What a client learns of a write to a conversation, or of opening one.
pub fn told(response: &Response) -> Told {
    let json = response.json();
    if response.status < 300 {
        let conversation = match &json["conversation"] {
            Value::Null => &json,
            inner => inner,
        };
        if conversation["deleted"] == true {
            return Told::Deleted;
        }
        let mut shown = shown(conversation);
        shown.etag.clone_from(&response.etag);
        let deleted = json["deleted"].as_array();
        return Told::Done(shown, deleted.map(|ids| ids.iter().map(text).collect()));
    }
    match response.error_code().as_str() {
        "conversation_not_found" => Told::Missing,
        "conversation_deleted" => Told::Gone,
        "message_not_found" => Told::NoMessage,
        "conversation_exists" => Told::Exists,
        "revision_mismatch" => Told::Stale,
        "signed_out" => Told::SignedOut,
        "request_too_old" => Told::Nothing,
        _ => Told::Other(response.text.clone()),
    }
}

/// A conversation as summaries and pages show it.
pub fn shown(conversation: &Value) -> Shown {
    let messages = conversation["messages"].as_array();
    Shown {
        revision: conversation["revision"].as_u64(),
        etag: None,
        title: text(&conversation["title"]),
        count: usize::try_from(conversation["messageCount"].as_u64().unwrap()).unwrap(),
        tokens: conversation["totalTokens"].as_u64(),
        page: messages.map(|messages| Page {
            limit: 50,
            lines: messages.iter().map(line).collect(),
        }),
    }
}

pub fn line(message: &Value) -> Line {
    let tokens = message["tokens"]["total"].as_u64().unwrap();
    (text(&message["id"]), text(&message["content"]), tokens)
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The conversations of an export, which has to be complete.
pub fn exported(export: &str) -> BTreeMap<String, Shown> {
    let mut lines: Vec<Value> = export
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let end = lines.pop().unwrap();
    assert_eq!(end["export"]["complete"], true, "{export}");
    let conversation = |line: &Value| {
        let mut shown = shown(line);
        shown.page.as_mut().unwrap().limit = usize::MAX;
        (text(&line["id"]), shown)
    };
    lines.iter().map(conversation).collect()
}

pub fn messages_of(conversation: &Value) -> Vec<Message> {
    let message = |json: &Value| {
        let timestamp = DateTime::parse_from_rfc3339(json["timestamp"].as_str().unwrap());
        Message {
            line: line(json),
            timestamp: timestamp.unwrap().timestamp_millis(),
        }
    };
    let messages = conversation["messages"].as_array().unwrap();
    messages.iter().map(message).collect()
}

pub fn request_of(id: &str, write: &Write) -> Request {
    let path = format!("/api/conversations/{id}");
    match write {
        Write::Create(title, messages) => {
            let body = json!({ "id": id, "title": title, "messages": as_json(messages) });
            Request::new(Method::POST, "/api/conversations").with_body(body)
        }
        Write::Save(title, messages) => {
            let body = json!({ "title": title, "messages": as_json(messages) });
            Request::new(Method::PUT, path).with_body(body)
        }
        Write::Append(messages) => {
            let body = json!({ "messages": as_json(messages) });
            Request::new(Method::POST, path + "/messages").with_body(body)
        }
        Write::Rename(title) => {
            Request::new(Method::PATCH, path).with_body(json!({ "title": title }))
        }
        Write::Edit((message, content, tokens)) => {
            let body = json!({ "content": content, "tokens": { "total": tokens } });
            Request::new(Method::PATCH, format!("{path}/messages/{message}")).with_body(body)
        }
        Write::Remove { message, and_after } => {
            let query = if *and_after { "?andAfter=true" } else { "" };
            Request::new(Method::DELETE, format!("{path}/messages/{message}{query}"))
        }
        Write::Delete => Request::new(Method::DELETE, path),
    }
}

fn as_json(messages: &[Message]) -> Vec<Value> {
    let json = |message: &Message| {
        let (id, content, tokens) = &message.line;
        json!({
            "id": id, "type": "user", "content": content, "timestamp": message.timestamp,
            "tokens": { "total": tokens },
        })
    };
    messages.iter().map(json).collect()
}
