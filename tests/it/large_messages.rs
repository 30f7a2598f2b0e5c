//! Messages of the largest size, and a real session that consists of parts.

use crate::common::{Client, Site, imported_file, incompressible};
use crate::parts::{MESSAGE, MESSAGES, begin, read, text};
use conversation_store::model::limits;
use reqwest::Method;
use serde_json::{Value, json};

on_both_stores!(
    the_largest_message_round_trips,
    a_patch_makes_no_message_too_large_to_be_read,
    a_claude_code_session_round_trips,
);

/// Parts of this many bytes of JSON.
fn parts_of(bytes: usize, text_of: impl Fn(usize) -> String) -> Value {
    let around = json!([text("")]).to_string().len();
    json!([text(&text_of(bytes - around))])
}

async fn the_largest_message_round_trips(site: Site) {
    let noise = |length| {
        let text = incompressible(7, 2 * length).replace(['<', '>'], " ");
        text[..length].to_owned()
    };
    let repeated = |length: usize| {
        "a b\u{1}".repeat(length)[..length / 9 * 4].to_owned() + &"x".repeat(length % 9)
    };
    // Most of this takes up six bytes a character: there is less room for it as a text.
    hold(&site, &parts_of(limits::PARTS, repeated)).await;
    let parts = parts_of(limits::PARTS, noise);
    let user = hold(&site, &parts).await;
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

/// Stores a message of these parts, which have the largest size, and reads it.
async fn hold(site: &Site, parts: &Value) -> Client {
    assert!((limits::PARTS - 9..=limits::PARTS).contains(&parts.to_string().len()));
    let sent = json!({ "id": "m", "type": "assistant", "parts": parts, "model": "a-model" });
    let user = begin(site, sent).await;
    let opened = user.get("/api/conversations/c").await;
    assert!(opened.body.len() < 4_500_000, "{}", opened.body.len());
    let message = opened.expect(200)["messages"][0].clone();
    assert_eq!(message["parts"], *parts);
    let derived = message["content"].as_str().unwrap();
    assert!(derived.len() > 300_000, "{}", derived.len());
    assert!(parts[0]["text"].as_str().unwrap().starts_with(derived));
    user
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

/// As an importer sends it: a message per line, with its blocks unchanged and the line's other members beside them.
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

async fn a_claude_code_session_round_trips(site: Site) {
    let Some(session) = imported_file("claude-code-session.jsonl") else {
        return;
    };
    let messages: Vec<Value> = session.lines().filter_map(message_of_line).collect();
    assert_eq!(messages.len(), 118);
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
    // Some lines are older than the one before them; messages keep the order sent.
    for (read, sent) in read.iter().zip(&messages) {
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
