//! ZIP archives, as claude.ai and ChatGPT hand out exports.

use std::io::{self, Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

/// The most bytes of a file in an archive.
const LARGEST: u64 = 2 << 30;

/// An archive.
pub struct Archive(ZipArchive<Cursor<Vec<u8>>>);

impl Archive {
    /// Reads the list of files.
    pub fn open(bytes: Vec<u8>) -> Result<Self, ZipError> {
        ZipArchive::new(Cursor::new(bytes)).map(Self)
    }

    /// The names of files that may hold conversations.
    pub fn entries(&self) -> Vec<String> {
        let names = self.0.file_names().filter_map(Result::ok);
        let mut names: Vec<String> = names
            .filter(|name| may_hold_conversations(name))
            .map(Into::into)
            .collect();
        names.sort();
        names
    }

    /// Unpacks a file.
    pub fn read(&mut self, name: &str) -> Result<Vec<u8>, ZipError> {
        let mut bytes = Vec::new();
        // The size stated in an archive may be wrong.
        self.0
            .by_name(name)?
            .take(LARGEST + 1)
            .read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST {
            return Err(ZipError::Io(io::Error::other("the file is too large")));
        }
        Ok(bytes)
    }
}

fn may_hold_conversations(name: &str) -> bool {
    // macOS adds a shadow of each file.
    let is_shadow = name.starts_with("__MACOSX/");
    !is_shadow
        && [".json", ".jsonl", ".ndjson"]
            .iter()
            .any(|end| name.ends_with(end))
}
