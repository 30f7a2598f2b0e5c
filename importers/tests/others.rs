//! claude.ai, `UIMessage[]`, LibreChat, Open WebUI and the service's own form, by the cases of their schemas.

mod common;

use common::convert;
use importers::{ConversationReport, ConvertError, Format, Options, detect};
use serde_json::{Value, json};

fn converted(source: &Value) -> (Value, ConversationReport) {
    let converted = convert(source.to_string().as_bytes());
    assert_eq!(converted.conversations.len(), 1, "{:?}", converted.report);
    let conversation = serde_json::to_value(&converted.conversations[0]).unwrap();
    (conversation, converted.report.conversations[0].clone())
}

fn links(conversation: &Value) -> Value {
    let messages = conversation["messages"].as_array().unwrap().iter();
    messages
        .map(|message| json!([message["id"], message["parentId"]]))
        .collect()
}

fn column(conversation: &Value, name: &str) -> Value {
    let messages = conversation["messages"].as_array().unwrap().iter();
    messages.map(|message| message[name].clone()).collect()
}

// claude.ai

fn claude_ai(messages: Value) -> Value {
    json!([{ "uuid": "c", "name": "", "created_at": "2025-01-01T00:00:00.123456Z", "updated_at": "2025-01-02T00:00:00+00:00",
        "chat_messages": messages }])
}

#[test]
fn claude_ai_has_branches_and_the_last_whole_one_is_active() {
    let root = "00000000-0000-4000-8000-000000000000";
    let message = |id: &str, parent: &str, sender: &str| {
        json!({ "uuid": id, "parent_message_uuid": parent, "sender": sender, "text": id, "created_at": "2025-01-01T00:00:01Z",
            "content": [{ "type": "text", "text": id, "citations": [] }], "attachments": [], "files": [] })
    };
    let source = claude_ai(json!([
        message("u", root, "human"),
        message("a", "u", "assistant"),
        message("a2", "u", "assistant"),
        message("x", "lost", "human"),
    ]));
    let (found, report) = converted(&source);
    assert_eq!(
        links(&found),
        json!([["u", null], ["a", "u"], ["a2", "u"], ["x", null]])
    );
    assert_eq!(found["headId"], "a2");
    assert_eq!(
        column(&found, "type"),
        json!(["user", "assistant", "assistant", "user"])
    );
    assert_eq!(column(&found, "content"), json!(["u", "a", "a2", "x"]));
    assert_eq!(found.get("title"), None);
    assert_eq!(report.missing_parents, 1);
}

#[test]
fn claude_ai_keeps_blocks_and_what_was_attached() {
    let cited = json!({ "type": "text", "text": "so", "citations": [{ "uuid": "1", "details": { "url": "https://a.example" } }] });
    let artifact = json!({ "type": "tool_use", "id": "t", "name": "artifacts", "input": { "command": "create", "content": "x" } });
    let source = claude_ai(json!([
        { "uuid": "u", "sender": "human", "text": "see", "content": [],
          "attachments": [{ "file_name": "a.txt", "file_size": 6, "file_type": "txt", "extracted_content": "inside" }],
          "files": [{ "file_uuid": "f", "file_name": "b.png" }, { "file_name": "a.txt" }] },
        { "uuid": "a", "sender": "assistant", "text": "so", "content": [
            { "type": "token_budget" }, { "type": "thinking", "thinking": "hm", "summaries": [] }, cited, artifact,
            { "type": "voice_note", "text": "la" }] },
        { "uuid": "e", "sender": "assistant", "text": "", "content": [] },
        { "sender": "human", "text": "no id" },
    ]));
    let (found, report) = converted(&source);
    let messages = &found["messages"];
    assert_eq!(
        messages[0]["parts"][0],
        json!({ "type": "text", "text": "see" })
    );
    assert_eq!(messages[0]["parts"][1]["source"]["data"], "inside");
    assert_eq!(messages[0]["parts"][2]["filename"], "b.png");
    assert_eq!(messages[0]["parts"].as_array().unwrap().len(), 3);
    assert_eq!(messages[1]["parts"][1], cited);
    assert_eq!(messages[1]["parts"][2], artifact);
    assert_eq!(messages[2]["content"], "");
    assert!(messages[3]["id"].as_str().unwrap().starts_with("h-"));
    assert_eq!(messages[3]["parentId"], "e");
    assert_eq!((report.hidden, report.placeholders.len()), (1, 1));
    assert_eq!(json!(report.unknown_blocks), json!({ "voice_note": 1 }));
    assert_eq!(report.estimated_dates, 4);
}

