//! Messages with parts, and with blocks in the place of a text: what libraries make of a model's replies.

use std::fmt::Write;

use crate::common::{Client, Site, imported_file, incompressible, message};
use conversation_store::model::{Object, array_of, limits};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use reqwest::Method;
use serde_json::{Value, json};

on_both_stores!(
    parts_come_back_with_a_text_beside_them,
    blocks_come_back_as_the_content_that_they_were,
    whatever_a_part_holds_comes_back_byte_for_byte,
    what_is_no_part_is_refused,
    a_patch_sets_blocks_parts_and_text,
    the_largest_message_travels,
    a_patch_makes_no_message_too_large_to_be_read,
    titles_exports_and_shares_have_the_text,
    a_session_of_claude_code_goes_in_and_comes_back,
);

const MESSAGES: &str = "/api/conversations/c/messages";
const MESSAGE: &str = "/api/conversations/c/messages/m";

/// The only message of the conversation.
async fn read(user: &Client) -> Value {
    let mut opened = user.open("c").await;
    let mut message = opened["messages"][0].take();
    message.as_object_mut().unwrap().remove("timestamp");
    message
}

/// A conversation with this as its only message.
async fn begin(site: &Site, message: Value) -> Client {
    let user = site.user().await;
    user.create("c", vec![message]).await;
    user
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

async fn parts_come_back_with_a_text_beside_them(site: Site) {
    let mut sent = json!({
        "id": "m", "type": "assistant", "format": "ai-sdk/v7", "status": "complete", "model": "a-model",
        "usage": { "inputTokens": 7 }, "metadata": { "createdAt": 1.50 },
        "parts": [
            { "type": "step-start" },
            { "type": "reasoning", "text": "Hm." },
            { "type": "tool-read", "toolCallId": "1", "state": "output-available", "input": { "path": "a" }, "output": "x\ny" },
            text("It says **x**."),
        ],
    });
    let user = begin(&site, sent.clone()).await;
    sent["content"] = json!("[tool: read]\n\n[result: x…]\n\nIt says **x**.");
    assert_eq!(read(&user).await, sent);
    // What was read can be sent: as a whole, and again.
    let whole = json!({ "messages": [sent] });
    user.put("/api/conversations/c", &whole).await.expect(200);
    assert_eq!(read(&user).await, sent);
    // A text of the client's own is kept, and a message that says nothing is a message.
    sent["content"] = json!("As told.");
    let silent = json!({ "id": "m", "type": "tool", "content": "", "parts": [] });
    for message in [sent, silent] {
        let user = begin(&site, message.clone()).await;
        assert_eq!(read(&user).await, message);
    }
}

async fn blocks_come_back_as_the_content_that_they_were(site: Site) {
    let long = text(&"What is the meaning of this? ".repeat(100));
    for (content, more) in [
        (json!([text("hi")]), json!({})),
        (json!([]), json!({})),
        (
            json!([long, { "type": "image", "source": { "data": "AAAA" } }]),
            json!({ "format": "anthropic" }),
        ),
        (
            json!([text("hi")]),
            json!({ "format": "claude-code", "model": null }),
        ),
    ] {
        let mut sent = json!({ "id": "m", "type": "user", "content": content });
        sent.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let user = begin(&site, sent.clone()).await;
        assert_eq!(read(&user).await, sent);
        user.append("c", vec![sent.clone()]).await.expect(200);
        user.append("c", vec![message("m", "user", "hi")])
            .await
            .expect_error(409, "message_exists");
    }
}

/// JSON as no library writes it, but as any client may.
fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        any_string(),
        any_string().prop_map(|json| json!(json.repeat(60)).to_string()),
    ];
    leaf.prop_recursive(6, 40, 6, |inner| {
        let member =
            (any_string(), inner.clone()).prop_map(|(name, json)| format!("{name} :{json}"));
        prop_oneof![
            prop::collection::vec(inner, 0..6)
                .prop_map(|items| format!("[{}]", items.join(" ,\n"))),
            prop::collection::vec(member, 0..6)
                .prop_map(|items| format!("{{\t{}}}", items.join(","))),
        ]
    })
}

/// Halves of emoji, escapes that need not be, and what separates the members of a record.
fn any_string() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,20}".prop_map(|text| json!(text).to_string()),
        "\"(\\\\u[0-9a-fA-F]{4}|\\\\[\"\\\\/bfnrt]|\\\\u001[ef]|[a-zA-Z ~é\u{7f}😀]){0,20}\"",
    ]
}

