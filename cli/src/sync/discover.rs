//! Finds the files of sessions, subagents' too.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// All `.jsonl` files of a folder and those below it, last changed first. Without the folder there are none.
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
            // A folder may go away meanwhile, or be closed to us.
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

/// Whether a file is a session's: its own, or that of one of its subagents, in the folder with its name.
pub fn belongs_to(file: &Path, session: &Path) -> bool {
    file == session || file.starts_with(session.with_extension(""))
}
