//! Notes problems in a file, where nobody watches.

use std::fs::{self, OpenOptions};
use std::io::Write;

use crate::clock::{iso, now_ms};
use crate::files;
use crate::paths;

/// The log is begun anew when it has so many bytes; the one before is kept beside it.
const MOST: u64 = 1_000_000;

/// Adds a line. That this fails has nowhere to be told.
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
