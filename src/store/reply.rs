//! What several scripts return.

use super::contract::Field;
use super::reply_reader::ReplyReader;
use super::{Cursor, StoreError};
use crate::model::{NewMessage, StoredMessage};
use crate::upstash::UpstashError;

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Something was created.
    Created,
    /// Something was changed.
    Changed,
    /// Nothing was changed.
    Unchanged,
}

/// The user's change sequence before and after a write.
///
/// A client that knew every change until `before` and sees this write follow knows every change until `after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeSequence {
    /// Of the last change before this write.
    pub before: i64,
    /// Of this write; the same as `before` if it changed nothing.
    pub after: i64,
}

/// What is left of a reply, as messages: id, body, id, body...
pub(super) struct Messages(ReplyReader);

impl Messages {
    /// All of them.
    pub(super) fn read(self) -> Result<Vec<StoredMessage>, StoreError> {
        let mut reply = self.0;
        let mut messages = Vec::new();
        while !reply.is_empty() {
            messages.push(read_message(&mut reply)?);
        }
        Ok(messages)
    }

    /// Those that are of a form known here.
    pub(super) fn read_known(self) -> impl Iterator<Item = StoredMessage> {
        let mut reply = self.0;
        std::iter::from_fn(move || Some((reply.text().ok()?, reply.text().ok()?)))
            .filter_map(|(id, body)| StoredMessage::parse(id, &body))
    }

    /// All of them as they are stored, to be written somewhere else.
    pub(super) fn copied(self) -> Result<Vec<NewMessage>, StoreError> {
        let mut reply = self.0;
        let mut messages = Vec::new();
        while !reply.is_empty() {
            let (id, body) = (reply.text()?, reply.text()?);
            messages.push(NewMessage::from_stored(&id, &body).ok_or(UpstashError::Malformed)?);
        }
        Ok(messages)
    }
}

fn read_message(reply: &mut ReplyReader) -> Result<StoredMessage, StoreError> {
    let (id, body) = (reply.text()?, reply.text()?);
    Ok(StoredMessage::parse(id, &body).ok_or(UpstashError::Malformed)?)
}

/// The same, each with its place: in the order of the active path, and among the branches.
pub(super) struct PlacedMessages(ReplyReader);

impl PlacedMessages {
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
        let (mut total, mut last_score) = (0, 0);
        while !reply.is_empty() {
            let message = read_message(&mut reply)?;
            let (score, siblings, parent) = (reply.number()?, reply.text()?, reply.text()?);
            total += message.size();
            if let Some(last) = messages.last().filter(|_| total > size) {
                let behind = Cursor {
                    score: last_score,
                    member: last.member(),
                };
                return Ok((messages, Some(behind)));
            }
            last_score = score;
            messages.push(message.with_place(parent, &siblings));
        }
        Ok((messages, None))
    }
}

impl Field for Messages {
    fn read(reply: &mut ReplyReader) -> Result<Self, StoreError> {
        Ok(Self(reply.take_rest()))
    }

    #[cfg(test)]
    fn names(field: &str) -> Vec<String> {
        vec![format!("{field}...: id, body")]
    }
}

impl Field for PlacedMessages {
    fn read(reply: &mut ReplyReader) -> Result<Self, StoreError> {
        Ok(Self(reply.take_rest()))
    }

    #[cfg(test)]
    fn names(field: &str) -> Vec<String> {
        vec![format!("{field}...: id, body, score, siblings, parent")]
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

/// A list of its own within the reply, empty where there is nothing.
pub(super) struct Nested<T>(pub(super) Option<T>);

impl<T: Field> Field for Nested<T> {
    fn read(reply: &mut ReplyReader) -> Result<Self, StoreError> {
        let mut own = reply.nested()?;
        Ok(Self(match own.is_empty() {
            true => None,
            false => Some(T::read(&mut own)?),
        }))
    }

    #[cfg(test)]
    fn names(field: &str) -> Vec<String> {
        T::names(field)
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
