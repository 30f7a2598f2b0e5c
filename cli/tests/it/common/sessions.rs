//! Sessions of Claude Code, and the conversations they become.

use std::collections::BTreeMap;
use std::path::Path;

use importers::{Options, convert, detect};
use serde_json::{Value, json};

/// A line of a session: questions and replies in turn.
pub fn line(session: &str, number: usize) -> Value {
    let kind = if number.is_multiple_of(2) {
        "user"
    } else {
        "assistant"
    };
    let parent = number
        .checked_sub(1)
        .map(|before| format!("{session}-{before}"));
    json!({
        "type": kind, "uuid": format!("{session}-{number}"), "parentUuid": parent, "sessionId": session,
        "isSidechain": false, "cwd": "/home/me/project", "version": "2.1.0", "gitBranch": "main",
        "timestamp": format!("2026-01-01T{:02}:{:02}:{:02}.000Z", number / 3600, number / 60 % 60, number % 60),
        "message": { "role": kind, "content": [{ "type": "text", "text": format!("message {number} of {session}") }] },
    })
}

/// The lines with these numbers, as a file has them.
pub fn lines(session: &str, numbers: std::ops::Range<usize>) -> String {
    numbers
        .map(|number| line(session, number).to_string() + "\n")
        .collect()
}

/// A line with other content.
pub fn with(mut line: Value, content: Value) -> String {
    line["message"]["content"] = content;
    line.to_string() + "\n"
}

/// Messages by the ids of their conversations: id, type, parts and text of each.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Exported(pub BTreeMap<String, Vec<Value>>);

impl Exported {
    /// The lines of an export.
    pub fn parse(text: &str) -> Self {
        let mut lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let end = lines.pop().unwrap();
        assert_eq!(end["export"]["complete"], true, "{end}");
        Self::of(&lines)
    }

    fn of(conversations: &[Value]) -> Self {
        let mut found = Self::default();
        for conversation in conversations {
            let messages = found
                .0
                .entry(conversation["id"].as_str().unwrap().to_owned())
                .or_default();
            messages.extend(
                conversation["messages"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(essence),
            );
        }
        found
    }

    /// Sorts messages by id, since the service orders branches in its own way.
    pub fn sorted(mut self) -> Self {
        for messages in self.0.values_mut() {
            messages.sort_by_key(|message| message["id"].as_str().unwrap().to_owned());
        }
        self
    }

    pub fn ids(&self, conversation: &str) -> Vec<&str> {
        let messages = self.0.get(conversation).into_iter().flatten();
        messages
            .map(|message| message["id"].as_str().unwrap())
            .collect()
    }

    pub fn count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }
}

/// The parts of a message that come back unchanged. The service adds a text to parts.
fn essence(message: &Value) -> Value {
    let mut essence = json!({});
    for name in [
        "id", "type", "parts", "tokens", "usage", "model", "status", "metadata",
    ] {
        essence[name] = message[name].clone();
    }
    if message["parts"].is_null() {
        essence["content"] = message["content"].clone();
    }
    essence
}

/// The conversion of a whole file.
pub fn converted(path: &Path) -> Exported {
    let source = std::fs::read(path).unwrap();
    let options = Options {
        name: path.to_str().map(str::to_owned),
        ..Options::default()
    };
    let converted = convert(detect(&source).unwrap(), &source, &options).unwrap();
    let conversations = serde_json::to_value(&converted.conversations).unwrap();
    Exported::of(conversations.as_array().unwrap())
}
