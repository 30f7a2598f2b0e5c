//! How histories are printed: one line per operation, short enough to be compared by eye.

use std::fmt::{Debug, Formatter, Result};

use super::conversation::{Page, Shown};
use super::model::Call;
use super::tree::{Line, Message};

impl Debug for Line {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}={}/{}", self.id, self.content, self.tokens)?;
        match &self.parts {
            Some(parts) => write!(f, "+{parts}"),
            None => Ok(()),
        }
    }
}

impl Debug for Message {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{:?}@{}", self.line, self.timestamp % 1_000_000)
    }
}

impl Debug for Shown {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if let Some(revision) = self.revision {
            write!(f, "revision {revision} ")?;
        }
        if let Some(etag) = &self.etag {
            write!(f, "etag {etag} ")?;
        }
        write!(f, "{:?}, {} messages", self.title, self.count)?;
        if let Some(tokens) = self.tokens {
            write!(f, ", {tokens} tokens")?;
        }
        if let Some(head) = &self.head {
            write!(f, ", head {}", head.as_deref().unwrap_or("-"))?;
        }
        match &self.page {
            Some(page) => write!(f, " {page:?}"),
            None => Ok(()),
        }
    }
}

impl Debug for Page {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Newest {
                lines, siblings, ..
            } => {
                for (at, line) in lines.iter().enumerate() {
                    write!(f, " {line:?}")?;
                    let siblings = siblings.as_ref().map(|all| &all[at]);
                    if let Some(siblings) = siblings.filter(|ids| !ids.is_empty()) {
                        write!(f, " of {siblings:?}")?;
                    }
                }
            }
            Self::Branches(nodes) | Self::Export(nodes) => {
                for (line, parent) in nodes {
                    write!(f, " {line:?}<{}", parent.as_deref().unwrap_or("-"))?;
                }
            }
        }
        Ok(())
    }
}

impl Debug for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Begin(owner) => write!(f, "Begin as the {owner:?}'s"),
            Self::Write {
                by,
                write,
                if_match,
                told,
            } => {
                write!(f, "{by:?} {write:?}")?;
                if let Some(etag) = if_match {
                    write!(f, " if {etag}")?;
                }
                write!(f, " -> {told:?}")
            }
            Self::Read { by, told } => write!(f, "{by:?} read -> {told:?}"),
            Self::Fork { message, told } => write!(f, "Fork at {message:?} -> {told:?}"),
            Self::Erase => write!(f, "Erase the account"),
            Self::Void => write!(f, "Void the guest's tokens"),
            Self::Move => write!(f, "Move the guest's conversations"),
            Self::Maybe(call) => write!(f, "maybe: {call:?}"),
        }
    }
}
