//! What can be wrong with a source as a whole.

use std::fmt;

use crate::Format;

/// Why a source was not recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DetectError {
    /// There is nothing in it.
    Empty,
    /// It is neither JSON nor lines of JSON.
    NotJson,
    /// It is JSON of an unknown shape.
    Unknown,
    /// It looks like several formats: the caller has to name one.
    Ambiguous(Vec<Format>),
    /// It is a known format that is not supported.
    Unsupported(Unsupported),
}

/// A known format that is not supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsupported {
    /// A ZIP archive: it has to be unpacked.
    Zip,
    /// Compressed by gzip: it has to be unpacked.
    Gzip,
    /// A list of the parts of a claude.ai export: they have to be downloaded.
    Manifest,
    /// A session of Codex.
    Codex,
}

impl fmt::Display for DetectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the source is empty"),
            Self::NotJson => f.write_str("the source is neither JSON nor lines of JSON"),
            Self::Unknown => f.write_str("the source is JSON of a shape that is not known"),
            Self::Ambiguous(formats) => {
                let names: Vec<&str> = formats.iter().map(|format| format.name()).collect();
                write!(
                    f,
                    "the source may be any of these, name one: {}",
                    names.join(", ")
                )
            }
            Self::Unsupported(what) => what.fmt(f),
        }
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zip => "the source is a ZIP archive: unpack it and import the files in it",
            Self::Gzip => "the source is compressed: unpack it first",
            Self::Manifest => {
                "the source only lists the parts of an export: download those and import them"
            }
            Self::Codex => "sessions of Codex are not supported",
        })
    }
}

impl std::error::Error for DetectError {}

/// Why nothing of a source was converted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConvertError {
    /// There is nothing in it.
    Empty,
    /// It is not JSON.
    NotJson,
    /// It is JSON, but not of the stated format.
    WrongShape(Format),
    /// The continuation belongs to another source.
    WrongContinuation,
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the source is empty"),
            Self::NotJson => f.write_str("the source is not JSON"),
            Self::WrongShape(format) => write!(f, "the source is not {}", format.name()),
            Self::WrongContinuation => f.write_str("the continuation is of another source"),
        }
    }
}

impl std::error::Error for ConvertError {}

/// Why a source could not be cut.
#[derive(Debug)]
#[non_exhaustive]
pub enum SplitError {
    /// It could not be read.
    Io(std::io::Error),
    /// It ends in the middle of a conversation, or is no array of conversations.
    NotJson,
    /// A single line or conversation is too large to be held in memory.
    TooLarge,
}

impl fmt::Display for SplitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the source cannot be read: {error}"),
            Self::NotJson => f.write_str("the source is not whole: its JSON does not end"),
            Self::TooLarge => f.write_str("a conversation of the source is too large"),
        }
    }
}

impl std::error::Error for SplitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::NotJson | Self::TooLarge => None,
        }
    }
}
