//! Portions: a source that is cut anywhere gives the same messages as the whole.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;

use common::files;
use importers::{Continuation, Converted, Format, Options, convert, detect, portions, split};
use serde_json::{Value, json};

/// The messages of all conversations, by the ids of both.
type Messages = BTreeMap<(String, String), Value>;

fn messages(converted: &Converted) -> Messages {
    let mut messages = Messages::new();
    for conversation in &converted.conversations {
        let conversation = serde_json::to_value(conversation).unwrap();
        for message in conversation["messages"].as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let added = messages.insert(
                (text(&conversation["id"]), text(&message["id"])),
                message.clone(),
            );
            assert!(added.is_none());
        }
    }
    messages
}

/// Converts portions one after another; only the first has the lines before it to itself.
fn convert_all(format: Format, parts: &[&[u8]], in_line: bool) -> Messages {
    let (mut union, mut continuation): (Messages, Option<Continuation>) = (Messages::new(), None);
    for part in parts {
        let mut source = Vec::new();
        let mut options = Options::default();
        match continuation.take() {
            Some(continuation) if in_line => source.extend(continuation.to_line().into_bytes()),
            continuation => options.continuation = continuation,
        }
        source.extend(*part);
        let converted = convert(format, &source, &options).unwrap();
        for (id, message) in messages(&converted) {
            assert_eq!(union.insert(id, message), None);
        }
        continuation = converted.continuation;
    }
    union
}

fn line_ends(source: &[u8]) -> Vec<usize> {
    let ends = source
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n');
    ends.map(|(at, _)| at + 1)
        .filter(|at| *at < source.len())
        .collect()
}

#[test]
fn a_session_may_be_cut_at_any_line() {
    for (name, source) in files()
        .into_iter()
        .filter(|(name, _)| name.ends_with(".jsonl"))
    {
        let whole = messages(&convert(Format::ClaudeCode, &source, &Options::default()).unwrap());
        assert!(!whole.is_empty());
        for (number, at) in line_ends(&source).into_iter().enumerate() {
            let parts = [&source[..at], &source[at..]];
            assert_eq!(
                convert_all(Format::ClaudeCode, &parts, number % 2 == 0),
                whole,
                "{name}: {at}"
            );
        }
    }
}

#[test]
fn a_session_may_be_cut_into_its_lines() {
    for (name, source) in files()
        .into_iter()
        .filter(|(name, _)| name.ends_with(".jsonl"))
    {
        let whole = messages(&convert(Format::ClaudeCode, &source, &Options::default()).unwrap());
        let lines: Vec<&[u8]> = source
            .split_inclusive(|byte| *byte == b'\n')
            .filter(|line| line.len() > 1)
            .collect();
        assert_eq!(
            convert_all(Format::ClaudeCode, &lines, true),
            whole,
            "{name}"
        );
    }
}

#[test]
fn a_portion_by_itself_names_parents_of_earlier_ones() {
    for (name, source) in files()
        .into_iter()
        .filter(|(name, _)| name.ends_with(".jsonl"))
    {
        let whole = messages(&convert(Format::ClaudeCode, &source, &Options::default()).unwrap());
        for at in line_ends(&source) {
            let Ok(rest) = convert(Format::ClaudeCode, &source[at..], &Options::default()) else {
                // There are no more than broken lines.
                continue;
            };
            let ids: Vec<_> = messages(&rest).into_keys().map(|(_, id)| id).collect();
            let known = |id: &String| whole.keys().any(|(_, known)| known == id);
            assert!(ids.iter().all(known), "{name}: {at}");
            for conversation in rest.conversations.iter().filter_map(|one| one.converted()) {
                let first = &conversation.messages[0];
                let mut expected = whole.iter().filter(|((_, id), _)| *id == first.id);
                let expected = expected.next().unwrap().1;
                let is_named = first.parent_id.as_ref().is_some_and(known);
                assert!(
                    !is_named || expected["parentId"] == json!(first.parent_id),
                    "{name}: {at}"
                );
            }
        }
    }
}

