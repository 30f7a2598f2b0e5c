//! Detects whether a file is the one read before, only longer.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};

use serde::{Deserialize, Serialize};

use crate::digest::digest;

/// How many bytes of a file's beginning, and of the end of what was read, are compared.
const SAMPLE: u64 = 1024;

/// The identity of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    device: u64,
    inode: u64,
    /// How many of the first bytes `first` is made of.
    first_length: u64,
    first: String,
    /// Made of the last bytes before the offset.
    last: String,
}

impl Identity {
    /// Of a file that was read up to `offset`.
    pub fn of(file: &mut File, offset: u64) -> io::Result<Self> {
        let first_length = offset.min(SAMPLE);
        Self::with(file, first_length, offset)
    }

    fn with(file: &mut File, first_length: u64, offset: u64) -> io::Result<Self> {
        let (device, inode) = place(&file.metadata()?);
        Ok(Self {
            device,
            inode,
            first_length,
            first: digest_of(file, 0, first_length)?,
            last: digest_of(file, offset.saturating_sub(SAMPLE), offset.min(SAMPLE))?,
        })
    }

    /// Whether the file is still the one that was read up to `offset`: not replaced, truncated or rewritten.
    pub fn is_of(&self, file: &mut File, offset: u64) -> io::Result<bool> {
        Ok(file.metadata()?.len() >= offset
            && *self == Self::with(file, self.first_length, offset)?)
    }
}

fn digest_of(file: &mut File, from: u64, length: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.take(length).read_to_end(&mut bytes)?;
    Ok(digest(&bytes))
}

#[cfg(unix)]
fn place(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// Elsewhere only the contents are compared.
#[cfg(not(unix))]
fn place(_: &Metadata) -> (u64, u64) {
    (0, 0)
}
