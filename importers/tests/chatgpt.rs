//! ChatGPT's exports, by the cases of their schema.

#![allow(clippy::unwrap_used)]

mod common;

use common::convert;
use serde_json::{Value, json};

/// A conversation of nodes: `(id, parent, message)`.
fn conversation(head: &str, nodes: &[(&str, Option<&str>, Value)]) -> Value {
    let mapping: serde_json::Map<String, Value> = nodes
        .iter()
        .map(|(id, parent, message)| {
            (
                (*id).to_owned(),
                json!({ "id": id, "parent": parent, "children": [], "message": message }),
            )
        })
        .collect();
    json!({ "conversation_id": "c", "id": "c", "title": "T", "create_time": 1_700_000_000.5, "update_time": null,
        "current_node": head, "mapping": mapping, "is_archived": true })
}

fn message(role: &str, kind: &str, content: Value, more: Value) -> Value {
    let mut message = json!({ "author": { "role": role, "name": null, "metadata": {} }, "create_time": 1_700_000_001.25,
        "content": { "content_type": kind }, "status": "finished_successfully", "weight": 1.0, "recipient": "all",
        "metadata": { "model_slug": "gpt-x" } });
    for (target, fields) in [("content", content), ("", more)] {
        for (name, value) in fields.as_object().unwrap() {
            let object = if target.is_empty() {
                &mut message
            } else {
                &mut message[target]
            };
            object[name] = value.clone();
        }
    }
    message
}

fn said(role: &str, text: &str) -> Value {
    message(role, "text", json!({ "parts": [text] }), json!({}))
}

fn converted(source: Value) -> (Value, importers::ConversationReport) {
    let converted = convert(source.to_string().as_bytes());
    let conversation = serde_json::to_value(&converted.conversations[0]).unwrap();
    (conversation, converted.report.conversations[0].clone())
}

