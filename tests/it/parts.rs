//! Messages with parts, and with blocks in the place of a text: what libraries make of a model's replies.

use std::fmt::Write;

use crate::common::{Client, Site, message};
use conversation_store::model::{Object, array_of, limits};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use reqwest::Method;
use serde_json::{Value, json};

on_both_stores!(
    parts_come_back_with_a_text_beside_them,
    blocks_come_back_as_content,
    parts_round_trip_byte_for_byte,
    an_invalid_part_is_refused,
    a_patch_sets_blocks_parts_and_text,
    titles_exports_and_shares_have_the_text,
);

pub const MESSAGES: &str = "/api/conversations/c/messages";
pub const MESSAGE: &str = "/api/conversations/c/messages/m";

/// The only message of the conversation.
pub async fn read(user: &Client) -> Value {
    let mut opened = user.open("c").await;
    let mut message = opened["messages"][0].take();
    message.as_object_mut().unwrap().remove("timestamp");
    message
}

/// A conversation with this as its only message.
pub async fn begin(site: &Site, message: Value) -> Client {
    let user = site.user().await;
    user.create("c", vec![message]).await;
    user
}

pub fn text(text: &str) -> Value {
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
    // What was read can be sent back: as a whole, and again.
    let whole = json!({ "messages": [sent] });
    user.put("/api/conversations/c", &whole).await.expect(200);
    assert_eq!(read(&user).await, sent);
    // The client's own text is kept, and an empty message is valid.
    sent["content"] = json!("As told.");
    let silent = json!({ "id": "m", "type": "tool", "content": "", "parts": [] });
    for message in [sent, silent] {
        let user = begin(&site, message.clone()).await;
        assert_eq!(read(&user).await, message);
    }
}

async fn blocks_come_back_as_content(site: Site) {
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

/// JSON that is unusual but valid.
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

/// Lone surrogates, unnecessary escapes, and the separators of stored records.
fn any_string() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,20}".prop_map(|text| json!(text).to_string()),
        "\"(\\\\u[0-9a-fA-F]{4}|\\\\[\"\\\\/bfnrt]|\\\\u001[ef]|[a-zA-Z ~é\u{7f}😀]){0,20}\"",
    ]
}

async fn parts_round_trip_byte_for_byte(site: Site) {
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

async fn an_invalid_part_is_refused(site: Site) {
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
        // Changing another field leaves them alone.
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
        // Blocks that replace parts imply a format that is not shown.
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
