//! Sessions of Claude Code: what lines mean.

#![allow(clippy::unwrap_used)]

mod common;

use common::lines::{answer, conversations, converted, ids, line, text, with};
use importers::{Format, Options, convert};
use serde_json::{Value, json};

#[test]
fn blocks_stay_as_they_came() {
    let thinking = json!({ "type": "thinking", "thinking": "hm", "signature": "c2ln" });
    let call =
        json!({ "type": "tool_use", "id": "t", "name": "Read", "input": { "z": 1, "a": 2 } });
    let result = json!({ "type": "tool_result", "tool_use_id": "t", "content": [{ "type": "image", "source": {
        "type": "base64", "media_type": "image/png", "data": "AAAA" } }] });
    let new = json!({ "type": "brand_new", "x": [1.50] });
    let found = &conversations(&[
        line("user", "u", None, json!("hi")),
        line(
            "assistant",
            "a",
            Some("u"),
            json!([thinking, text("so"), call, new]),
        ),
        line("user", "r", Some("a"), json!([result])),
    ])[0];
    assert_eq!(found["id"], "s");
    assert_eq!(found["title"], "hi");
    assert_eq!(found["headId"], "r");
    assert_eq!(
        found["source"],
        json!({ "kind": "claude-code", "id": "s", "cwd": "/home/me/project",
        "gitBranch": "main", "version": "2.1.0" })
    );
    assert_eq!(found["messages"][0]["content"], "hi");
    assert_eq!(
        found["messages"][1]["parts"],
        json!([thinking, text("so"), call, new])
    );
    assert_eq!(found["messages"][1]["format"], "anthropic");
    assert_eq!(found["messages"][2]["type"], "tool");
    assert_eq!(found["messages"][2]["parts"], json!([result]));
}

#[test]
fn the_order_of_members_and_the_digits_of_numbers_stay() {
    let call =
        r#"{"type":"tool_use","id":"t","name":"x","input":{"z":1.50,"a":12345678901234567890123}}"#;
    let source = format!(
        r#"{{"type":"assistant","uuid":"a","sessionId":"s","message":{{"content":[{call},"\ud83d"]}}}}"#
    );
    let converted = convert(Format::ClaudeCode, source.as_bytes(), &Options::default()).unwrap();
    assert!(
        serde_json::to_string(&converted.conversations)
            .unwrap()
            .contains(call)
    );
}