#[test]
fn a_turn_is_one_message() {
    let thoughts = json!({ "thoughts": [{ "summary": "Sum", "content": "Think", "chunks": [], "finished": true }] });
    let call = message(
        "assistant",
        "code",
        json!({ "language": "json", "text": "{\"q\": 1}" }),
        json!({ "recipient": "python" }),
    );
    let output = message(
        "tool",
        "execution_output",
        json!({ "text": "42" }),
        json!({ "author": { "role": "tool", "name": "python" } }),
    );
    let source = conversation(
        "answer",
        &[
            ("root", None, Value::Null),
            ("u", Some("root"), said("user", "why?")),
            (
                "think",
                Some("u"),
                message("assistant", "thoughts", thoughts, json!({})),
            ),
            (
                "recap",
                Some("think"),
                message(
                    "assistant",
                    "reasoning_recap",
                    json!({ "content": "Thought for 2s" }),
                    json!({}),
                ),
            ),
            ("call", Some("recap"), call),
            ("out", Some("call"), output),
            ("answer", Some("out"), said("assistant", "because")),
            ("u2", Some("answer"), said("user", "thanks")),
        ],
    );
    let (found, _) = converted(source);
    assert_eq!(found["id"], "c");
    assert_eq!(found["archived"], true);
    assert_eq!(found["createdAt"], "2023-11-14T22:13:20.500Z");
    assert_eq!(found["headId"], "think");
    let messages = found["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 3);
    assert_eq!(
        messages[1]["parts"],
        json!([
            { "type": "reasoning", "text": "Sum\n\nThink" },
            { "type": "reasoning", "text": "Thought for 2s" },
            { "type": "dynamic-tool", "toolName": "python", "toolCallId": "call", "state": "output-available",
                "input": { "q": 1 }, "output": "42" },
            { "type": "text", "text": "because" },
        ])
    );
    assert_eq!(messages[1]["model"], "gpt-x");
    assert_eq!(messages[2]["parentId"], "think");
}

#[test]
fn a_branch_within_a_turn_ends_it() {
    let call = message(
        "assistant",
        "code",
        json!({ "text": "1" }),
        json!({ "recipient": "python" }),
    );
    let source = conversation(
        "b",
        &[
            ("u", None, said("user", "why?")),
            ("call", Some("u"), call),
            ("a", Some("call"), said("assistant", "one")),
            ("b", Some("call"), said("assistant", "two")),
        ],
    );
    let (found, _) = converted(source);
    let links: Vec<_> = found["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| json!([message["id"], message["parentId"]]))
        .collect();
    assert_eq!(
        json!(links),
        json!([["u", null], ["call", "u"], ["a", "call"], ["b", "call"]])
    );
    assert_eq!(found["headId"], "b");
}

#[test]
fn hidden_messages_stay_hidden() {
    let hidden = json!({ "metadata": { "is_visually_hidden_from_conversation": true } });
    let about = json!({ "user_profile": "I am", "user_instructions": "Be brief" });
    let source = conversation(
        "a",
        &[
            ("root", None, Value::Null),
            ("sys", Some("root"), said("system", "secret")),
            (
                "ctx",
                Some("sys"),
                message("user", "user_editable_context", about, hidden.clone()),
            ),
            ("u", Some("ctx"), said("user", "why?")),
            (
                "zero",
                Some("u"),
                message(
                    "assistant",
                    "text",
                    json!({ "parts": ["secret"] }),
                    json!({ "weight": 0 }),
                ),
            ),
            (
                "browse",
                Some("zero"),
                message(
                    "assistant",
                    "code",
                    json!({ "text": "search()" }),
                    json!({ "recipient": "browser" }),
                ),
            ),
            (
                "page",
                Some("browse"),
                message(
                    "tool",
                    "tether_browsing_display",
                    json!({ "result": "secret" }),
                    json!({}),
                ),
            ),
            (
                "note",
                Some("page"),
                message("tool", "text", json!({ "parts": ["secret"] }), json!({})),
            ),
            ("a", Some("note"), said("assistant", "so")),
        ],
    );
    let (found, report) = converted(source);
    assert!(!found.to_string().contains("secret"));
    assert_eq!(found["source"]["customInstructions"], "I am\n\nBe brief");
    assert_eq!(
        found["messages"][1]["parts"][0]["state"],
        "output-available"
    );
    assert_eq!(
        found["messages"][1]["parts"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()["text"],
        "so"
    );
    assert_eq!(report.hidden, 5);
}

#[test]
fn files_are_there_by_their_names() {
    let parts = json!([
        { "content_type": "image_asset_pointer", "asset_pointer": "sediment://file_1", "size_bytes": 7, "width": 1, "height": 1 },
        { "content_type": "audio_transcription", "text": "spoken" },
        { "content_type": "real_time_user_audio_video_asset_pointer", "audio_asset_pointer": { "asset_pointer": "sediment://file_3" } },
        { "content_type": "hologram" },
        "look",
    ]);
    let metadata = json!({ "metadata": { "attachments": [
        { "id": "file_1", "name": "a.png", "mime_type": "image/png", "size": 7 },
        { "id": "file_2", "name": "b.pdf", "mime_type": "application/pdf", "size": 9 },
    ] } });
    let source = conversation(
        "u",
        &[(
            "u",
            None,
            message(
                "user",
                "multimodal_text",
                json!({ "parts": parts }),
                metadata,
            ),
        )],
    );
    let (found, report) = converted(source);
    let parts = found["messages"][0]["parts"].as_array().unwrap();
    let names: Vec<_> = parts
        .iter()
        .map(|part| json!([part["type"], part["filename"], part["mediaType"]]))
        .collect();
    assert_eq!(
        json!(names),
        json!([
            ["file", "a.png", "image/png"],
            ["text", null, null],
            ["file", "file_3", "audio/*"],
            ["data-chatgpt", null, null],
            ["text", null, null],
            ["file", "b.pdf", "application/pdf"]
        ])
    );
    assert_eq!(report.placeholders.len(), 3);
    assert_eq!(json!(report.unknown_blocks), json!({ "hologram": 1 }));
}

#[test]
fn citations_are_words_and_pages() {
    let marker = "\u{e200}cite\u{e202}turn0search1\u{e201}";
    let metadata = json!({ "metadata": {
        "content_references": [{ "matched_text": marker, "alt": "([A](https://a.example))",
            "items": [{ "url": "https://a.example", "title": "A" }] }],
        "citations": [{ "metadata": { "url": "https://b.example", "title": "B" } }],
    } });
    let text = format!("true {marker}\u{e200}left\u{e201}");
    let source = conversation(
        "a",
        &[(
            "a",
            None,
            message("assistant", "text", json!({ "parts": [text] }), metadata),
        )],
    );
    let parts = converted(source).0["messages"][0]["parts"].clone();
    assert_eq!(
        parts,
        json!([
            { "type": "text", "text": "true ([A](https://a.example))" },
            { "type": "source-url", "sourceId": "https://a.example", "url": "https://a.example", "title": "A" },
            { "type": "source-url", "sourceId": "https://b.example", "url": "https://b.example", "title": "B" },
        ])
    );
}

#[test]
fn dates_that_are_missing_follow_the_parent() {
    let undated = |role| {
        message(
            role,
            "text",
            json!({ "parts": ["x"] }),
            json!({ "create_time": null, "metadata": null }),
        )
    };
    let source = conversation(
        "a",
        &[
            ("u", None, said("user", "x")),
            ("a", Some("u"), undated("assistant")),
        ],
    );
    let (found, report) = converted(source);
    assert_eq!(
        found["messages"][1]["timestamp"],
        "2023-11-14T22:13:21.251Z"
    );
    assert_eq!(found["messages"][1]["metadata"]["dateEstimated"], true);
    assert_eq!(report.estimated_dates, 1);
}

#[test]
fn an_invalid_conversation_does_not_stop_the_rest() {
    let good = || conversation("u", &[("u", None, said("user", "x"))]);
    let mut other = good();
    other["conversation_id"] = json!("other id");
    other["id"] = json!("other id");
    let bad = [
        json!(5),
        json!({ "mapping": "gone" }),
        json!({ "mapping": {} }),
        json!(null),
    ];
    let source = json!([good(), bad[0], bad[1], bad[2], bad[3], good(), other]);
    let converted = convert(source.to_string().as_bytes());
    let codes: Vec<_> = converted
        .report
        .conversations
        .iter()
        .map(|report| report.skipped)
        .collect();
    assert_eq!(
        json!(codes),
        json!([
            null,
            "wrong_shape",
            "wrong_shape",
            "empty",
            "wrong_shape",
            "duplicate_id",
            null
        ])
    );
    assert_eq!(converted.report.imported(), 2);
    let id = &converted.conversations[1].converted().unwrap().id;
    assert!(id.starts_with("h-"));
}

#[test]
fn a_lost_current_node_and_lost_parents_lose_no_message() {
    let source = conversation(
        "gone",
        &[
            ("u", None, said("user", "x")),
            ("a", Some("u"), said("assistant", "y")),
            ("stray", Some("gone"), said("user", "z")),
        ],
    );
    let (found, report) = converted(source);
    assert_eq!(found["messages"].as_array().unwrap().len(), 3);
    assert_eq!(found["headId"], "a");
    assert_eq!(report.missing_parents, 1);
}
