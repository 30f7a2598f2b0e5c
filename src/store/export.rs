//! Whole conversations, read in bounded pieces.

use super::reply::{ReplyReader, TagOf};
use super::{Call, Cursor, StoreError, UserStore, optional, scripts};
use crate::model::{ConversationId, StoredMessage, Summary};
use crate::upstash::UpstashError;

/// A conversation with its messages, or with a part of them.
#[derive(Debug)]
pub struct Exported {
    /// The conversation.
    pub summary: Summary,
    /// Where it stands in the list: the score that the list is ordered by, ms.
    pub place: i64,
    /// Messages, oldest first.
    pub messages: Vec<StoredMessage>,
    /// Where the rest of its messages begins; `None` where these are the last.
    pub rest: Option<Cursor>,
}

impl UserStore<'_> {
    /// Reads conversations with their messages: those from the front of `ids` that fit into one answer of
    /// a few megabytes, at least one; a large one in part. `None` stands for one that is not there.
    /// `after` is where the first one's messages begin.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn export(
        &self,
        ids: &[ConversationId],
        after: Option<&Cursor>,
    ) -> Result<Vec<Option<Exported>>, StoreError> {
        let mut call = Call {
            arguments: vec![
                optional(after.map(|cursor| cursor.score)),
                after.map_or("", |cursor| &cursor.member).into(),
            ],
            ..Call::default()
        };
        for id in ids {
            call.more_keys
                .extend([self.keys.messages(id), self.keys.bodies(id)]);
            call.arguments.push(id.as_str().into());
        }
        let mut reply = self.read(&scripts::CONVERSATIONS_EXPORT, call).await?;
        let mut exported = Vec::new();
        for id in ids {
            if reply.is_empty() {
                break;
            }
            let one = ReplyReader::nested(reply.next()?)?;
            exported.push(read(id, one, &|id, version| self.tag_of(id, version))?);
        }
        Ok(exported)
    }

    /// The ids of the list's next 50 conversations, where the ones behind them begin, and the user's
    /// change clock.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_ids(
        &self,
        after: Option<&Cursor>,
    ) -> Result<(Vec<ConversationId>, Option<Cursor>, i64), StoreError> {
        const AT_ONCE: usize = 50;
        let list = self.list(AT_ONCE, after).await?;
        let ids: Result<_, UpstashError> = list
            .conversations
            .iter()
            .map(|summary| stored_id(&summary.id))
            .collect();
        Ok((ids?, list.next, list.clock))
    }
}

fn read(
    id: &ConversationId,
    mut reply: ReplyReader,
    tag_of: TagOf<'_>,
) -> Result<Option<Exported>, StoreError> {
    if reply.is_empty() {
        return Ok(None);
    }
    let summary = reply.summary(id.to_string(), tag_of)?;
    let place = reply.number()?;
    let rest = reply.cursor()?;
    let mut messages = Vec::new();
    while !reply.is_empty() {
        let (id, body) = (reply.text()?, reply.text()?);
        messages.push(StoredMessage::parse(id, &body).ok_or(UpstashError::Malformed)?);
    }
    Ok(Some(Exported {
        summary,
        place,
        messages,
        rest,
    }))
}

/// An id as the database has it.
pub(super) fn stored_id(id: &str) -> Result<ConversationId, UpstashError> {
    ConversationId::parse(id, "id").map_err(|_| UpstashError::Malformed)
}
