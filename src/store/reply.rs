//! Reading what scripts return.

use std::vec::IntoIter;

use super::contract::Field;
use super::scripts::conversations::{ListedConversation, StoredConversation, WrittenConversation};
use super::{Cursor, StoreError, refusal};
use crate::model::{ConversationId, ObjectWriter, StoredMessage, Summary, Version};
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

/// The user's change sequence before and after a write.
///
/// A client that knew every change until `before` and sees this write follow knows every change until `after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeSequence {
    /// Of the last change before this write.
    pub before: i64,
    /// Of this write; the same as `before` where it changed nothing.
    pub after: i64,
}

impl ChangeSequence {
    /// Adds them to a response.
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
    /// The user's change sequence before and after.
    pub change_sequence: ChangeSequence,
}

impl Written {
    /// The conversation as clients know it, with the change sequence; the caller may add to it.
    pub fn to_object(&self) -> ObjectWriter {
        self.change_sequence.write_to(self.summary.to_object(0))
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
        Ok((u64::try_from(calls).unwrap_or(0), Self::of_list(reply)?))
    }

    /// A reply that is the items of a list.
    pub(super) fn of_list(list: Reply) -> Result<Self, StoreError> {
        Ok(Self(list.into_list()?.into_iter()))
    }

    /// A list within this reply.
    pub(super) fn nested(&mut self) -> Result<Self, StoreError> {
        Self::of_list(self.next()?)
    }

    /// What the reply begins with, where that is a word.
    pub(super) fn first_word(&self) -> Option<&str> {
        match self.0.as_slice().first() {
            Some(Reply::Bytes(word)) => std::str::from_utf8(word).ok(),
            _ => None,
        }
    }

    fn next(&mut self) -> Result<Reply, StoreError> {
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

    /// Score and member behind which something goes on, or none.
    pub(super) fn cursor(&mut self) -> Result<Option<Cursor>, StoreError> {
        let (score, member) = (self.text()?, self.text()?);
        if score.is_empty() {
            return Ok(None);
        }
        let score = score.parse().map_err(|_| UpstashError::Malformed)?;
        Ok(Some(Cursor { score, member }))
    }

    /// The keys that a script asks for, where it does.
    pub(super) fn needed_keys(&mut self) -> Result<Option<Vec<String>>, StoreError> {
        if self.first_word() != Some(refusal::NEED) {
            return Ok(None);
        }
        self.next()?;
        Field::read(self).map(Some)
    }

    /// The refusal that this reply is, if it is one; `tag_of` makes the tag of the version that is there instead.
    pub(super) fn refusal(
        &mut self,
        tag_of: impl Fn(Version) -> String,
    ) -> Result<Option<StoreError>, StoreError> {
        let Some(code) = self.first_word().and_then(refusal::code_of) else {
            return Ok(None);
        };
        self.next()?;
        let error = refusal::error_of(code, self, tag_of)?;
        Ok(Some(error.ok_or(UpstashError::Malformed)?))
    }
}

/// What is left of a reply, as messages: id, body, id, body...
pub(super) struct Messages(ReplyReader);

impl Messages {
    /// All of them.
    pub(super) fn read(self) -> Result<Vec<StoredMessage>, StoreError> {
        Ok(self.read_up_to(usize::MAX)?.0)
    }

    /// Those that are at most `size` bytes long together, at least one; and where the others begin, if there are any. What
    /// is stored compressed can be much longer than the reply that it came in, so nothing beyond is unpacked.
    pub(super) fn read_up_to(
        self,
        size: usize,
    ) -> Result<(Vec<StoredMessage>, Option<Cursor>), StoreError> {
        let mut reply = self.0;
        let mut messages: Vec<StoredMessage> = Vec::new();
        let mut total = 0;
        while !reply.is_empty() {
            let (id, body) = (reply.text()?, reply.text()?);
            let message = StoredMessage::parse(id, &body).ok_or(UpstashError::Malformed)?;
            total += message.size();
            if let Some(last) = messages.last().filter(|_| total > size) {
                let behind = Cursor {
                    score: last.timestamp().as_ms(),
                    member: last.member(),
                };
                return Ok((messages, Some(behind)));
            }
            messages.push(message);
        }
        Ok((messages, None))
    }
}

impl Field for Messages {
    fn read(reply: &mut ReplyReader) -> Result<Self, StoreError> {
        let rest = std::mem::take(&mut reply.0);
        Ok(Self(ReplyReader(rest)))
    }

    #[cfg(test)]
    fn names(field: &str) -> Vec<String> {
        vec![format!("{field}...: id, body")]
    }
}

/// A list with something behind it: its length, then its texts.
pub(super) struct CountedList(pub(super) Vec<String>);

impl Field for CountedList {
    fn read(reply: &mut ReplyReader) -> Result<Self, StoreError> {
        let count: usize = reply.number()?;
        let texts: Result<_, _> = (0..count).map(|_| reply.text()).collect();
        texts.map(Self)
    }

    #[cfg(test)]
    fn names(field: &str) -> Vec<String> {
        vec![format!("{field}_count"), format!("{field}...")]
    }
}

/// The status that most replies begin with.
impl Field for Outcome {
    fn read(reply: &mut ReplyReader) -> Result<Self, StoreError> {
        match reply.text()?.as_str() {
            "ok" => Ok(Self::Changed),
            "created" => Ok(Self::Created),
            "unchanged" => Ok(Self::Unchanged),
            _ => Err(UpstashError::Malformed.into()),
        }
    }

    #[cfg(test)]
    fn names(_: &str) -> Vec<String> {
        vec!["status".to_owned()]
    }
}

/// What the Lua function `change_sequence` returns.
impl Field for ChangeSequence {
    fn read(reply: &mut ReplyReader) -> Result<Self, StoreError> {
        let text = reply.text()?;
        let sequence = text.split_once(' ').and_then(|(before, after)| {
            Some(Self {
                before: before.parse().ok()?,
                after: after.parse().ok()?,
            })
        });
        Ok(sequence.ok_or(UpstashError::Malformed)?)
    }
}

impl StoredConversation {
    /// The conversation of this id.
    pub(super) fn into_summary(self, id: String, tag_of: TagOf<'_>) -> Result<Summary, StoreError> {
        let summary =
            Summary::new(id, self.record, &self.counters).ok_or(UpstashError::Malformed)?;
        let (numbers, mark) = self.state.rsplit_once(' ').ok_or(UpstashError::Malformed)?;
        let born = numbers.split(' ').next().and_then(|born| born.parse().ok());
        let version = Version {
            born: born.ok_or(UpstashError::Malformed)?,
            revision: summary.counters.revision,
        };
        let etag = (mark == "-").then(|| tag_of(&summary.id, version));
        Ok(summary.with_etag(etag))
    }
}

impl ListedConversation {
    /// The conversations of a list.
    pub(super) fn into_summaries(
        list: Vec<Self>,
        tag_of: TagOf<'_>,
    ) -> Result<Vec<Summary>, StoreError> {
        list.into_iter()
            .map(|listed| listed.conversation.into_summary(listed.id, tag_of))
            .collect()
    }
}

impl WrittenConversation {
    /// The conversation of this id after the write.
    pub(super) fn into_written(
        self,
        id: &ConversationId,
        tag_of: TagOf<'_>,
    ) -> Result<Written, StoreError> {
        Ok(Written {
            outcome: self.status,
            summary: self.conversation.into_summary(id.to_string(), tag_of)?,
            change_sequence: self.change_sequence,
        })
    }
}
