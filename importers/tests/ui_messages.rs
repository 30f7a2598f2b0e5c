//! `UIMessage[]`, by the cases of its schema.

#![allow(clippy::unwrap_used)]

mod common;

use common::{convert, converted};
use importers::{Format, Options, detect};
use serde_json::{Value, json};

#[test]
fn ui_messages_keep_their_parts() {
    let parts = json!([
        { "type": "step-start" },
        { "type": "reasoning", "text": "hm", "providerMetadata": { "x": 1 } },
        { "type": "tool-weather", "toolCallId": "t", "state": "output-available", "input": { "b": 1, "a": 2 }, "output": {} },
        { "type": "dynamic-tool", "toolName": "x", "toolCallId": "t2", "state": "input-available", "input": {} },
        { "type": "source-url", "sourceId": "s", "url": "https://a.example" },
        { "type": "source-document", "sourceId": "d", "mediaType": "text/plain", "title": "D" },
        { "type": "file", "mediaType": "image/png", "url": "data:image/png;base64,AAAA" },
        { "type": "data-chart", "data": [1] },
        { "type": "text", "text": "so", "state": "done" },
        { "type": "novel", "x": 1 },
    ]);
    let metadata = json!({ "model": "m", "createdAt": "2025-01-01T00:00:00Z", "custom": [1],
        "usage": { "inputTokens": 10, "outputTokens": 3, "cachedInputTokens": 4 } });
    let source = json!([
        { "id": "u", "role": "user", "parts": [{ "type": "text", "text": "hi" }] },
        { "id": "a", "role": "assistant", "metadata": metadata, "parts": parts },
        { "id": "", "role": "user", "parts": [] },
        { "id": "u", "role": "system", "parts": ["odd", 5] },
    ]);
    assert_eq!(
        detect(source.to_string().as_bytes()),
        Ok(Format::UiMessages)
    );
    let (found, report) = converted(&source);
    let messages = &found["messages"];
    assert_eq!(messages[1]["parts"], parts);
    assert_eq!(messages[1]["format"], "ai-sdk/v7");
    assert_eq!(messages[1]["metadata"], metadata);
    assert_eq!(messages[1]["model"], "m");
    assert_eq!(messages[1]["tokens"], json!({ "input": 10, "output": 3 }));
    assert_eq!(
        messages[1]["usage"],
        json!({ "input": 6, "output": 3, "cacheRead": 4, "cacheWrite": 0 })
    );
    assert_eq!(
        messages[0]["parts"],
        json!([{ "type": "text", "text": "hi" }])
    );
    assert_eq!(messages[0]["timestamp"], "2025-01-01T00:00:00.000Z");
    assert_eq!(messages[2]["content"], "");
    assert_eq!(
        messages[3]["parts"],
        json!([{ "type": "data-unknown", "data": "odd" }, { "type": "data-unknown", "data": 5 }])
    );
    assert_eq!(report.duplicates, 1);
    assert_eq!(json!(report.unknown_blocks), json!({ "": 2, "novel": 1 }));
}

#[test]
fn ui_messages_are_named_by_their_first_or_by_the_file() {
    let message = |id: &str| json!({ "id": id, "role": "user", "parts": [] });
    let id = |source: &Value| converted(source).0["id"].clone();
    let short = json!([message("a")]);
    assert_eq!(id(&short), id(&json!([message("a"), message("b")])));
    let options = Options {
        name: Some("chat-1.json".into()),
        ..Options::default()
    };
    let named =
        importers::convert(Format::UiMessages, short.to_string().as_bytes(), &options).unwrap();
    assert_eq!(named.conversations[0].converted().unwrap().id, "chat-1");
    let chats = json!([{ "id": "c1", "title": "T", "createdAt": 1_735_689_600_000_i64, "messages": [message("a")] }, { "messages": 5 }]);
    let converted = convert(chats.to_string().as_bytes());
    assert_eq!(converted.conversations[0].converted().unwrap().id, "c1");
    assert_eq!(converted.report.imported(), 1);
}

#[test]
fn ui_messages_without_any_date_have_none() {
    let (found, report) = converted(&json!([{ "id": "a", "role": "user", "parts": [] }]));
    assert_eq!(found["messages"][0].get("timestamp"), None);
    assert_eq!(found.get("createdAt"), None);
    assert_eq!(report.undated, 1);
}
