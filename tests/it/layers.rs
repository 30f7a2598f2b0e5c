//! The layers: none uses what is above it, and the bodies of responses are written in one place.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::repository;

/// The layers that only those above them use, the highest first. What lies beside the layers uses none of them.
const LAYERS: [&str; 3] = ["crate::http", "crate::service", "crate::store"];

/// What writes JSON.
const WRITERS: [&str; 2] = ["ObjectWriter", "json!("];

/// Where that is: bodies are written in the first of them. The model has what is stored and exported, too, and agents have a
/// protocol of their own.
const WRITING: [&str; 3] = ["src/http/bodies", "src/model", "src/service/mcp"];

/// The Rust files of a folder, without the parts of the API document, which the tests take from there.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_string_lossy();
        if path.is_dir() {
            files(&path, found);
        } else if name.ends_with(".rs") && !name.ends_with(".openapi.rs") {
            found.push(path);
        }
    }
}

/// The code of a file by lines, without comments and the unit tests at its end.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let (code, _) = text.split_once("#[cfg(test)]\nmod ").unwrap_or((text, ""));
    let lines = (1..).zip(code.lines());
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Where the files of `folder`, without those in `except`, name one of `words`.
fn naming(folder: &str, except: &[&str], words: &[&str]) -> String {
    let root = repository();
    let mut all = Vec::new();
    files(&root.join(folder), &mut all);
    let is_excepted = |file: &PathBuf| except.iter().any(|it| file.starts_with(root.join(it)));
    all.retain(|file| !is_excepted(file));
    let mut report = String::new();
    for file in all {
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in code(&text) {
            for word in words.iter().filter(|word| line.contains(**word)) {
                let file = file.strip_prefix(&root).unwrap().display();
                writeln!(report, "{file}:{number}: {word}").unwrap();
            }
        }
    }
    report
}

#[test]
fn no_layer_uses_one_above_it() {
    let folders = fs::read_dir(repository().join("src")).unwrap();
    let folders = folders.map(|entry| entry.unwrap().path());
    let mut report = String::new();
    for folder in folders.filter(|path| path.is_dir()) {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let mut layers = LAYERS.iter();
        let place = layers.position(|layer| layer.strip_prefix("crate::") == Some(name));
        let above = place.unwrap_or(LAYERS.len());
        report += &naming(&format!("src/{name}"), &[], &LAYERS[..above]);
    }
    assert!(report.is_empty(), "{report}");
}

#[test]
fn bodies_are_written_in_one_place() {
    let named = ["src", "api"].map(|folder| naming(folder, &WRITING, &WRITERS));
    assert!(named.concat().is_empty(), "{}", named.concat());
    for folder in WRITING {
        assert!(!naming(folder, &[], &WRITERS).is_empty(), "{folder}");
    }
}

#[test]
fn comments_and_unit_tests_are_no_code() {
    let text = "//! a\nb\n    // c\nd // e\n#[cfg(test)]\nmod tests {\n    f\n}\n";
    let expected = [(2, "b"), (4, "d // e")];
    assert_eq!(code(text).collect::<Vec<_>>(), expected);
}
