//! Reads whole lines of a file that is being written.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use serde_json::Value;

/// How much of a file is converted at once.
const CHUNK: usize = 4_000_000;

/// Lines of a file.
#[derive(Debug)]
pub struct Chunk {
    /// Whole lines.
    pub bytes: Vec<u8>,
    /// Where in the file they end.
    pub end: u64,
}

/// Reads the next lines from `offset` on; `None` if no line is complete. A last line that is still being written is left for
/// the next time.
pub fn read_lines(file: &mut File, offset: u64) -> io::Result<Option<Chunk>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut reader = BufReader::new(file);
    let mut bytes = Vec::new();
    loop {
        let length = bytes.len();
        reader.read_until(b'\n', &mut bytes)?;
        let line = &bytes[length..];
        if !line.ends_with(b"\n") && !is_whole(line) {
            bytes.truncate(length);
            break;
        }
        if bytes.len() >= CHUNK || !line.ends_with(b"\n") {
            break;
        }
    }
    let end = offset + bytes.len() as u64;
    Ok((!bytes.is_empty()).then_some(Chunk { bytes, end }))
}

/// Whether a line without a line end is complete: nothing but the line end can follow an object.
fn is_whole(line: &[u8]) -> bool {
    line.ends_with(b"}") && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok()
}

/// The folder in which a session began, if one of its first lines states it.
pub fn cwd_of(path: &Path) -> io::Result<Option<String>> {
    const FIRST: u64 = 4_000_000;
    let reader = BufReader::new(File::open(path)?.take(FIRST));
    for line in reader.split(b'\n') {
        let line: Value = serde_json::from_slice(&line?).unwrap_or_default();
        if let Some(cwd) = line["cwd"].as_str() {
            return Ok(Some(cwd.to_owned()));
        }
    }
    Ok(None)
}
