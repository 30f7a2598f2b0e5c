//! Exports of LibreChat, by the cases of their schema.

#![allow(clippy::unwrap_used)]

mod common;

use common::{column, converted, links};
use importers::{Format, Options};
use serde_json::{Value, json};

const LIBRE_ROOT: &str = "00000000-0000-0000-0000-000000000000";

fn libre_message(id: &str, parent: &str, is_user: bool) -> Value {
    json!({ "messageId": id, "parentMessageId": parent, "conversationId": "c", "text": id, "sender": if is_user { "User" } else { "GPT" },
        "isCreatedByUser": is_user, "model": "gpt-x", "tokenCount": 7 })
}

fn nested(mut message: Value, children: Value) -> Value {
    message["children"] = children;
    message
}

#[test]
fn libre_chat_has_trees_flat_and_nested() {
    let around = |name: &str, messages: Value| {
        let mut source = json!({ "conversationId": "c", "endpoint": "openAI", "title": "T", "exportAt": "2025-01-01T00:00:00.000Z",
            "branches": true, "recursive": name == "messagesTree", "options": { "model": "gpt-x" } });
        source[name] = messages;
        source
    };
    let flat = around(
        "messages",
        json!([
            libre_message("u", LIBRE_ROOT, true),
            libre_message("a", "u", false),
            libre_message("b", "u", false),
            libre_message("v", "b", true),
        ]),
    );
    let tree = around(
        "messagesTree",
        json!([nested(
            libre_message("u", LIBRE_ROOT, true),
            json!([
                nested(libre_message("a", "u", false), json!([])),
                nested(
                    libre_message("b", "u", false),
                    json!([nested(libre_message("v", "b", true), json!([]))])
                ),
            ])
        )]),
    );
    let (flat, _) = converted(&flat);
    let (tree, _) = converted(&tree);
    assert_eq!(flat, tree);
    assert_eq!(
        links(&flat),
        json!([["u", null], ["a", "u"], ["b", "u"], ["v", "b"]])
    );
    assert_eq!(flat["headId"], "v");
    assert_eq!(
        column(&flat, "model"),
        json!([null, "gpt-x", "gpt-x", null])
    );
    assert_eq!(
        column(&flat, "tokens")[1],
        json!({ "input": 0, "output": 7 })
    );
    assert_eq!(
        flat["source"],
        json!({ "kind": "librechat", "id": "c", "endpoint": "openAI",
        "exportedAt": "2025-01-01T00:00:00.000Z", "model": "gpt-x" })
    );
}

#[test]
fn libre_chat_nests_as_deep_as_it_likes() {
    let mut tree = String::new();
    for number in 0..20_000 {
        tree += &format!(r#"{{"messageId":"m{number}","text":"x","children":["#);
    }
    tree += &"]}".repeat(20_000);
    let source = format!(r#"{{"conversationId":"c","messagesTree":[{tree}]}}"#);
    let convert =
        |options| importers::convert(Format::LibreChat, source.as_bytes(), &options).unwrap();
    let whole = convert(Options::default());
    let messages = &whole.conversations[0].converted().unwrap().messages;
    assert_eq!(messages.len(), 20_000);
    assert_eq!(messages[19_999].parent_id.as_deref(), Some("m19998"));
    let few = convert(Options {
        max_messages: 100,
        ..Options::default()
    });
    assert_eq!(
        json!(few.report.conversations[0].skipped),
        json!("too_many_messages")
    );
}

#[test]
fn libre_chat_has_parts() {
    let mut message = libre_message("a", LIBRE_ROOT, false);
    message["content"] = json!([
        { "type": "think", "think": "hm" },
        { "type": "text", "text": { "value": "so" } },
        { "type": "text", "text": "then" },
        { "type": "tool_call", "tool_call": { "id": "t", "name": "x", "args": "{\"q\":1}", "output": "done", "progress": 1, "type": "tool_call" } },
        { "type": "tool_call", "tool_call": { "id": "t2", "name": "y", "args": { "q": 2 }, "progress": 0.1 } },
        { "type": "image_file", "image_file": { "file_id": "f", "filename": "a.png", "filepath": "/images/a.png", "type": "image/png" } },
        { "type": "error", "error": "broke" },
        { "type": "novel", "x": 1 },
    ]);
    message["files"] =
        json!([{ "file_id": "g", "filename": "b.pdf", "type": "application/pdf", "bytes": 9 }]);
    message["attachments"] =
        json!([{ "filename": "c.png", "filepath": "https://a.example/c.png" }]);
    message["unfinished"] = json!(true);
    message["feedback"] = json!({ "rating": "thumbsUp" });
    let (found, report) = converted(&json!({ "conversationId": "c", "messages": [message] }));
    let message = &found["messages"][0];
    assert_eq!(
        message["parts"],
        json!([
            { "type": "reasoning", "text": "hm" },
            { "type": "text", "text": "so" },
            { "type": "text", "text": "then" },
            { "type": "dynamic-tool", "toolName": "x", "toolCallId": "t", "state": "output-available", "input": { "q": 1 }, "output": "done" },
            { "type": "dynamic-tool", "toolName": "y", "toolCallId": "t2", "state": "input-available", "input": { "q": 2 } },
            { "type": "file", "filename": "a.png", "mediaType": "image/png", "placeholder": { "reason": "not_in_source", "sourceId": "f" } },
            { "type": "text", "text": "broke" },
            { "type": "novel", "x": 1 },
            { "type": "file", "filename": "b.pdf", "mediaType": "application/pdf",
              "placeholder": { "reason": "not_in_source", "bytes": 9, "sourceId": "g" } },
            { "type": "file", "mediaType": "application/octet-stream", "filename": "c.png", "url": "https://a.example/c.png" },
        ])
    );
    assert_eq!(message["status"], "error");
    assert_eq!(
        message["metadata"]["feedback"],
        json!({ "rating": "thumbsUp" })
    );
    assert_eq!(json!(report.unknown_blocks), json!({ "novel": 1 }));
    assert_eq!(report.undated, 1);
}