async fn whatever_a_part_holds_comes_back_byte_for_byte(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let mut runner = TestRunner::deterministic();
    let part = (any_string(), any_json()).prop_map(|(name, json)| {
        format!("{{ \"type\":\"a\", {name}:{json},\"type\" : \"\\u0074ext\",\"text\":{json}}}")
    });
    let parts =
        prop::collection::vec(part, 1..4).prop_map(|parts| format!("[{}]", parts.join(", ")));
    let mut next = || parts.new_tree(&mut runner).unwrap().current();
    let sent: Vec<(String, String)> = (0..50).map(|_| (next(), next())).collect();
    let mut messages = String::new();
    for (index, (parts, blocks)) in sent.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(
            messages,
            r#"{comma}{{"id":"a{index}","type":"user","timestamp":{index},"parts":{parts}}}
            ,{{"id":"b{index}","type":"user","timestamp":{index},"content":{blocks}}}"#
        )
        .unwrap();
    }
    let body = format!("{{\"messages\":[{messages}]}}");
    user.send(Method::POST, MESSAGES, Some(body.clone()))
        .await
        .expect(201);
    // A repeat is recognised.
    user.send(Method::POST, MESSAGES, Some(body))
        .await
        .expect(200);
    let page = user.get(&format!("{MESSAGES}?order=asc&limit=100")).await;
    let mut page = Object::parse(page.text.as_bytes(), "page").unwrap();
    let read = array_of(page.take("data").unwrap().get().as_bytes(), "data").unwrap();
    assert_eq!(read.len(), 100);
    for (pair, (parts, blocks)) in read.chunks(2).zip(&sent) {
        let field = |index: usize, name| {
            let mut message = Object::parse(pair[index].get().as_bytes(), "m").unwrap();
            message.take(name).unwrap().get()
        };
        assert_eq!(field(0, "parts"), parts);
        assert_eq!(field(1, "content"), blocks);
    }
}

async fn what_is_no_part_is_refused(site: Site) {
    let user = begin(&site, message("m", "user", "hi")).await;
    let before = user.open("c").await;
    let many = vec![text("x"); limits::PART_COUNT + 1];
    for (fields, status, code) in [
        (json!({ "parts": "x" }), 400, "invalid_field"),
        (json!({ "parts": [5] }), 400, "invalid_field"),
        (json!({ "parts": [{ "text": "x" }] }), 400, "invalid_field"),
        (
            json!({ "content": [text("x")], "parts": [] }),
            400,
            "invalid_field",
        ),
        (
            json!({ "content": "x", "status": "done" }),
            400,
            "invalid_field",
        ),
        (
            json!({ "content": "x", "format": "f".repeat(65) }),
            400,
            "invalid_field",
        ),
        (json!({ "content": "x", "model": 5 }), 400, "invalid_field"),
        (json!({ "content": "x", "usage": [] }), 400, "invalid_field"),
        (
            json!({ "content": "x", "metadata": "x" }),
            400,
            "invalid_field",
        ),
        (
            json!({ "content": "x", "type": "robot" }),
            400,
            "invalid_field",
        ),
        (json!({ "parts": many }), 413, "message_too_large"),
        (
            json!({ "parts": [text(&"x".repeat(limits::PARTS))] }),
            413,
            "message_too_large",
        ),
        (
            json!({ "content": [text(&"x".repeat(limits::PARTS))] }),
            413,
            "message_too_large",
        ),
    ] {
        let mut new = json!({ "id": "n", "type": "user" });
        new.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        user.append("c", vec![new]).await.expect_error(status, code);
        user.patch(MESSAGE, &fields)
            .await
            .expect_error(status, code);
    }
    // Neither content nor parts.
    user.append(
        "c",
        vec![json!({ "id": "n", "type": "user", "parts": null })],
    )
    .await
    .expect_error(400, "invalid_field");
    assert_eq!(user.open("c").await, before);
}

