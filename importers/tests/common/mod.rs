//! The files that tests read.

#![allow(dead_code, clippy::unwrap_used)]

pub mod lines;

use std::fs;
use std::path::{Path, PathBuf};

use importers::{ConversationReport, Converted, Options, detect};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Files that are too large to be kept beside the tests.
const ELSEWHERE: [&str; 2] = ["claude-ai-export.json", "claude-code-session.jsonl"];

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// The files of other systems, as far as they are there, by their names.
pub fn files() -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(here())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let paths = entries.filter(|path| path.extension().is_some_and(|extension| extension != "md"));
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut files: Vec<_> = paths
        .map(|path| (name(&path), fs::read(&path).unwrap()))
        .collect();
    files.extend(
        ELSEWHERE
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), file(name)?))),
    );
    files.sort();
    files
}

/// A file by its name; one that is not kept beside the tests may be missing.
pub fn file(name: &str) -> Option<Vec<u8>> {
    if let Ok(bytes) = fs::read(here().join(name)) {
        return Some(bytes);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/data/imports")
        .join(name);
    let bytes = fs::read(path).ok();
    if bytes.is_none() {
        let is_public = std::env::var_os("GITHUB_ACTIONS").is_some();
        let skip = if is_public {
            test_support::note_skipped
        } else {
            test_support::skip_without
        };
        let remedy = format!("put {name} into ../shared/data/imports");
        skip("tests on files of other applications", &remedy).unwrap();
    }
    bytes
}

/// Converts a source of a format that is recognised.
pub fn convert(source: &[u8]) -> Converted {
    importers::convert(detect(source).unwrap(), source, &Options::default()).unwrap()
}

/// The first 64 bits of a SHA-256, in hexadecimal.
pub fn digest(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The only conversation of a source, and its report.
pub fn converted(source: &Value) -> (Value, ConversationReport) {
    let converted = convert(source.to_string().as_bytes());
    assert_eq!(converted.conversations.len(), 1, "{:?}", converted.report);
    let conversation = serde_json::to_value(&converted.conversations[0]).unwrap();
    (conversation, converted.report.conversations[0].clone())
}

/// The ids of messages, and of those that they follow.
pub fn links(conversation: &Value) -> Value {
    let messages = conversation["messages"].as_array().unwrap().iter();
    messages
        .map(|message| json!([message["id"], message["parentId"]]))
        .collect()
}

/// A field of all messages.
pub fn column(conversation: &Value, name: &str) -> Value {
    let messages = conversation["messages"].as_array().unwrap().iter();
    messages.map(|message| message[name].clone()).collect()
}
