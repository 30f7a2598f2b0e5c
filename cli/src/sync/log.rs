//! Logs problems to a file, for processes without a terminal.

use std::fs::{self, OpenOptions};
use std::io::Write;

use crate::clock::{iso, now_ms};
use crate::files;
use crate::paths;

/// The log is rotated at this size in bytes; the previous one is kept beside it.
const MOST: u64 = 1_000_000;

/// Adds a line. A failure cannot be reported anywhere.
pub fn note(line: &str) {
    let Ok(path) = paths::log() else { return };
    if path
        .parent()
        .is_none_or(|folder| files::create_folder(folder).is_err())
    {
        return;
    }
    if fs::metadata(&path).is_ok_and(|metadata| metadata.len() > MOST) {
        let _ = fs::rename(&path, path.with_extension("log.1"));
    }
    if let Ok(mut file) = files::open_private(OpenOptions::new().create(true).append(true), &path) {
        let _ =
            file.write_all(format!("{} {}\n", iso(now_ms()), line.replace('\n', " ")).as_bytes());
    }
}
