//! Exports of Open WebUI, by the cases of their schema.

#![allow(clippy::unwrap_used)]

mod common;

use common::{column, converted, links};
use serde_json::{Value, json};

fn open_webui(messages: Value, current: &str) -> Value {
    json!([{ "id": "c", "user_id": "me", "title": "T", "created_at": 1_735_689_600, "updated_at": 1_735_689_700, "archived": true,
        "pinned": true, "meta": { "tags": ["one", "two", "one"] }, "folder_id": "f",
        "chat": { "title": "T", "models": ["m"], "history": { "currentId": current, "messages": messages }, "messages": [] } }])
}

#[test]
fn open_webui_has_branches_times_and_tags() {
    let message = |parent: Value, role: &str, timestamp: Value| {
        json!({ "parentId": parent, "childrenIds": [], "role": role, "content": "x", "timestamp": timestamp, "model": "m", "done": true,
            "usage": { "prompt_tokens": 5, "completion_tokens": 6 } })
    };
    let source = open_webui(
        json!({
            "a1": message(json!("u1"), "assistant", json!(1_735_689_601_500_i64)),
            "a2": message(json!("u1"), "assistant", json!(null)),
            "u1": message(json!(null), "user", json!(1_735_689_601)),
        }),
        "a1",
    );
    let (found, report) = converted(&source);
    assert_eq!(
        links(&found),
        json!([["u1", null], ["a1", "u1"], ["a2", "u1"]])
    );
    assert_eq!(found["headId"], "a1");
    assert_eq!(
        column(&found, "timestamp"),
        json!([
            "2025-01-01T00:00:01.000Z",
            "2025-01-01T00:00:01.500Z",
            "2025-01-01T00:00:01.001Z"
        ])
    );
    assert_eq!(found["tags"], json!(["one", "two"]));
    assert_eq!(
        (&found["pinned"], &found["archived"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(column(&found, "model"), json!([null, "m", "m"]));
    assert_eq!(
        found["messages"][1]["tokens"],
        json!({ "input": 5, "output": 6 })
    );
    assert_eq!(report.estimated_dates, 1);
}

#[test]
fn open_webui_has_output_files_sources_and_errors() {
    let source = open_webui(
        json!({
            "a": { "parentId": null, "role": "assistant", "content": "ignored", "done": false, "timestamp": 1_735_689_601, "output": [
                { "type": "reasoning", "summary": [{ "type": "summary_text", "text": "hm" }], "content": [] },
                { "type": "function_call", "call_id": "t", "name": "x", "arguments": "{\"q\":1}" },
                { "type": "function_call_output", "call_id": "t", "output": [{ "type": "input_text", "text": "done" }] },
                { "type": "message", "content": [{ "type": "output_text", "text": "so" }] },
                { "type": "novel" },
            ], "files": [{ "type": "file", "name": "a.pdf", "id": "f", "size": 3 }, { "type": "image", "url": "data:image/png;base64,AAAA" }],
               "sources": [{ "source": { "name": "doc.pdf" }, "document": ["x"], "metadata": [{ "source": "https://a.example", "name": "A" }] },
                           { "source": { "name": "doc.pdf" } }],
               "error": { "content": "broke" } },
        }),
        "a",
    );
    let (found, report) = converted(&source);
    let message = &found["messages"][0];
    assert_eq!(
        message["parts"],
        json!([
            { "type": "reasoning", "text": "hm" },
            { "type": "dynamic-tool", "toolName": "x", "toolCallId": "t", "state": "output-available", "input": { "q": 1 },
              "output": [{ "type": "input_text", "text": "done" }] },
            { "type": "text", "text": "so" },
            { "type": "novel" },
            { "type": "text", "text": "broke" },
            { "type": "file", "filename": "a.pdf", "mediaType": "application/octet-stream",
              "placeholder": { "reason": "not_in_source", "bytes": 3, "sourceId": "f" } },
            { "type": "file", "mediaType": "image/*", "url": "data:image/png;base64,AAAA" },
            { "type": "source-url", "sourceId": "https://a.example", "url": "https://a.example", "title": "A" },
            { "type": "source-document", "sourceId": "doc.pdf", "mediaType": "application/octet-stream", "title": "doc.pdf" },
        ])
    );
    assert_eq!(message["status"], "error");
    assert_eq!(json!(report.unknown_blocks), json!({ "novel": 1 }));
}

#[test]
fn older_open_webui_details_are_read() {
    let text = "<details type=\"reasoning\" done=\"true\">\n<summary>Thought</summary>\n> hm\n</details>\nso";
    let source = open_webui(
        json!({ "a": { "parentId": null, "role": "assistant", "content": text } }),
        "a",
    );
    let (found, _) = converted(&source);
    assert_eq!(
        found["messages"][0]["parts"],
        json!([{ "type": "reasoning", "text": "hm" }, { "type": "text", "text": "so" }])
    );
}
