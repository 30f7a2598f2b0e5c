//! Any bytes give a bounded, deterministic result or error.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::HashSet;

use common::files;
use fastrand::Rng;
use importers::{Converted, Format, Options, convert, detect, portions, split};
use proptest::prelude::*;
use serde_json::{Value, json};

/// How many times the files are changed: `IMPORTERS_FUZZ`, or as often as a test may take.
fn rounds() -> u64 {
    std::env::var("IMPORTERS_FUZZ")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(1_000)
}

/// Converts a source as every format, and checks what all results have in common.
fn check(source: &[u8]) {
    let _ = detect(source);
    for format in Format::ALL {
        let converted = convert(format, source, &Options::default());
        if let Ok(converted) = &converted {
            check_converted(converted, source.len());
        }
        let again = convert(format, source, &Options::default());
        assert_eq!(format!("{converted:?}"), format!("{again:?}"));
        for portion in split(source, format, 500).filter_map(Result::ok) {
            let _ = convert(format, &portion.bytes, &Options::default());
        }
    }
}

fn check_converted(converted: &Converted, length: usize) {
    let json = serde_json::to_string(&converted.conversations).unwrap();
    assert!(
        json.len() <= 100 * length + 1_000,
        "{length} bytes have become {}",
        json.len()
    );
    assert!(converted.report.imported() == converted.conversations.len());
    for conversation in &converted.conversations {
        if conversation.converted().is_some() {
            check_conversation(&serde_json::to_value(conversation).unwrap());
        }
    }
    for body in portions(&converted.conversations, 4_500_000) {
        assert!(body.len() <= 4_500_000);
    }
}

/// What the service checks.
fn check_conversation(conversation: &Value) {
    let is_id = |id: &Value| {
        let id = id.as_str().unwrap();
        (1..=128).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    };
    assert!(is_id(&conversation["id"]));
    let messages = conversation["messages"].as_array().unwrap();
    let all: HashSet<&Value> = messages.iter().map(|message| &message["id"]).collect();
    let is_session = conversation["source"]["kind"] == "claude-code";
    let mut seen = HashSet::new();
    for message in messages {
        assert!(is_id(&message["id"]), "{message}");
        let parent = &message["parentId"];
        // Each behind the one it follows, so there are no circles; lines may follow what is in an earlier portion.
        let is_earlier = is_session && !all.contains(parent);
        assert!(
            parent.is_null() || seen.contains(parent) || is_earlier,
            "{message}"
        );
        assert!(seen.insert(message["id"].clone()), "{message}");
        assert!(
            message["content"].is_string() != message["parts"].is_array(),
            "{message}"
        );
        for part in message["parts"].as_array().into_iter().flatten() {
            assert!(part["type"].is_string(), "{part}");
        }
        assert!(message["parts"].to_string().len() <= 3_145_728);
        assert!(
            message["content"]
                .as_str()
                .is_none_or(|text| text.len() <= 1_048_576)
        );
        assert!(message.to_string().len() <= 4_000_000);
    }
    let mut metadata = conversation.clone();
    metadata["messages"] = Value::Null;
    assert!(metadata.to_string().len() <= 262_144);
    assert!(seen.contains(&conversation["headId"]));
}

