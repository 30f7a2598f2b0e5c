//! claude.ai's exports, by the cases of their schema.

#![allow(clippy::unwrap_used)]

mod common;

use common::{column, converted, links};
use serde_json::{Value, json};

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
fn claude_ai_keeps_blocks_and_attachments() {
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