async fn a_patch_sets_blocks_parts_and_text(site: Site) {
    let user = begin(&site, message("m", "user", "hi")).await;
    for (patch, expected) in [
        // Text becomes blocks, and other blocks.
        (
            json!({ "content": [text("a")] }),
            json!({ "content": [text("a")] }),
        ),
        (
            json!({ "content": [text("b")], "rating": 1 }),
            json!({ "content": [text("b")], "rating": 1 }),
        ),
        // Another field leaves them.
        (json!({ "rating": null }), json!({ "content": [text("b")] })),
        // Blocks become text, and nothing else is left of them.
        (json!({ "content": "c" }), json!({ "content": "c" })),
        (
            json!({ "content": [text("d")], "format": "anthropic" }),
            json!({ "content": [text("d")], "format": "anthropic" }),
        ),
        // Parts take their place.
        (
            json!({ "parts": [text("e")] }),
            json!({ "content": "e", "parts": [text("e")] }),
        ),
        (
            json!({ "format": "x" }),
            json!({ "content": "e", "parts": [text("e")], "format": "x" }),
        ),
        (
            json!({ "content": "f" }),
            json!({ "content": "f", "parts": [text("e")], "format": "x" }),
        ),
        (
            json!({ "parts": [text("g")] }),
            json!({ "content": "g", "parts": [text("g")], "format": "x" }),
        ),
        // Blocks in the place of parts bring a format that shows nowhere.
        (
            json!({ "content": [text("h")], "parts": null }),
            json!({ "content": [text("h")] }),
        ),
        (json!({ "parts": null }), json!({ "content": "h" })),
        (
            json!({ "parts": [text("i")], "format": "x", "contentBlocks": true }),
            json!({ "content": "i", "parts": [text("i")], "format": "x" }),
        ),
        (
            json!({ "parts": null, "format": null }),
            json!({ "content": "i" }),
        ),
    ] {
        let mut expected = expected;
        expected["id"] = json!("m");
        expected["type"] = json!("user");
        let mut patched = user.patch(MESSAGE, &patch).await.expect(200)["message"].take();
        patched.as_object_mut().unwrap().remove("timestamp");
        assert_eq!(patched, expected, "{patch}");
        assert_eq!(read(&user).await, expected, "{patch}");
    }
}

/// Parts of this many bytes of JSON.
fn parts_of(bytes: usize, text_of: impl Fn(usize) -> String) -> Value {
    let around = json!([text("")]).to_string().len();
    json!([text(&text_of(bytes - around))])
}

async fn the_largest_message_travels(site: Site) {
    let noise = |length| {
        let text = incompressible(7, 2 * length).replace(['<', '>'], " ");
        text[..length].to_owned()
    };
    let repeated = |length: usize| {
        "a b\u{1}".repeat(length)[..length / 9 * 4].to_owned() + &"x".repeat(length % 9)
    };
    for parts in [
        parts_of(limits::PARTS, noise),
        parts_of(limits::PARTS, repeated),
    ] {
        assert!((limits::PARTS - 9..=limits::PARTS).contains(&parts.to_string().len()));
        let sent = json!({ "id": "m", "type": "assistant", "parts": parts, "model": "a-model" });
        let user = begin(&site, sent).await;
        let opened = user.get("/api/conversations/c").await;
        assert!(opened.body.len() < 4_500_000, "{}", opened.body.len());
        let message = read(&user).await;
        assert_eq!(message["parts"], parts);
        let derived = message["content"].as_str().unwrap();
        assert!(derived.len() > 300_000, "{}", derived.len());
        assert!(parts[0]["text"].as_str().unwrap().starts_with(derived));
        // It can be changed, and what was read can be sent elsewhere.
        let done = json!({ "status": "complete" });
        user.patch(MESSAGE, &done).await.expect(200);
        let exported = user.get("/api/export").await.text;
        let other = site.user().await;
        let lines = other.with_header("content-type", "application/x-ndjson");
        let report = lines
            .send(Method::POST, "/api/import", Some(exported))
            .await
            .expect(200);
        assert_eq!(report["imported"], 1, "{report}");
        assert_eq!(read(&other).await, read(&user).await);
        let share = user
            .post("/api/shares", &json!({ "conversationId": "c" }))
            .await
            .expect(201);
        let shared = format!("/api/shares?id={}", share["id"].as_str().unwrap());
        let shared = site.anonymous_caller().get(&shared).await.expect(200);
        assert_eq!(shared["messages"][0]["parts"], parts);
    }
}

async fn a_patch_makes_no_message_too_large_to_be_read(site: Site) {
    // Compressible, so that what is stored is small.
    let parts = parts_of(limits::PARTS, |length| "x".repeat(length));
    let sent = json!({ "id": "m", "type": "assistant", "content": "", "parts": parts });
    let user = begin(&site, sent).await;
    let more = |name: &str, length| json!({ name: "y".repeat(length) });
    user.patch(MESSAGE, &more("a", 800_000)).await.expect(200);
    user.patch(MESSAGE, &more("b", 80_000))
        .await
        .expect_error(413, "message_too_large");
    assert_eq!(read(&user).await["parts"], parts);
    let less = json!({ "parts": null, "b": "y" });
    user.patch(MESSAGE, &less).await.expect(200);
}