/// Words of the formats, so that random input reaches deep into the code.
const WORDS: [&str; 56] = [
    "id",
    "uuid",
    "parentUuid",
    "parent",
    "parentId",
    "parentMessageId",
    "parent_message_uuid",
    "sessionId",
    "type",
    "user",
    "assistant",
    "system",
    "message",
    "messages",
    "content",
    "text",
    "mapping",
    "current_node",
    "children",
    "author",
    "role",
    "tool",
    "parts",
    "content_type",
    "recipient",
    "chat_messages",
    "sender",
    "human",
    "chat",
    "history",
    "currentId",
    "output",
    "messagesTree",
    "messageId",
    "conversationId",
    "isSidechain",
    "agentId",
    "timestamp",
    "create_time",
    "usage",
    "input_tokens",
    "tool_use",
    "tool_result",
    "tool_use_id",
    "function_call",
    "call_id",
    "summary",
    "leafUuid",
    "metadata",
    "files",
    "name",
    "conversations",
    "$continuation",
    "state",
    "links",
    "earlier",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![4 => proptest::sample::select(&WORDS[..]).prop_map(str::to_owned), 1 => ".{0,8}"]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 96, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((word(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_accepted(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        check(&bytes);
    }

    #[test]
    fn any_json_is_accepted(json in any_json(), more in any_json()) {
        check(json.to_string().as_bytes());
        check(format!("{json}\n{more}\n").as_bytes());
        check(json!([json, more]).to_string().as_bytes());
    }

    #[test]
    fn any_fragments_of_a_format_are_accepted(inner in any_json(), more in any_json()) {
        let line = |content: &Value| json!({ "type": "user", "uuid": more, "parentUuid": inner, "sessionId": "s",
            "message": { "content": content, "usage": more } });
        check(format!("{}\n{}\n", line(&inner), line(&more)).as_bytes());
        for source in [
            json!([{ "uuid": "c", "chat_messages": [inner, { "uuid": "a", "sender": "human", "content": inner, "files": more }] }]),
            json!([{ "id": "c", "mapping": { "a": { "parent": inner, "message": more }, "b": { "parent": "a", "message": {
                "author": inner, "content": more, "metadata": inner } } } }]),
            json!([{ "id": "a", "role": "user", "parts": inner, "metadata": more }]),
            json!({ "conversationId": "c", "messages": [{ "messageId": "a", "content": inner, "children": more }] }),
            json!([{ "id": "c", "chat": { "history": { "currentId": inner, "messages": { "a": { "output": inner, "content": more,
                "sources": more, "files": inner } } } } }]),
        ] {
            check(source.to_string().as_bytes());
        }
    }
}

/// Changes some bytes, swaps pieces, or cuts.
fn mutate(source: &mut Vec<u8>, rng: &mut Rng) {
    for _ in 0..rng.usize(1..6) {
        if source.is_empty() {
            return;
        }
        let at = rng.usize(0..source.len());
        let end = (at + rng.usize(1..200)).min(source.len());
        match rng.u8(0..6) {
            0 => source[at] = rng.u8(..),
            1 => source[at] = *rng.choice(b"{}[]\",:\\0nt\n").unwrap(),
            2 => drop(source.drain(at..end)),
            3 => {
                let piece = source[at..end].to_vec();
                let to = rng.usize(0..source.len());
                drop(source.splice(to..to, piece));
            }
            4 => source.truncate(at),
            _ => {
                let word = rng.choice(WORDS).unwrap();
                drop(source.splice(at..at, word.bytes()));
            }
        }
    }
}

#[test]
fn altered_files_are_accepted() {
    // The large ones would take too long, and contain nothing that the small ones lack.
    let files: Vec<Vec<u8>> = files()
        .into_iter()
        .map(|(_, bytes)| bytes)
        .filter(|bytes| bytes.len() < 20_000)
        .collect();
    let mut rng = Rng::with_seed(7);
    for _ in 0..rounds() {
        let mut source = rng.choice(&files).unwrap().clone();
        mutate(&mut source, &mut rng);
        check(&source);
    }
}

#[test]
fn a_file_is_converted_to_the_same_twice_and_fits() {
    for (_, source) in files() {
        check(&source);
    }
}

#[test]
fn any_continuation_is_accepted() {
    let line =
        r#"{"type":"user","uuid":"u","parentUuid":"x","sessionId":"s","message":{"content":"hi"}}"#;
    let known = json!({ "source_id": "s", "sessions": ["s"], "earlier": { "links": [["x", { "id": null, "time": i64::MAX, "whole": true }]],
        "is_cut": true, "last": null, "created": null, "updated": i64::MIN } });
    for state in [
        json!({}),
        json!(5),
        json!({ "conversations": [known, known], "counted": [["m", [0, 0, 0, u64::MAX]]] }),
    ] {
        let first = json!({ "type": "$continuation", "state": state });
        let converted = convert(
            Format::ClaudeCode,
            format!("{first}\n{line}").as_bytes(),
            &Options::default(),
        )
        .unwrap();
        assert_eq!(converted.conversations.len(), 1);
    }
}

#[test]
fn large_values_fit() {
    let large = "x".repeat(1_100_000);
    let huge = "x".repeat(3_200_000);
    let escaped = "\u{1}x".repeat(450_000);
    for source in [
        json!([{ "id": large, "title": large, "mapping": { "a": { "message": { "author": { "role": "assistant" },
            "content": { "content_type": "text", "parts": [escaped] }, "metadata": { "model_slug": large } } } },
            "default_model_slug": large }]),
        json!([{ "id": large, "role": "user", "parts": [{ "type": large, "text": huge }], "metadata": { "x": large } }]),
        json!([{ "id": large, "meta": { "tags": [large, large] }, "chat": { "history": { "messages": { "a": {
            "content": large, "error": large, "files": [{ "name": large, "url": format!("data:{large}{large}") }] } } } } }]),
        json!([{ "uuid": large, "name": large, "summary": large, "chat_messages": [{ "sender": "human", "text": large,
            "attachments": [{ "file_name": large, "extracted_content": huge }] }] }]),
        json!({ "type": "user", "uuid": large, "sessionId": large, "isSidechain": true, "agentId": large, "cwd": large,
            "message": { "content": [{ "type": "image", "source": { "data": huge } }, large] } }),
        json!({ "conversationId": large, "endpoint": large, "messages": [{ "messageId": large, "text": large, "feedback": { "x": large } }] }),
    ] {
        let converted = common::convert(source.to_string().as_bytes());
        check_converted(&converted, source.to_string().len());
        assert_eq!(converted.conversations.len(), 1);
    }
}

#[test]
fn adversarial_input_is_not_slow() {
    let many = 100_000;
    let sources = [
        format!("[{{\"mapping\":{{{}\"x\":0}}}}]", (0..many).map(|i| format!("\"{i}\":{{\"parent\":\"{}\"}},", i + 1)).collect::<String>()),
        format!(r#"[{{"id":"c","history":{{"messages":{{"a":{{"content":"{}"}}}}}}}}]"#, "<details ".repeat(many)),
        format!(r#"[{{"id":"c","history":{{"messages":{{"a":{{"content":"{}</details>"}}}}}}}}]"#, "<details type=\\\"x\\\">".repeat(many)),
        format!(r#"[{{"mapping":{{"a":{{"message":{{"author":{{"role":"user"}},"content":{{"content_type":"text","parts":["{}"]}}}}}}}}}}]"#,
            "\u{e200}".repeat(many)),
        (0..many).map(|i| format!("{{\"type\":\"user\",\"uuid\":\"{i}\",\"sessionId\":\"{i}\",\"message\":{{\"content\":\"x\"}}}}\n")).collect(),
        "[".repeat(4_000_000),
        format!("[{{\"id\":\"a\",\"role\":\"user\",\"parts\":[],\"metadata\":{{{}\"x\":0}}}}]", (0..many).map(|i| format!("\"{i}\":0,")).collect::<String>()),
    ];
    let start = std::time::Instant::now();
    for source in sources {
        for format in Format::ALL {
            let _ = convert(format, source.as_bytes(), &Options::default());
        }
    }
    // Quadratic, each of these would take minutes.
    assert!(start.elapsed().as_secs() < 120, "{:?}", start.elapsed());
}