#[test]
fn claude_ai_has_design_chats() {
    let source = json!([{ "uuid": "d", "project": { "uuid": "p", "name": "P" }, "messages": [
        { "uuid": "u", "role": "user", "created_at": "2025-01-01T00:00:00Z", "content": { "content": "draw", "contentBlocks": [] } },
        { "uuid": "a", "role": "assistant", "content": { "contentBlocks": [{ "type": "text", "text": "done" }] } },
    ] }]);
    let (found, _) = converted(&source);
    assert_eq!(column(&found, "content"), json!(["draw", "done"]));
    assert_eq!(found["source"]["project"], "P");
}

// UIMessage[]

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

// LibreChat

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
    let mut source = String::new();
    for number in 0..20_000 {
        source += &format!(r#"{{"messageId":"m{number}","text":"x","children":["#);
    }
    source += &"]}".repeat(20_000);
    let source = format!(r#"{{"conversationId":"c","messagesTree":[{source}]}}"#);
    let options = Options {
        max_messages: 100,
        ..Options::default()
    };
    let converted = importers::convert(Format::LibreChat, source.as_bytes(), &options).unwrap();
    assert_eq!(converted.report.imported(), 0);
    assert_eq!(
        json!(converted.report.conversations[0].skipped),
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

// Open WebUI

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
fn open_webui_had_details_in_its_text() {
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

// The service's own

#[test]
fn its_own_form_passes_through_untouched() {
    let one = r#"{"id":"a","title":"\ud83d","messages":[{"id":"m","type":"user","content":"x","n":1.50}],"z":1}"#;
    let lines = format!("{one}\n{one}\n{{\"export\":{{\"complete\":true}}}}\n");
    for source in [
        format!("[{one}, {one}]"),
        format!("{{\"conversations\":[{one},{one}]}}"),
        lines,
    ] {
        let converted = convert(source.as_bytes());
        assert_eq!(converted.report.format, Format::Own);
        assert_eq!(
            serde_json::to_string(&converted.conversations).unwrap(),
            format!("[{one},{one}]")
        );
        assert_eq!(converted.report.imported(), 2);
    }
}

#[test]
fn a_source_of_another_format_is_an_error() {
    let source = br#"[{"mapping":{}}]"#;
    let convert = |format, source: &[u8]| importers::convert(format, source, &Options::default());
    assert_eq!(
        convert(Format::ClaudeCode, source).unwrap_err(),
        ConvertError::WrongShape(Format::ClaudeCode)
    );
    assert_eq!(
        convert(Format::ChatGpt, b"[{").unwrap_err(),
        ConvertError::NotJson
    );
    assert_eq!(
        convert(Format::ChatGpt, b"5").unwrap_err(),
        ConvertError::WrongShape(Format::ChatGpt)
    );
    assert_eq!(convert(Format::Own, b" ").unwrap_err(), ConvertError::Empty);
    let report = convert(Format::ClaudeAi, source).unwrap().report;
    assert_eq!(report.imported(), 0);
    let options = Options {
        max_conversations: 1,
        ..Options::default()
    };
    let two = importers::convert(
        Format::ChatGpt,
        br#"[{"mapping":{}},{"mapping":{}}]"#,
        &options,
    )
    .unwrap();
    assert_eq!(
        json!(two.report.conversations[1].skipped),
        json!("too_many_conversations")
    );
}
