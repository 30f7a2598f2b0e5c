//! Files of other systems.

use std::fs;
use std::path::{Path, PathBuf};

/// Files too large for the repository.
const ELSEWHERE: [&str; 2] = ["claude-ai-export.json", "claude-code-session.jsonl"];

/// Those that are present.
pub fn fixtures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let entries = fs::read_dir(root.join("importers/tests/data")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension != "md"));
    for name in ELSEWHERE {
        let path = root.join("../shared/data/imports").join(name);
        if path.exists() {
            files.push(path);
        } else {
            let remedy = format!("put {name} into ../shared/data/imports");
            test_support::note_skipped("tests on files of other applications", &remedy).unwrap();
        }
    }
    files
}
