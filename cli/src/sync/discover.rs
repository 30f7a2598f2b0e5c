//! Finds the files of sessions, subagents' too.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

/// All `.jsonl` files of a folder and those below it, last changed first; none without the folder.
pub fn sessions(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    match collect(folder, &mut found) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    found.sort_by(|one, other| other.cmp(one));
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

fn collect(folder: &Path, found: &mut Vec<(SystemTime, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // Links are not followed: they could lead in circles.
        let Ok(metadata) = fs::symlink_metadata(&path) else {
            continue;
        };
        if metadata.is_dir() {
            // A folder may disappear meanwhile, or be unreadable.
            let _ = collect(&path, found);
        } else if metadata.is_file()
            && path
                .extension()
                .is_some_and(|extension| extension == "jsonl")
        {
            found.push((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), path));
        }
    }
    Ok(())
}

/// Whether a file is a session's: its own, or that of one of its subagents, which is in the folder with its name or (of earlier
/// versions) beside it.
pub fn belongs_to(file: &Path, session: &Path) -> bool {
    file == session
        || file.starts_with(session.with_extension(""))
        || (file.parent() == session.parent() && is_subagent_of(file, session).unwrap_or(false))
}

fn is_subagent_of(file: &Path, session: &Path) -> Option<bool> {
    const LONGEST: u64 = 1_000_000;
    if !file.file_name()?.to_str()?.starts_with("agent-") {
        return Some(false);
    }
    let mut first = Vec::new();
    let mut reader = BufReader::new(File::open(file).ok()?.take(LONGEST));
    reader.read_until(b'\n', &mut first).ok()?;
    let line: Value = serde_json::from_slice(&first).ok()?;
    Some(line["sessionId"].as_str()? == session.file_stem()?.to_str()?)
}
