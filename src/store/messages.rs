//! The plan's getConversation, addMessage and updateMessage, and what goes with them.

use super::answer::Written;
use super::{Call, Cursor, Outcome, StoreError, UserStore, optional, push_messages, scripts};
use crate::model::{
    ConversationId, MessageId, MessagePatch, NewMessage, StoredMessage, Summary, generate_title,
    limits,
};
use crate::upstash::UpstashError;

/// In which direction a page goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Oldest first.
    Ascending,
    /// Newest first.
    Descending,
}

/// Which page of a conversation's messages.
#[derive(Clone, Debug)]
pub struct PageQuery {
    /// At most this many messages; fewer where they are long, see [`limits::PAGE`].
    pub limit: usize,
    /// Going from here...
    pub after: Option<Cursor>,
    /// ...in this direction.
    pub order: Order,
    /// The revision that the client holds: where it is the current one, no messages are read.
    pub known_revision: Option<u64>,
}

/// A conversation with a page of its messages.
#[derive(Debug)]
pub struct Page {
    /// The conversation.
    pub summary: Summary,
    /// The messages, in the order asked for; `None` where the client holds the current revision.
    pub messages: Option<Vec<StoredMessage>>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Cursor>,
}

/// A deletion of messages.
#[derive(Debug)]
pub struct Truncation {
    /// The conversation after it.
    pub written: Written,
    /// The ids of the messages deleted by this very call.
    pub ids: Vec<String>,
}

impl UserStore<'_> {
    /// A conversation and a page of its messages.
    ///
    /// # Errors
    /// `NoConversation`; or the database failed.
    pub async fn page(&self, id: &ConversationId, query: &PageQuery) -> Result<Page, StoreError> {
        let after = query.after.as_ref();
        let order = match query.order {
            Order::Ascending => "asc",
            Order::Descending => "desc",
        };
        let call = Call {
            conversation: Some(id),
            arguments: vec![
                query.limit.to_string().into(),
                order.into(),
                optional(after.map(|cursor| cursor.score)),
                after.map_or("", |cursor| &cursor.member).into(),
                optional(query.known_revision),
            ],
            ..Call::default()
        };
        let mut answer = self.call(&scripts::PAGE, call).await?;
        let Written {
            outcome, summary, ..
        } = answer.written(id)?;
        if outcome == Outcome::Unchanged {
            return Ok(Page {
                summary,
                messages: None,
                next: None,
            });
        }
        let mut more = answer.text()? == "1";
        let mut size = 0;
        let mut messages = Vec::with_capacity(query.limit);
        while !answer.is_empty() {
            let (id, body) = (answer.text()?, answer.text()?);
            let message = StoredMessage::parse(id, &body).ok_or(UpstashError::Malformed)?;
            size += message.size();
            if size > limits::PAGE && !messages.is_empty() {
                more = true;
                break;
            }
            messages.push(message);
        }
        let next = messages.last().filter(|_| more).map(|last| Cursor {
            score: last.timestamp().as_ms(),
            member: last.member(),
        });
        Ok(Page {
            summary,
            messages: Some(messages),
            next,
        })
    }

    /// Appends messages: all of them, or where one is refused, none. Those that are there already are
    /// left as they are. Returns the conversation, and the ids appended by this very call.
    ///
    /// # Errors
    /// `NoConversation`; `MessageExists`; `MessageDeleted`; `Stale`; or the database failed.
    pub async fn append(
        &self,
        id: &ConversationId,
        messages: &[NewMessage],
        expected_revision: Option<u64>,
    ) -> Result<(Written, Vec<String>), StoreError> {
        let mut arguments = vec![generate_title(messages).unwrap_or_default().into()];
        push_messages(&mut arguments, messages);
        let call = Call {
            conversation: Some(id),
            expected_revision,
            arguments,
            ..Call::default()
        };
        let mut answer = self.call(&scripts::APPEND, call).await?;
        let (written, appended) = (answer.written(id)?, answer.texts()?);
        let is_new = |message: &&NewMessage| appended.iter().any(|id| id == message.id.as_str());
        let total = written.summary.counters.messages;
        self.count_messages(messages.iter().filter(is_new), total);
        Ok((written, appended))
    }

    /// Changes a message; returns it, and its conversation.
    ///
    /// # Errors
    /// `NoConversation`; `NoMessage`; `Stale`; or the database failed.
    pub async fn patch_message(
        &self,
        id: &ConversationId,
        message: &MessageId,
        patch: &MessagePatch,
        expected_revision: Option<u64>,
    ) -> Result<(Written, StoredMessage), StoreError> {
        let call = Call {
            conversation: Some(id),
            expected_revision,
            arguments: vec![
                message.as_str().into(),
                patch.record.as_str().into(),
                optional(patch.tokens),
                optional(patch.timestamp.map(|time| time.as_ms())),
            ],
            ..Call::default()
        };
        let mut answer = self.call(&scripts::PATCH_MESSAGE, call).await?;
        let written = answer.written(id)?;
        let stored = StoredMessage::parse(message.to_string(), &answer.text()?);
        Ok((written, stored.ok_or(UpstashError::Malformed)?))
    }

    /// Deletes a message, and where `and_after` says so all that follow it. Doing so again is no error.
    ///
    /// # Errors
    /// `NoConversation`; `NoMessage`; `Stale`; or the database failed.
    pub async fn delete_message(
        &self,
        id: &ConversationId,
        message: &MessageId,
        and_after: bool,
        expected_revision: Option<u64>,
    ) -> Result<Truncation, StoreError> {
        let call = Call {
            conversation: Some(id),
            expected_revision,
            arguments: vec![
                message.as_str().into(),
                if and_after { "1" } else { "0" }.into(),
            ],
            ..Call::default()
        };
        let mut answer = self.call(&scripts::DELETE_MESSAGE, call).await?;
        Ok(Truncation {
            written: answer.written(id)?,
            ids: answer.texts()?,
        })
    }
}
