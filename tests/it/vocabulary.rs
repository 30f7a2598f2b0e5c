//! The vocabulary: a word of the field for each thing. Words that were replaced by another one do not come back.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::repository;

/// Words and phrases of code and comments, and what to write instead. Lower case. A space stands for anything
/// between words.
const REPLACED: [(&str, &str); 21] = [
    ("let answer", "response; a model writes a reply"),
    ("let mut answer", "response; a model writes a reply"),
    ("let answers", "responses"),
    ("answer status", "response"),
    ("lost_answers", "lost_responses"),
    ("stranger", "anonymous caller"),
    ("userorstranger", "UserOrAnonymous"),
    ("change clock", "change sequence"),
    ("past its life", "expired"),
    ("for ever", "forever"),
    ("he", "they, or the user"),
    ("his", "their, or the user's"),
    ("him", "them, or the user"),
    ("himself", "themselves"),
    ("whoever", "the caller, the reader"),
    ("gone on with", "continued, resumed"),
    ("whose it is", "its user"),
    ("that is none", "an invalid one"),
    ("be it", "whether ... or"),
    ("cleared away", "purged"),
    ("somebody else s", "another user's"),
];

/// Folders whose files are not this repository's own code, or hold texts that people wrote.
const SKIPPED: [&str; 5] = [
    "target",
    "node_modules",
    "data",
    "earlier_release",
    "vocabulary.rs",
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        if name.starts_with('.') || SKIPPED.contains(&&*name) {
            continue;
        }
        if path.is_dir() {
            files(&path, found);
        } else if matches!(path.extension(), Some(end) if end == "rs" || end == "lua") {
            found.push(path);
        }
    }
}

/// A line in lower case, with one space in the place of all that is not part of a word.
fn words(line: &str) -> String {
    let mut words = String::from(" ");
    for c in line.to_lowercase().chars() {
        match c.is_alphanumeric() || c == '_' {
            true => words.push(c),
            false if !words.ends_with(' ') => words.push(' '),
            false => {}
        }
    }
    words + " "
}

#[test]
fn replaced_words_do_not_come_back() {
    let mut all = Vec::new();
    files(&repository(), &mut all);
    assert!(all.len() > 200, "{} files", all.len());
    let mut report = String::new();
    for file in all {
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            let line = words(line);
            for (word, instead) in REPLACED {
                if line.contains(&format!(" {word} ")) {
                    let (file, number) = (file.display(), number + 1);
                    writeln!(report, "{file}:{number}: {word}: {instead}").unwrap();
                }
            }
        }
    }
    assert!(report.is_empty(), "{report}");
}
