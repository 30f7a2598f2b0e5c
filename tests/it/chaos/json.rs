//! What is sent and what comes back, as JSON and as the model has it.

use std::collections::BTreeMap;

use chrono::DateTime;
use reqwest::Method;
use serde_json::{Value, json};

use super::conversation::{Page, Shown};
use super::model::Told;
use super::tree::{Line, Message, Parent};
use super::wire::{Request, Response};
use super::write::Write;

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
        head: Some(conversation["headId"].as_str().map(str::to_owned)),
        page: messages.map(|messages| Page::Newest {
            limit: 50,
            lines: messages.iter().map(line).collect(),
            siblings: Some(messages.iter().map(siblings).collect()),
        }),
    }
}

pub fn line(message: &Value) -> Line {
    Line {
        id: text(&message["id"]),
        content: text(&message["content"]),
        parts: message.get("parts").map(Value::to_string),
        tokens: message["tokens"]["total"].as_u64().unwrap(),
    }
}

fn siblings(message: &Value) -> Vec<String> {
    let ids = message["siblingIds"].as_array();
    ids.map_or(vec![], |ids| ids.iter().map(text).collect())
}

/// Messages with their parents; a message that names none follows the one before.
pub fn branches(messages: &Value) -> Vec<(Line, Option<String>)> {
    let messages = messages.as_array().unwrap();
    let mut before = None;
    let nodes = messages.iter().map(|message| {
        let line = line(message);
        let behind = before.replace(line.id.clone());
        let parent = match message.get("parentId") {
            Some(parent) => parent.as_str().map(str::to_owned),
            None => behind,
        };
        (line, parent)
    });
    nodes.collect()
}

/// What a client learns from reading all branches; `None` if they exceed a page.
pub fn told_branches(response: &Response) -> Option<Told> {
    if response.status != 200 {
        return Some(told(response));
    }
    let json = response.json();
    json["nextCursor"].is_null().then(|| {
        let revision = json["revision"].as_u64();
        Told::Branches(
            revision,
            response.etag.clone(),
            Page::Branches(branches(&json["data"])),
        )
    })
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
        shown.page = Some(Page::Export(branches(&line["messages"])));
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
        Write::Append(messages, parent) => {
            let mut messages = as_json(messages);
            match parent {
                Parent::Head => {}
                Parent::Root => messages[0]["parentId"] = Value::Null,
                Parent::Message(id) => messages[0]["parentId"] = json!(id),
            }
            let body = json!({ "messages": messages });
            Request::new(Method::POST, path + "/messages").with_body(body)
        }
        Write::Put(message) => {
            let path = format!("{path}/messages/{}", message.line.id);
            Request::new(Method::PUT, path).with_body(message_as_json(message))
        }
        Write::Rename(title) => {
            Request::new(Method::PATCH, path).with_body(json!({ "title": title }))
        }
        Write::Switch(head) => {
            Request::new(Method::PATCH, path).with_body(json!({ "headId": head }))
        }
        Write::Edit {
            message,
            content,
            parts,
            tokens,
        } => {
            let mut body = json!({ "tokens": { "total": tokens } });
            match parts {
                Some(parts) => body["parts"] = serde_json::from_str(parts).unwrap(),
                None => body["content"] = json!(content),
            }
            Request::new(Method::PATCH, format!("{path}/messages/{message}")).with_body(body)
        }
        Write::Remove { message, and_after } => {
            let query = if *and_after { "?andAfter=true" } else { "" };
            Request::new(Method::DELETE, format!("{path}/messages/{message}{query}"))
        }
        Write::Delete => Request::new(Method::DELETE, path),
    }
}

/// Parts of which the service derives this content.
pub fn parts_of(content: &str) -> String {
    json!([{ "type": "step-start" }, { "type": "text", "text": content }]).to_string()
}

fn as_json(messages: &[Message]) -> Vec<Value> {
    messages.iter().map(message_as_json).collect()
}

fn message_as_json(message: &Message) -> Value {
    let line = &message.line;
    let mut json = json!({
        "id": line.id, "type": "user", "timestamp": message.timestamp, "tokens": { "total": line.tokens },
    });
    if let Some(parts) = &line.parts {
        json["parts"] = serde_json::from_str(parts).unwrap();
    }
    // Of parts alone the content is derived.
    if line.parts != Some(parts_of(&line.content)) {
        json["content"] = json!(line.content);
    }
    json
}
