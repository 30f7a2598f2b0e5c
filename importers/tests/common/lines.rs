//! Lines of sessions of Claude Code.

use importers::{Converted, Format, Options, convert};
use serde_json::{Value, json};

pub fn source(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

pub fn converted(lines: &[Value], name: Option<&str>) -> (Vec<Value>, Converted) {
    let options = Options {
        name: name.map(str::to_owned),
        ..Options::default()
    };
    let converted = convert(Format::ClaudeCode, source(lines).as_bytes(), &options).unwrap();
    let conversations = serde_json::to_value(&converted.conversations).unwrap();
    (conversations.as_array().unwrap().clone(), converted)
}

pub fn conversations(lines: &[Value]) -> Vec<Value> {
    converted(lines, None).0
}

pub fn line(kind: &str, uuid: &str, parent: Option<&str>, content: Value) -> Value {
    json!({
        "type": kind, "uuid": uuid, "parentUuid": parent, "sessionId": "s", "isSidechain": false,
        "timestamp": "2026-01-01T00:00:00.000Z", "cwd": "/home/me/project", "version": "2.1.0", "gitBranch": "main",
        "message": { "role": kind, "content": content },
    })
}

pub fn with(mut line: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        line[name] = value.clone();
    }
    line
}

pub fn answer(uuid: &str, parent: &str, id: &str, usage: [u64; 4], block: Value) -> Value {
    let [input, output, read, write] = usage;
    with(
        line("assistant", uuid, Some(parent), json!([])),
        json!({ "message": { "id": id, "role": "assistant", "model": "claude-x", "content": [block], "usage": {
            "input_tokens": input, "output_tokens": output, "cache_read_input_tokens": read,
            "cache_creation_input_tokens": write } } }),
    )
}

pub fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

pub fn ids(conversation: &Value) -> Vec<(&str, Option<&str>)> {
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