async fn titles_exports_and_shares_have_the_text(site: Site) {
    let user = site.user().await;
    let result = json!({ "type": "tool_result", "tool_use_id": "1", "content": "no title" });
    let messages = vec![
        json!({ "id": "a", "type": "user", "content": [result] }),
        json!({ "id": "b", "type": "user", "content": [text("Where is *this*?")] }),
        json!({ "id": "d", "type": "assistant", "parts": [
            { "type": "reasoning", "text": "Hm." }, { "type": "tool-map", "state": "input-available", "input": { "q": 1 } },
        ] }),
    ];
    user.create("c", messages.clone()).await;
    assert_eq!(user.open("c").await["title"], "Where is *this*?");
    let export = user
        .get("/api/export?conversation=c&format=markdown")
        .await
        .text;
    for shown in [
        "\nWhere is *this*?\n",
        "<summary>Reasoning</summary>\n\nHm.\n",
        "**Tool: map**\n\n```json\n{\"q\":1}\n```",
    ] {
        assert!(export.contains(shown), "{export}");
    }
    let share = user
        .post("/api/shares", &json!({ "conversationId": "c" }))
        .await
        .expect(201);
    let path = format!("/api/shares?id={}", share["id"].as_str().unwrap());
    let shared = site.anonymous_caller().get(&path).await.expect(200);
    for (shared, sent) in shared["messages"].as_array().unwrap().iter().zip(&messages) {
        for (name, value) in sent.as_object().unwrap() {
            assert_eq!(shared[name], *value);
        }
    }
}

/// As an importer has it: a message per line, blocks as they are, and beside them what else the line says.
fn message_of_line(line: &str) -> Option<Value> {
    let line: Value = serde_json::from_str(line).unwrap();
    let kind = line["type"]
        .as_str()
        .filter(|kind| ["user", "assistant"].contains(kind))?;
    let inner = &line["message"];
    let is_result = |block: &Value| block["type"] == "tool_result";
    let blocks = inner["content"].as_array();
    let is_tool = blocks.is_some_and(|blocks| blocks.iter().all(is_result));
    let mut message = json!({
        "id": line["uuid"], "type": if is_tool { "tool" } else { kind }, "content": inner["content"],
        "timestamp": line["timestamp"], "format": "claude-code",
    });
    for name in ["model", "usage"] {
        if !inner[name].is_null() {
            message[name] = inner[name].clone();
        }
    }
    let mut rest = line.clone();
    for name in ["message", "uuid", "timestamp", "type"] {
        rest.as_object_mut().unwrap().remove(name);
    }
    message["metadata"] = rest;
    Some(message)
}

async fn a_session_of_claude_code_goes_in_and_comes_back(site: Site) {
    let Some(session) = imported_file("claude-code-session.jsonl") else {
        return;
    };
    let messages: Vec<Value> = session.lines().filter_map(message_of_line).collect();
    assert_eq!(messages.len(), 118);
    let timestamp = |message: &Value| message["timestamp"].to_string();
    let user = site.user().await;
    let conversation = json!({ "id": "c", "messages": messages });
    let report = user
        .post("/api/import", &json!([conversation]))
        .await
        .expect(200);
    assert_eq!(report["imported"], 1, "{report}");
    let (mut read, mut next) = (Vec::new(), String::new());
    loop {
        let page = user
            .get(&format!("{MESSAGES}?order=asc&limit=100{next}"))
            .await
            .expect(200);
        read.extend(page["data"].as_array().unwrap().clone());
        match page["nextCursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    // Some lines are older than the one before them; messages stand in the order of time.
    let mut in_order = messages.clone();
    in_order.sort_by_key(timestamp);
    for (read, sent) in read.iter().zip(&in_order) {
        assert_eq!(read, sent);
    }
    assert_eq!(read.len(), messages.len());
    let title = user.open("c").await["title"].clone();
    assert_eq!(title, "Build a simple Pomodoro timer web");
    let sent = messages.iter().map(|message| message.to_string().len());
    let sent: usize = sent.sum();
    let stored = user.get("/api/user").await.expect(200)["bytes"].as_u64();
    println!(
        "a session of Claude Code: {sent} bytes sent, {} stored",
        stored.unwrap()
    );
    // Base64 and the text beside the blocks included.
    assert!(stored.unwrap() < sent as u64);
}
