//! Reading what scripts return.

use std::vec::IntoIter;

use super::{Quota, StoreError};
use crate::model::{ConversationId, ObjectWriter, Summary};
use crate::upstash::{Reply, UpstashError, note_commands};

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Something new was made.
    Created,
    /// Something was changed.
    Changed,
    /// All was so already.
    Unchanged,
}

/// A conversation after a write.
#[derive(Debug)]
pub struct Written {
    /// How the write ended.
    pub outcome: Outcome,
    /// The conversation as it is now.
    pub summary: Summary,
    /// The user's change clock, ms: where a sync may go on from.
    pub clock: i64,
}

impl Written {
    /// The conversation as clients know it, with the clock; the caller may add to it.
    pub fn to_object(&self) -> ObjectWriter {
        self.summary.to_object(0).plain("clock", self.clock)
    }
}

/// A script's reply, read from front to back.
pub(super) struct Answer(IntoIter<Reply>);

impl Answer {
    /// Reads what the prelude returns: the calls of this window, and the script's own reply. Notes what it
    /// cost.
    pub(super) fn new(reply: Reply) -> Result<(u64, Self), StoreError> {
        let mut parts = reply.into_list()?.into_iter();
        let (Some(Reply::Int(calls)), Some(reply), Some(Reply::Int(commands))) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(UpstashError::Malformed.into());
        };
        note_commands(u32::try_from(commands).unwrap_or(0));
        let items = reply.into_list()?;
        Ok((u64::try_from(calls).unwrap_or(0), Self(items.into_iter())))
    }

    /// Reads a list within a script's reply.
    pub(super) fn nested(reply: Reply) -> Result<Self, StoreError> {
        Ok(Self(reply.into_list()?.into_iter()))
    }

    /// Whether this is the single word by which the prelude refuses a call.
    pub(super) fn is_refusal(&self, word: &str) -> bool {
        let items = self.0.as_slice();
        items.len() == 1 && items[0] == Reply::Bytes(word.as_bytes().to_vec())
    }

    /// The next item, or nil.
    pub(super) fn next(&mut self) -> Result<Reply, StoreError> {
        Ok(self.0.next().ok_or(UpstashError::Malformed)?)
    }

    pub(super) fn text(&mut self) -> Result<String, StoreError> {
        Ok(self.next()?.into_text()?)
    }

    pub(super) fn number<T: std::str::FromStr>(&mut self) -> Result<T, StoreError> {
        let text = self.text()?;
        Ok(text.parse().map_err(|_| UpstashError::Malformed)?)
    }

    /// All that is left.
    pub(super) fn texts(self) -> Result<Vec<String>, StoreError> {
        let texts: Result<_, UpstashError> = self.0.map(Reply::into_text).collect();
        Ok(texts?)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    /// The status that most scripts begin with.
    pub(super) fn outcome(&mut self) -> Result<Outcome, StoreError> {
        let status = self.text()?;
        self.outcome_of(&status)
    }

    /// What a status means; what belongs to it is read on from here.
    pub(super) fn outcome_of(&mut self, status: &str) -> Result<Outcome, StoreError> {
        match status {
            "ok" => Ok(Outcome::Changed),
            "created" => Ok(Outcome::Created),
            "unchanged" => Ok(Outcome::Unchanged),
            "missing" => Err(StoreError::NoConversation),
            "no message" => Err(StoreError::NoMessage),
            "removed" => Err(StoreError::ConversationDeleted),
            "exists" => Err(StoreError::ConversationExists),
            "conflict" => Err(StoreError::MessageExists { id: self.text()? }),
            "message removed" => Err(StoreError::MessageDeleted { id: self.text()? }),
            "conversations quota" => Err(StoreError::OverQuota(Quota::Conversations)),
            "messages quota" => Err(StoreError::OverQuota(Quota::Messages)),
            "bytes quota" => Err(StoreError::OverQuota(Quota::Bytes)),
            "shares quota" => Err(StoreError::OverQuota(Quota::Shares)),
            "no share" => Err(StoreError::NoShare),
            "share too large" => Err(StoreError::ShareTooLarge),
            "claimed" => Err(StoreError::Claimed),
            "voided" => Err(StoreError::ClaimVoid),
            "stale" => Err(StoreError::Stale {
                revision: self.number()?,
            }),
            _ => Err(UpstashError::Malformed.into()),
        }
    }

    /// Record and counters.
    pub(super) fn summary(&mut self, id: String) -> Result<Summary, StoreError> {
        let (record, counters) = (self.text()?, self.text()?);
        Ok(Summary::new(id, record, &counters).ok_or(UpstashError::Malformed)?)
    }

    /// What the prelude's `summary` returns.
    pub(super) fn written(&mut self, id: &ConversationId) -> Result<Written, StoreError> {
        Ok(Written {
            outcome: self.outcome()?,
            summary: self.summary(id.to_string())?,
            clock: self.number()?,
        })
    }
}