#[test]
fn a_longer_version_has_the_same_messages_and_more() {
    for (name, source) in files()
        .into_iter()
        .filter(|(name, _)| name.ends_with(".jsonl"))
    {
        let whole = messages(&convert(Format::ClaudeCode, &source, &Options::default()).unwrap());
        for at in line_ends(&source) {
            let part =
                messages(&convert(Format::ClaudeCode, &source[..at], &Options::default()).unwrap());
            for (id, message) in part {
                assert_eq!(whole.get(&id), Some(&message), "{name}: {at}");
            }
        }
    }
}

#[test]
fn split_makes_portions_that_fit_and_leave_nothing_out() {
    for (name, source) in files() {
        let format = detect(&source).unwrap();
        let whole = messages(&convert(format, &source, &Options::default()).unwrap());
        for most in [1, 2_000, 20_000, 1_000_000] {
            let parts: Vec<_> = split(&source[..], format, most)
                .map(Result::unwrap)
                .collect();
            for part in &parts {
                assert_eq!(part.is_oversized, part.bytes.len() > most, "{name}");
            }
            let bytes: Vec<&[u8]> = parts
                .iter()
                .map(|part| &*part.bytes)
                .filter(|part| part.len() > 1)
                .collect();
            assert_eq!(convert_all(format, &bytes, false), whole, "{name}: {most}");
        }
    }
}

#[test]
fn an_array_may_be_cut_between_any_conversations() {
    let conversation = |id: usize| {
        json!({ "uuid": format!("c{id}"), "name": "", "created_at": "2025-01-01T00:00:00Z", "chat_messages": [
            { "uuid": format!("m{id}"), "sender": "human", "text": format!("text {id}"), "content": [] },
        ] })
    };
    let source = json!((0..9).map(conversation).collect::<Vec<_>>()).to_string();
    let whole =
        messages(&convert(Format::ClaudeAi, source.as_bytes(), &Options::default()).unwrap());
    assert_eq!(whole.len(), 9);
    for cut in 1..9 {
        let most = source.len() * cut / 9;
        let parts: Vec<_> = split(source.as_bytes(), Format::ClaudeAi, most)
            .map(Result::unwrap)
            .collect();
        let bytes: Vec<&[u8]> = parts.iter().map(|part| &*part.bytes).collect();
        assert_eq!(convert_all(Format::ClaudeAi, &bytes, false), whole);
        assert!(bytes.len() > 1);
    }
}

#[test]
fn requests_fit_and_hold_every_message_once() {
    for (name, source) in files() {
        let converted = common::convert(&source);
        let whole = messages(&converted);
        for most in [10_000, 100_000, 4_500_000] {
            let mut union = Messages::new();
            let bodies = portions(&converted.conversations, most);
            for body in &bodies {
                let conversations: Vec<Value> = serde_json::from_str(body).unwrap();
                let count: usize = conversations
                    .iter()
                    .map(|one| one["messages"].as_array().unwrap().len())
                    .sum();
                assert!(body.len() <= most || count == 1, "{name}: {}", body.len());
                for conversation in conversations {
                    for message in conversation["messages"].as_array().unwrap() {
                        let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
                        union.insert((id(&conversation), id(message)), message.clone());
                    }
                }
            }
            assert_eq!(union, whole, "{name}: {most}");
        }
    }
}

#[test]
fn a_split_conversation_begins_with_its_active_path() {
    let node = |parent: Option<&str>, children: &[&str], role: &str| {
        json!({ "parent": parent, "children": children, "message": {
            "author": { "role": role }, "content": { "content_type": "text", "parts": ["x".repeat(500)] } } })
    };
    let source = json!([{ "id": "c", "current_node": "d", "mapping": {
        "a": node(None, &["b", "d"], "user"), "b": node(Some("a"), &[], "assistant"), "d": node(Some("a"), &[], "assistant"),
    } }]);
    let converted = common::convert(source.to_string().as_bytes());
    let bodies = portions(&converted.conversations, 1_600);
    let ids: Vec<Vec<String>> = bodies
        .iter()
        .map(|body| {
            let body: Value = serde_json::from_str(body).unwrap();
            let messages = body[0]["messages"].as_array().unwrap().iter();
            messages
                .map(|message| message["id"].as_str().unwrap().to_owned())
                .collect()
        })
        .collect();
    assert_eq!(ids, [vec!["a", "d"], vec!["b"]]);
}
