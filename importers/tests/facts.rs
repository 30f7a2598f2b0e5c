//! The files of other systems, converted and compared with what `facts.py` computes independently.

#![allow(clippy::unwrap_used)]

mod common;

use common::{convert, digest, files};
use importers::{Conversation, Message};
use serde_json::{Value, json};

fn facts() -> Value {
    serde_json::from_str(include_str!("facts.json")).unwrap()
}

#[test]
fn every_text_of_a_file_is_in_its_conversations() {
    let facts = facts();
    for (name, source) in files() {
        let expected = &facts[&name];
        let converted = convert(&source);
        let found: Vec<Value> = converted
            .conversations
            .iter()
            .map(|conversation| {
                let conversation = conversation.converted().unwrap();
                let mut reports = converted.report.conversations.iter();
                let report = reports
                    .find(|report| report.id.as_ref() == Some(&conversation.id))
                    .unwrap();
                assert_eq!(report.messages, conversation.messages.len(), "{name}");
                json!({
                    "id": conversation.id,
                    "title": conversation.title,
                    "path": path(conversation),
                    "tokens": tokens(conversation),
                    "unknown": report.unknown_blocks,
                    "messages": conversation.messages.iter().map(row).collect::<Vec<_>>(),
                })
            })
            .collect();
        compare(&name, &found, expected["conversations"].as_array().unwrap());
        let invalid = expected["invalid"].as_u64().unwrap_or_default();
        assert_eq!(converted.report.invalid_lines, invalid, "{name}");
    }
}

/// The script may omit ids that the source does not have.
fn compare(name: &str, found: &[Value], expected: &[Value]) {
    assert_eq!(found.len(), expected.len(), "{name}");
    for (found, expected) in found.iter().zip(expected) {
        for field in ["title", "path", "tokens", "unknown"] {
            assert_eq!(found[field], expected[field], "{name}: {field}");
        }
        if !expected["id"].is_null() {
            assert_eq!(found["id"], expected["id"], "{name}");
        }
        assert_eq!(found["messages"], expected["messages"], "{name}");
    }
}

/// An id as the script has it: null where it is not the source's.
fn source_id(id: &str) -> Value {
    if id.starts_with("h-") || id.starts_with("line-") {
        Value::Null
    } else {
        id.into()
    }
}

fn row(message: &Message) -> Value {
    let message = serde_json::to_value(message).unwrap();
    let parts = message["parts"].as_array().cloned().unwrap_or_default();
    let is_said =
        |part: &&Value| ["text", "reasoning", "thinking"].contains(&part["type"].as_str().unwrap());
    let texts = parts.iter().filter(is_said);
    let texts = texts.filter_map(|part| part["text"].as_str().or(part["thinking"].as_str()));
    let text = texts.collect::<Vec<_>>().join("\n");
    let ids = |kinds: [&str; 2], name: &str| -> Vec<Value> {
        let parts = parts
            .iter()
            .filter(|part| kinds.contains(&part["type"].as_str().unwrap()));
        parts.filter_map(|part| part.get(name).cloned()).collect()
    };
    let mut calls = ids(["tool_use", ""], "id");
    calls.extend(ids(["dynamic-tool", ""], "toolCallId"));
    let is_estimated = message["metadata"]["dateEstimated"] == true;
    let parent = message["parentId"].as_str().map_or(Value::Null, source_id);
    json!([
        source_id(message["id"].as_str().unwrap()),
        parent,
        message["type"],
        if is_estimated {
            Value::Null
        } else {
            message["timestamp"].clone()
        },
        digest(message["content"].as_str().unwrap_or(&text)),
        calls,
        ids(["tool_result", ""], "tool_use_id"),
    ])
}

fn path(conversation: &Conversation) -> Vec<Value> {
    // A parent missing from the source ends the path.
    let parent = |id: &str| {
        let mut messages = conversation.messages.iter();
        let message = messages.find(|message| message.id == id)?;
        let parent = message.parent_id.clone()?;
        let mut messages = conversation.messages.iter();
        messages.find(|message| message.id == parent)?;
        Some(parent)
    };
    let ids = std::iter::successors(conversation.head_id.clone(), |id| parent(id));
    let mut path: Vec<Value> = ids.map(|id| source_id(&id)).collect();
    path.reverse();
    path
}

fn tokens(conversation: &Conversation) -> [u64; 2] {
    let tokens = conversation
        .messages
        .iter()
        .filter_map(|message| message.tokens);
    tokens.fold([0, 0], |[input, output], tokens| {
        [input + tokens.input, output + tokens.output]
    })
}

#[test]
fn attachments_appear_by_name() {
    let facts = facts();
    let Some(source) = common::file("claude-ai-export.json") else {
        return;
    };
    let expected = &facts["claude-ai-export.json"]["conversations"][0];
    let converted = convert(&source);
    let report = &converted.report.conversations[0];
    let names: Vec<_> = report
        .placeholders
        .iter()
        .map(|file| file.name.clone().unwrap())
        .collect();
    assert_eq!(json!(names), expected["files"]);
    let conversation = serde_json::to_value(&converted.conversations[0]).unwrap();
    let messages = conversation["messages"].as_array().unwrap();
    let parts = messages
        .iter()
        .filter_map(|message| message["parts"].as_array())
        .flatten();
    let documents = parts
        .filter(|part| part["type"] == "document")
        .map(|part| part["title"].clone());
    assert_eq!(json!(documents.collect::<Vec<_>>()), expected["documents"]);
}
