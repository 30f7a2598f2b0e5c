//! Sessions of Claude Code: which lines belong together.

#![allow(clippy::unwrap_used)]

mod common;

use common::lines::{conversations, converted, ids, line, source, text, with};
use importers::{Format, Options, convert};
use serde_json::{Value, json};

#[test]
fn a_session_that_was_resumed_is_one_conversation() {
    let old = |line| with(line, json!({ "sessionId": "old" }));
    let lines = [
        old(line("user", "u", None, json!("one"))),
        old(line("assistant", "a", Some("u"), json!("answer"))),
        line("user", "u2", Some("a"), json!("two")),
        json!({ "type": "custom-title", "customTitle": "Mine", "sessionId": "s" }),
    ];
    for (name, id) in [(None, "old"), (Some("dir/s.jsonl"), "s")] {
        let found = converted(&lines, name).0;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0]["id"], id);
        assert_eq!(found[0]["title"], "Mine");
        assert_eq!(found[0]["headId"], "u2");
    }
}

#[test]
fn titles_have_an_order() {
    let titles = [
        json!({ "type": "summary", "summary": "Other", "leafUuid": "nowhere" }),
        json!({ "type": "summary", "summary": "Summed up", "leafUuid": "u" }),
        json!({ "type": "ai-title", "aiTitle": "Clever", "sessionId": "s" }),
        json!({ "type": "custom-title", "customTitle": "Mine", "sessionId": "s" }),
    ];
    let prompts = [
        line(
            "user",
            "x",
            None,
            json!("<command-name>/init</command-name>"),
        ),
        line("user", "u", Some("x"), json!("Do\n  it")),
    ];
    for (count, title) in [(1, "Do it"), (2, "Summed up"), (3, "Clever"), (4, "Mine")] {
        let lines = [&titles[..count], &prompts].concat();
        assert_eq!(conversations(&lines)[0]["title"], title);
    }
}

fn task(id: &str, prompt: &str) -> Value {
    json!({ "type": "tool_use", "id": id, "name": "Task", "input": { "prompt": prompt, "description": "d" } })
}

fn result(id: &str) -> Value {
    json!([{ "type": "tool_result", "tool_use_id": id, "content": "done" }])
}

#[test]
fn subagents_are_conversations_of_their_own() {
    let side = |line| with(line, json!({ "isSidechain": true }));
    let agent = |line| with(line, json!({ "isSidechain": true, "agentId": "g1" }));
    let (found, _) = converted(
        &[
            line("user", "u", None, json!("go")),
            line(
                "assistant",
                "a",
                Some("u"),
                json!([task("t1", "look"), task("t2", "search")]),
            ),
            side(line("user", "x1", None, json!("look"))),
            agent(line("user", "y1", None, json!("search"))),
            side(line("assistant", "x2", Some("x1"), json!("found"))),
            agent(line("assistant", "y2", Some("y1"), json!("nothing"))),
            line("user", "r1", Some("a"), result("t1")),
            with(
                line("user", "r2", Some("r1"), result("t2")),
                json!({ "toolUseResult": { "agentId": "g1" } }),
            ),
            line("assistant", "b", Some("r2"), json!("so")),
        ],
        None,
    );
    let names: Vec<_> = found
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["s", "s-x1", "s-g1"]);
    assert_eq!(
        ids(&found[0]),
        [
            ("u", None),
            ("a", Some("u")),
            ("r1", Some("a")),
            ("r2", Some("r1")),
            ("b", Some("r2"))
        ]
    );
    assert_eq!(ids(&found[1]), [("x1", None), ("x2", Some("x1"))]);
    for (index, call, message) in [(1, "t1", 2), (2, "t2", 3)] {
        assert_eq!(
            found[index]["source"]["startedBy"],
            json!({ "conversationId": "s", "messageId": "a", "toolCallId": call })
        );
        assert_eq!(
            found[0]["messages"][message]["metadata"]["subagent"]["conversationId"],
            found[index]["id"]
        );
    }
}

#[test]
fn the_file_of_a_subagent_belongs_to_its_session() {
    let lines = [
        line("user", "y1", None, json!("search")),
        line("assistant", "y2", Some("y1"), json!("nothing")),
    ];
    let found = converted(&lines, Some("s/subagents/agent-g1.jsonl")).0;
    assert_eq!(found[0]["id"], "s-g1");
    assert_eq!(
        found[0]["source"]["startedBy"],
        json!({ "conversationId": "s" })
    );
}

#[test]
fn a_line_without_date_gets_one_and_says_so() {
    let mut undated = line("assistant", "a", Some("u"), json!("answer"));
    undated.as_object_mut().unwrap().remove("timestamp");
    let (found, converted) = converted(&[line("user", "u", None, json!("one")), undated], None);
    assert_eq!(
        found[0]["messages"][1]["timestamp"],
        "2026-01-01T00:00:00.001Z"
    );
    assert_eq!(found[0]["messages"][1]["metadata"]["dateEstimated"], true);
    assert_eq!(converted.report.conversations[0].estimated_dates, 1);
}

#[test]
fn an_error_of_the_api_is_an_error() {
    let error = with(
        line("assistant", "e", Some("u"), json!([])),
        json!({ "isApiErrorMessage": true, "message": { "model": "<synthetic>", "content": [text("API Error")] } }),
    );
    let found = &conversations(&[line("user", "u", None, json!("one")), error])[0];
    assert_eq!(found["messages"][1]["status"], "error");
    assert_eq!(found["messages"][1]["model"], Value::Null);
}

#[test]
fn the_continuation_stays_small() {
    let mut continuation = None;
    for portion in 0..5 {
        let lines: Vec<Value> = (0..2_000)
            .map(|number| {
                let number = portion * 2_000 + number;
                let parent = (number > 0).then(|| format!("u{}", number - 1));
                line("user", &format!("u{number}"), parent.as_deref(), json!("x"))
            })
            .collect();
        let options = Options {
            continuation: continuation.take(),
            ..Options::default()
        };
        let converted = convert(Format::ClaudeCode, source(&lines).as_bytes(), &options).unwrap();
        let conversation = converted.conversations[0].converted().unwrap();
        let expected = (portion > 0).then(|| format!("u{}", portion * 2_000 - 1));
        assert_eq!(conversation.messages[0].parent_id, expected);
        assert_eq!(converted.report.conversations[0].missing_parents, 0);
        continuation = converted.continuation;
        assert!(continuation.as_ref().unwrap().to_line().len() < 300_000);
    }
    // One that is not remembered any more is taken to be in an earlier portion.
    let options = Options {
        continuation,
        ..Options::default()
    };
    let old = source(&[line("user", "new", Some("u17"), json!("x"))]);
    let converted = convert(Format::ClaudeCode, old.as_bytes(), &options).unwrap();
    let conversation = converted.conversations[0].converted().unwrap();
    assert_eq!(conversation.messages[0].parent_id.as_deref(), Some("u17"));
}
