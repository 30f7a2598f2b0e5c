//! How histories are printed: one line per operation, short enough to be compared by eye.

use std::fmt::{Debug, Formatter, Result};

use super::conversation::{Message, Shown};
use super::model::Call;

impl Debug for Message {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let (id, content, tokens) = &self.line;
        write!(f, "{id}={content}/{tokens}@{}", self.timestamp % 1_000_000)
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
        let lines = self.page.iter().flat_map(|page| &page.lines);
        for (id, content, tokens) in lines {
            write!(f, " {id}={content}/{tokens}")?;
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
            Self::Erase => write!(f, "Erase the account"),
            Self::Void => write!(f, "Void the guest's tokens"),
            Self::Move => write!(f, "Move the guest's conversations"),
            Self::Maybe(call) => write!(f, "maybe: {call:?}"),
        }
    }
}
