//! A script's reply, read item by item.

use std::vec::IntoIter;

use super::{Cursor, StoreError};
use crate::upstash::{Reply, UpstashError, Usage};

/// What a script that writes replies.
pub(super) struct WriteReply {
    /// Calls counted in this window.
    pub calls: u64,
    /// What the script itself returns.
    pub own: ReplyReader,
    /// Whether the user's recovery code has to be extended.
    pub is_renewal_due: bool,
    /// Whether a search needs signatures of what an earlier release has written.
    pub is_indexing_due: bool,
}

/// A script's reply, read from front to back.
pub(super) struct ReplyReader(IntoIter<Reply>);

impl ReplyReader {
    /// Reads what every script returns: the calls counted in this window, and the script's own reply. Notes what it
    /// cost.
    pub(super) fn new(reply: Reply, usage: &Usage) -> Result<(u64, Self), StoreError> {
        let WriteReply { calls, own, .. } = Self::of_write(reply, usage)?;
        Ok((calls, own))
    }

    /// The same of a script that writes, with what it has found to be due.
    pub(super) fn of_write(reply: Reply, usage: &Usage) -> Result<WriteReply, StoreError> {
        let mut parts = reply.into_list()?.into_iter();
        let (Some(Reply::Int(calls)), Some(reply), Some(Reply::Int(commands))) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(UpstashError::Malformed.into());
        };
        usage.add_commands(u32::try_from(commands).unwrap_or(0));
        let is_renewal_due = matches!(parts.next(), Some(Reply::Int(1)));
        let is_indexing_due = matches!(parts.next(), Some(Reply::Int(1)));
        Ok(WriteReply {
            calls: u64::try_from(calls).unwrap_or(0),
            own: Self::of_list(reply)?,
            is_renewal_due,
            is_indexing_due,
        })
    }

    /// A reply that is the items of a list.
    pub(super) fn of_list(list: Reply) -> Result<Self, StoreError> {
        Ok(Self(list.into_list()?.into_iter()))
    }

    /// A list within this reply.
    pub(super) fn nested(&mut self) -> Result<Self, StoreError> {
        Self::of_list(self.next()?)
    }

    /// The first word of the reply, if it is one.
    pub(super) fn first_word(&self) -> Option<&str> {
        match self.0.as_slice().first() {
            Some(Reply::Bytes(word)) => std::str::from_utf8(word).ok(),
            _ => None,
        }
    }

    pub(super) fn next(&mut self) -> Result<Reply, StoreError> {
        Ok(self.0.next().ok_or(UpstashError::Malformed)?)
    }

    pub(super) fn text(&mut self) -> Result<String, StoreError> {
        Ok(self.next()?.into_text()?)
    }

    /// `None` for nil.
    pub(super) fn optional_text(&mut self) -> Result<Option<String>, StoreError> {
        match self.next()? {
            Reply::Nil => Ok(None),
            text => Ok(Some(text.into_text()?)),
        }
    }

    pub(super) fn number<T: std::str::FromStr>(&mut self) -> Result<T, StoreError> {
        let text = self.text()?;
        Ok(text.parse().map_err(|_| UpstashError::Malformed)?)
    }

    /// `'1'` or `'0'`.
    pub(super) fn flag(&mut self) -> Result<bool, StoreError> {
        Ok(self.text()? == "1")
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    /// Score and member after which a page continues, or none.
    pub(super) fn cursor(&mut self) -> Result<Option<Cursor>, StoreError> {
        let (score, member) = (self.text()?, self.text()?);
        if score.is_empty() {
            return Ok(None);
        }
        let score = score.parse().map_err(|_| UpstashError::Malformed)?;
        Ok(Some(Cursor { score, member }))
    }

    /// What has not been read yet.
    pub(super) fn take_rest(&mut self) -> Self {
        Self(std::mem::take(&mut self.0))
    }
}
