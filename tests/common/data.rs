//! Data that tests send or read from a response: messages, whole conversations, ids, tags.

use std::path::PathBuf;

use serde_json::{Value, json};
use test_support::{note_skipped, skip_without};

/// The state in the response to a write, which a repeat has to return unchanged.
pub fn state(mut response: Value) -> Value {
    response.as_object_mut().unwrap().remove("previousClock");
    response
}

/// The entity tag of a conversation, in the form of the header.
pub fn etag_of(conversation: &Value) -> String {
    format!("\"{}\"", conversation["etag"].as_str().unwrap())
}

/// Conversations without their entity tags, which differ between users and between conversations of one id.
pub fn without_etags(mut conversations: Vec<Value>) -> Vec<Value> {
    for conversation in &mut conversations {
        conversation.as_object_mut().unwrap().remove("etag");
    }
    conversations
}

/// A message as the frontend makes one.
pub fn message(id: &str, kind: &str, content: &str) -> Value {
    json!({ "id": id, "type": kind, "content": content })
}

/// Text that hardly compresses.
pub fn incompressible(seed: u64, length: usize) -> String {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b'!' + u8::try_from((state >> 33) % 90).unwrap())
    };
    (0..length)
        .map(|_| next())
        .filter(|c| !"\"\\".contains(*c))
        .collect()
}

/// A message with a timestamp, epoch ms.
pub fn message_at(id: &str, timestamp: i64) -> Value {
    json!({ "id": id, "type": "user", "content": id, "timestamp": timestamp })
}

/// The ids of a list of things.
pub fn ids(list: &Value) -> Vec<String> {
    let items = list.as_array().unwrap().iter();
    items
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

/// The conversations the repository ships.
pub fn sample() -> Value {
    read_json("public/sample.json").unwrap()
}

/// The real conversations, if they are present. They are not published, so a public CI has none.
pub fn real_data() -> Option<Value> {
    let text = unpublished("localstorage.json", "tests on real conversations")?;
    Some(serde_json::from_str(&text).unwrap())
}

/// A file of an importer's test data, if it is present.
pub fn imported_file(name: &str) -> Option<String> {
    unpublished(
        &format!("imports/{name}"),
        "tests on files of other applications",
    )
}

fn unpublished(name: &str, what: &'static str) -> Option<String> {
    let text = read_text(&format!("../shared/data/{name}"));
    if text.is_none() {
        let is_public = std::env::var_os("GITHUB_ACTIONS").is_some();
        let skip = if is_public {
            note_skipped
        } else {
            skip_without
        };
        skip(what, &format!("put {name} into ../shared/data")).unwrap();
    }
    text
}

fn read_json(path: &str) -> Option<Value> {
    Some(serde_json::from_str(&read_text(path)?).unwrap())
}

fn read_text(path: &str) -> Option<String> {
    std::fs::read_to_string(super::repository().join(path)).ok()
}
