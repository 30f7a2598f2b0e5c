//! Sessions of Claude Code: what its lines mean, beyond what the real files have.

mod common;

use importers::{Converted, Format, Options, convert};
use serde_json::{Value, json};

fn source(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn converted(lines: &[Value], name: Option<&str>) -> (Vec<Value>, Converted) {
    let options = Options {
        name: name.map(str::to_owned),
        ..Options::default()
    };
    let converted = convert(Format::ClaudeCode, source(lines).as_bytes(), &options).unwrap();
    let conversations = serde_json::to_value(&converted.conversations).unwrap();
    (conversations.as_array().unwrap().clone(), converted)
}

fn conversations(lines: &[Value]) -> Vec<Value> {
    converted(lines, None).0
}

fn line(kind: &str, uuid: &str, parent: Option<&str>, content: Value) -> Value {
    json!({
        "type": kind, "uuid": uuid, "parentUuid": parent, "sessionId": "s", "isSidechain": false,
        "timestamp": "2026-01-01T00:00:00.000Z", "cwd": "/home/me/project", "version": "2.1.0", "gitBranch": "main",
        "message": { "role": kind, "content": content },
    })
}

fn with(mut line: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        line[name] = value.clone();
    }
    line
}

fn answer(uuid: &str, parent: &str, id: &str, usage: [u64; 4], block: Value) -> Value {
    let [input, output, read, write] = usage;
    with(
        line("assistant", uuid, Some(parent), json!([])),
        json!({ "message": { "id": id, "role": "assistant", "model": "claude-x", "content": [block], "usage": {
            "input_tokens": input, "output_tokens": output, "cache_read_input_tokens": read,
            "cache_creation_input_tokens": write } } }),
    )
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

fn ids(conversation: &Value) -> Vec<(&str, Option<&str>)> {
    let messages = conversation["messages"].as_array().unwrap().iter();
    messages
        .map(|message| {
            (
                message["id"].as_str().unwrap(),
                message["parentId"].as_str(),
            )
        })
        .collect()
}

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
fn usage_that_is_told_on_several_lines_counts_once() {
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
fn what_is_hidden_stays_hidden_and_links() {
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
fn a_parent_that_is_nowhere_is_the_line_before() {
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
        [("u", None), ("a", Some("u")), ("u2", Some("a"))]
    );
    assert_eq!(found[0]["messages"][2]["metadata"]["parentMissing"], true);
    assert_eq!(converted.report.conversations[0].missing_parents, 2);
}

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
fn what_goes_on_stays_small() {
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
