//! Reading what scripts return.

use std::vec::IntoIter;

use super::{Cursor, Quota, StoreError};
use crate::model::{ConversationId, ObjectWriter, Summary, Version};
use crate::upstash::{Reply, UpstashError, Usage};

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

/// The user's change clock, ms, before and after a write.
///
/// A client that knew every change until `before` and sees this write follow knows every change until `after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// Of the last change before this write.
    pub before: i64,
    /// Of this write; the same as `before` where it changed nothing.
    pub after: i64,
}

impl Clocks {
    /// Adds them to an answer.
    pub fn write_to(self, object: ObjectWriter) -> ObjectWriter {
        object
            .plain("clock", self.after)
            .plain("previousClock", self.before)
    }
}

/// A conversation after a write.
#[derive(Debug)]
pub struct Written {
    /// How the write ended.
    pub outcome: Outcome,
    /// The conversation as it is now.
    pub summary: Summary,
    /// The user's change clock, ms, before and after.
    pub clocks: Clocks,
}

impl Written {
    /// The conversation as clients know it, with the clock; the caller may add to it.
    pub fn to_object(&self) -> ObjectWriter {
        self.clocks.write_to(self.summary.to_object(0))
    }
}

/// Makes the entity tag of a conversation's version, by its id.
pub(super) type TagOf<'a> = &'a dyn Fn(&str, Version) -> String;

/// A script's reply, read from front to back.
pub(super) struct ReplyReader(IntoIter<Reply>);

impl ReplyReader {
    /// Reads what every script returns: the calls counted in this window, and the script's own reply. Notes what it
    /// cost.
    pub(super) fn new(reply: Reply, usage: &Usage) -> Result<(u64, Self), StoreError> {
        let mut parts = reply.into_list()?.into_iter();
        let (Some(Reply::Int(calls)), Some(reply), Some(Reply::Int(commands))) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(UpstashError::Malformed.into());
        };
        usage.add_commands(u32::try_from(commands).unwrap_or(0));
        let items = reply.into_list()?;
        Ok((u64::try_from(calls).unwrap_or(0), Self(items.into_iter())))
    }

    /// Reads a list within a script's reply.
    pub(super) fn nested(reply: Reply) -> Result<Self, StoreError> {
        Ok(Self(reply.into_list()?.into_iter()))
    }

    /// What the reply begins with, where that is a word.
    pub(super) fn first_word(&self) -> Option<&str> {
        match self.0.as_slice().first() {
            Some(Reply::Bytes(word)) => std::str::from_utf8(word).ok(),
            _ => None,
        }
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

    /// `'1'` or `'0'`.
    pub(super) fn flag(&mut self) -> Result<bool, StoreError> {
        Ok(self.text()? == "1")
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
        match self.text()?.as_str() {
            "ok" => Ok(Outcome::Changed),
            "created" => Ok(Outcome::Created),
            "unchanged" => Ok(Outcome::Unchanged),
            _ => Err(UpstashError::Malformed.into()),
        }
    }

    /// The refusal that this reply is, if it is one; `tag_of` makes the tag of the version that is there instead.
    /// A script refuses with the error code that clients get.
    pub(super) fn refusal(
        &mut self,
        tag_of: impl Fn(Version) -> String,
    ) -> Result<Option<StoreError>, StoreError> {
        let Some(code) = self.first_word() else {
            return Ok(None);
        };
        let error = match code {
            "signed_out" => StoreError::SignedOut,
            "conversation_not_found" => StoreError::NoConversation,
            "message_not_found" => StoreError::NoMessage,
            "conversation_deleted" => StoreError::ConversationDeleted,
            "conversation_exists" => StoreError::ConversationExists,
            "metadata_too_large" => StoreError::MetadataTooLarge,
            "message_too_large" => StoreError::MessageTooLarge,
            "too_many_conversations_kept" => StoreError::OverQuota(Quota::Conversations),
            "conversation_too_long" => StoreError::OverQuota(Quota::Messages),
            "too_much_text_kept" => StoreError::OverQuota(Quota::Bytes),
            "too_many_shares" => StoreError::OverQuota(Quota::Shares),
            "too_many_streams" => StoreError::OverQuota(Quota::Streams),
            "too_many_new_users" => StoreError::OverQuota(Quota::NewUsers),
            "share_not_found" => StoreError::NoShare,
            "too_large_to_share" => StoreError::ShareTooLarge,
            "already_claimed" => StoreError::Claimed,
            "wrong_token" => StoreError::ClaimVoid,
            "claim_unfinished" => StoreError::ClaimUnfinished,
            "wrong_code" => StoreError::WrongCode,
            "too_many_codes" => StoreError::TooManyCodes,
            "request_too_old" => StoreError::RequestTooOld,
            "idempotency_key_reused" => StoreError::KeyReused,
            "message_exists" | "message_deleted" | "revision_mismatch" => {
                return self.refusal_with_details(tag_of).map(Some);
            }
            _ => return Ok(None),
        };
        Ok(Some(error))
    }

    fn refusal_with_details(
        &mut self,
        tag_of: impl Fn(Version) -> String,
    ) -> Result<StoreError, StoreError> {
        Ok(match self.text()?.as_str() {
            "message_exists" => StoreError::MessageExists { id: self.text()? },
            "message_deleted" => StoreError::MessageDeleted { id: self.text()? },
            _ => {
                let (revision, born) = (self.number()?, self.number()?);
                StoreError::Stale {
                    revision,
                    // What a stopped script has left has no version.
                    etag: (revision > 0 && born >= 0).then(|| tag_of(Version { born, revision })),
                }
            }
        })
    }

    /// Score and member behind which something goes on, or none.
    pub(super) fn cursor(&mut self) -> Result<Option<Cursor>, StoreError> {
        let (score, member) = (self.text()?, self.text()?);
        if score.is_empty() {
            return Ok(None);
        }
        let score = score.parse().map_err(|_| UpstashError::Malformed)?;
        Ok(Some(Cursor { score, member }))
    }

    /// Record, counters and state.
    pub(super) fn summary(&mut self, id: String, tag_of: TagOf<'_>) -> Result<Summary, StoreError> {
        let (record, counters, state) = (self.text()?, self.text()?, self.text()?);
        let summary = Summary::new(id, record, &counters).ok_or(UpstashError::Malformed)?;
        let (numbers, mark) = state.rsplit_once(' ').ok_or(UpstashError::Malformed)?;
        let born = numbers.split(' ').next().and_then(|born| born.parse().ok());
        let version = Version {
            born: born.ok_or(UpstashError::Malformed)?,
            revision: summary.counters.revision,
        };
        let etag = (mark == "-").then(|| tag_of(&summary.id, version));
        Ok(summary.with_etag(etag))
    }

    /// What the Lua function `summary` returns.
    pub(super) fn written(
        &mut self,
        id: &ConversationId,
        tag_of: TagOf<'_>,
    ) -> Result<Written, StoreError> {
        Ok(Written {
            outcome: self.outcome()?,
            summary: self.summary(id.to_string(), tag_of)?,
            clocks: self.clocks()?,
        })
    }

    /// What the Lua function `clocks` returns.
    pub(super) fn clocks(&mut self) -> Result<Clocks, StoreError> {
        let text = self.text()?;
        let clocks = text.split_once(' ').and_then(|(before, after)| {
            Some(Clocks {
                before: before.parse().ok()?,
                after: after.parse().ok()?,
            })
        });
        Ok(clocks.ok_or(UpstashError::Malformed)?)
    }
}