#[test]
fn usage_repeated_on_several_lines_counts_once() {
    let found = &conversations(&[
        line("user", "u", None, json!("hi")),
        answer("a1", "u", "msg", [2, 1, 10, 20], text("one")),
        answer(
            "a2",
            "a1",
            "msg",
            [2, 8, 10, 20],
            json!({ "type": "tool_use", "id": "t", "name": "x", "input": {} }),
        ),
        line(
            "user",
            "r",
            Some("a2"),
            json!([{ "type": "tool_result", "tool_use_id": "t", "content": "" }]),
        ),
        // Written behind the result of the call before it, and again by a session that goes on.
        answer("a3", "r", "msg", [2, 9, 10, 20], text("two")),
        answer("a3", "r", "msg", [2, 9, 10, 20], text("two")),
        answer("b", "a3", "other", [1, 5, 0, 0], text("three")),
    ])[0];
    let tokens: Vec<_> = found["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| &message["tokens"])
        .collect();
    assert_eq!(
        json!(tokens),
        json!([null, { "input": 32, "output": 1 }, { "input": 0, "output": 7 }, null,
        { "input": 0, "output": 1 }, { "input": 1, "output": 5 }])
    );
    assert_eq!(
        found["messages"][1]["usage"],
        json!({ "input": 2, "output": 1, "cacheRead": 10, "cacheWrite": 20 })
    );
    assert_eq!(found["messages"][1]["model"], "claude-x");
    assert_eq!(
        found["messages"][1]["metadata"],
        json!({ "apiMessageId": "msg" })
    );
}

#[test]
fn rewinds_are_branches_and_the_last_one_is_active() {
    let found = &conversations(&[
        line("user", "u", None, json!("one")),
        line("assistant", "a", Some("u"), json!("answer")),
        line("user", "u2", Some("a"), json!("two")),
        line("user", "u3", Some("a"), json!("two, better")),
        line("assistant", "a3", Some("u3"), json!("answer")),
        line("user", "again", None, json!("from the beginning")),
    ])[0];
    assert_eq!(
        ids(found),
        [
            ("u", None),
            ("a", Some("u")),
            ("u2", Some("a")),
            ("u3", Some("a")),
            ("a3", Some("u3")),
            ("again", None)
        ]
    );
    assert_eq!(found["headId"], "again");
}

#[test]
fn a_compaction_goes_on_from_where_it_was() {
    let boundary = with(
        line("system", "c", None, json!("")),
        json!({ "subtype": "compact_boundary", "content": "Conversation compacted", "logicalParentUuid": "a",
            "compactMetadata": { "trigger": "auto", "preTokens": 5 } }),
    );
    let summary = with(
        line(
            "user",
            "sum",
            Some("c"),
            json!("This session is being continued"),
        ),
        json!({ "isCompactSummary": true, "isVisibleInTranscriptOnly": true }),
    );
    let found = &conversations(&[
        line("user", "u", None, json!("one")),
        line("assistant", "a", Some("u"), json!("answer")),
        boundary,
        summary,
        line("user", "u2", Some("sum"), json!("two")),
    ])[0];
    assert_eq!(
        ids(found),
        [
            ("u", None),
            ("a", Some("u")),
            ("c", Some("a")),
            ("sum", Some("c")),
            ("u2", Some("sum"))
        ]
    );
    let types: Vec<_> = found["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| &message["type"])
        .collect();
    assert_eq!(
        json!(types),
        json!(["user", "assistant", "system", "system", "user"])
    );
    assert_eq!(
        found["messages"][2]["metadata"]["compaction"]["preTokens"],
        5
    );
    assert_eq!(found["messages"][3]["metadata"]["compactSummary"], true);
}

#[test]
fn hidden_lines_stay_hidden_and_link_their_neighbors() {
    let meta = |line| with(line, json!({ "isMeta": true }));
    let progress = json!({ "type": "progress", "uuid": "p", "parentUuid": "m", "sessionId": "s" });
    let attachment = |uuid: &str, parent: &str, what: Value| json!({ "type": "attachment", "uuid": uuid, "parentUuid": parent, "sessionId": "s", "attachment": what });
    let (found, converted) = converted(
        &[
            line(
                "user",
                "u",
                None,
                json!([
                    text("hi"),
                    text("<system-reminder>be good</system-reminder>")
                ]),
            ),
            meta(line("user", "m", Some("u"), json!("Caveat"))),
            progress,
            attachment("t", "p", json!({ "type": "todo_reminder", "content": [] })),
            attachment(
                "f",
                "t",
                json!({ "type": "file", "filename": "a.txt", "content": { "type": "text",
            "file": { "filePath": "a.txt", "content": "inside" } } }),
            ),
            attachment(
                "q",
                "f",
                json!({ "type": "queued_command", "prompt": "and also" }),
            ),
            json!({ "type": "file-history-snapshot", "messageId": "x", "snapshot": {} }),
            line("assistant", "a", Some("q"), json!("yes")),
        ],
        None,
    );
    assert_eq!(
        ids(&found[0]),
        [
            ("u", None),
            ("f", Some("u")),
            ("q", Some("f")),
            ("a", Some("q"))
        ]
    );
    assert_eq!(found[0]["messages"][0]["content"], "hi");
    assert_eq!(
        found[0]["messages"][1]["parts"],
        json!([{ "type": "document", "title": "a.txt",
        "source": { "type": "text", "media_type": "text/plain", "data": "inside" } }])
    );
    assert_eq!(found[0]["messages"][2]["content"], "and also");
    let report = &converted.report;
    assert_eq!(report.conversations[0].hidden, 3);
    assert_eq!(
        json!(report.ignored_lines),
        json!({ "progress": 1, "file-history-snapshot": 1 })
    );
}

#[test]
fn a_missing_parent_is_the_previous_line_or_in_an_earlier_portion() {
    let (found, converted) = converted(
        &[
            line("user", "u", Some("elsewhere"), json!("one")),
            line("assistant", "a", Some("u"), json!("answer")),
            line("user", "u2", Some("phantom"), json!("two")),
        ],
        None,
    );
    assert_eq!(
        ids(&found[0]),
        [
            ("u", Some("elsewhere")),
            ("a", Some("u")),
            ("u2", Some("a"))
        ]
    );
    assert_eq!(found[0]["messages"][2]["metadata"]["parentMissing"], true);
    assert_eq!(converted.report.conversations[0].missing_parents, 2);
}
