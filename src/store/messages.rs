//! Messages: pages of them, appending, changing, deleting.

use super::call::Call;
use super::scripts::messages::{
    ConversationRead, MessageDelete, MessagePatch as PatchMessage, MessageSave, MessagesAppend,
    PatchedMessage,
};
use super::search::{signature, signature_of_text};
use super::written::Written;
use super::{Cursor, Outcome, StoreError, UserStore};
use crate::ErrorCode;
use crate::model::{
    ConversationId, MessageId, MessagePatch, NewMessage, Preconditions, StoredMessage, Summary,
    TagList, generate_title, limits,
};
use crate::upkeep::Task;
use crate::upstash::UpstashError;

/// Which messages pages go through, and in which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Oldest first.
    Ascending,
    /// Newest first.
    Descending,
    /// Every branch, in the order in which the messages came, each with its parent.
    AllBranches,
}

/// Which page of a conversation's messages.
#[derive(Clone, Debug)]
pub struct PageQuery {
    /// At most this many messages; fewer where they are long.
    pub limit: usize,
    /// About how long they may be together, in bytes; one is always read.
    pub size: usize,
    /// Going from here...
    pub after: Option<Cursor>,
    /// ...in this direction.
    pub order: Order,
    /// The client's version: if it is current, no messages are read.
    pub known: Option<TagList>,
}

/// A conversation with a page of its messages.
#[derive(Debug)]
pub struct Page {
    /// The conversation.
    pub summary: Summary,
    /// The messages, in the order asked for; `None` where the client holds the current version.
    pub messages: Option<Vec<StoredMessage>>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Cursor>,
}

/// A deletion of messages.
#[derive(Debug)]
pub struct Truncation {
    /// The conversation after it.
    pub written: Written,
    /// The ids of the messages deleted by this call, or by the one that it repeats.
    pub ids: Vec<String>,
}

impl UserStore<'_> {
    /// A conversation and a page of its messages.
    ///
    /// # Errors
    /// `ConversationNotFound`; or the database failed.
    pub async fn page(&self, id: &ConversationId, query: &PageQuery) -> Result<Page, StoreError> {
        let order = match query.order {
            Order::Ascending => "asc",
            Order::Descending => "desc",
            Order::AllBranches => "all",
        };
        let call = ConversationRead {
            limit: query.limit,
            order,
            after: query.after.as_ref(),
            known_versions: self.known_versions(id, query.known.as_ref()),
            message: None,
        };
        self.read_page(id, call, query.size).await
    }

    /// A conversation and one message of it, of whichever branch.
    ///
    /// # Errors
    /// `NoConversation`; `NoMessage`; or the database failed.
    pub async fn message(
        &self,
        id: &ConversationId,
        message: &MessageId,
    ) -> Result<(Summary, StoredMessage), StoreError> {
        let call = ConversationRead {
            limit: 1,
            order: "all",
            after: None,
            known_versions: String::new(),
            message: Some(message),
        };
        let page = self.read_page(id, call, limits::MESSAGE).await?;
        let read = page.messages.and_then(|mut messages| messages.pop());
        Ok((
            page.summary,
            read.ok_or(StoreError::Refused(ErrorCode::MessageNotFound))?,
        ))
    }

    /// Calls the script; `size` as in [`PageQuery`].
    async fn read_page(
        &self,
        id: &ConversationId,
        call: ConversationRead<'_>,
        size: usize,
    ) -> Result<Page, StoreError> {
        let reply = self.read(Call::about(id, call)).await?;
        let written = reply.written.into_written(id, &self.tags())?;
        if reply.is_renewal_due {
            let task = Task::Renew(self.caller.user.clone(), id.clone());
            self.caller.context.add_upkeep(task);
        }
        let summary = written.summary;
        if written.outcome == Outcome::Unchanged {
            return Ok(Page {
                summary,
                messages: None,
                next: None,
            });
        }
        let (messages, rest) = reply.messages.read_up_to(size)?;
        Ok(Page {
            summary,
            messages: Some(messages),
            next: rest.or(reply.next),
        })
    }

    /// Appends messages: all of them, or none if one is refused. Existing ones are left unchanged. Returns the
    /// conversation, and the ids appended by this call.
    ///
    /// # Errors
    /// `ConversationNotFound`; `MessageExists`; `MessageDeleted`; `RevisionMismatch`; a quota; or the database failed.
    pub async fn append(
        &self,
        id: &ConversationId,
        messages: &[NewMessage],
        preconditions: &Preconditions,
    ) -> Result<(Written, Vec<String>), StoreError> {
        let title = generate_title(messages).unwrap_or_default();
        let call = MessagesAppend {
            signature: signature(Some(&title), messages),
            title,
            messages,
        };
        let reply = self
            .write(Call::about(id, call).under(preconditions))
            .await?;
        let written = reply.written.into_written(id, &self.tags())?;
        let appended: Vec<&NewMessage> = messages
            .iter()
            .zip(reply.appended.bytes())
            .filter(|(_, flag)| *flag == b'1')
            .map(|(message, _)| message)
            .collect();
        let total = written.summary.counters.messages;
        self.count_messages(appended.iter().copied(), total);
        let ids = appended.iter().map(|message| message.id.to_string());
        Ok((written, ids.collect()))
    }

    /// Changes a message; returns it, and its conversation. `None` stands for a message that a repeat has changed
    /// before, and that is gone by now.
    ///
    /// # Errors
    /// `ConversationNotFound`; `MessageNotFound`; `RevisionMismatch`; `MessageTooLarge`; a quota; or the database failed.
    pub async fn patch_message(
        &self,
        id: &ConversationId,
        message: &MessageId,
        patch: &MessagePatch,
        preconditions: &Preconditions,
    ) -> Result<(Written, Option<StoredMessage>), StoreError> {
        let call = PatchMessage {
            message,
            patch: patch.record.as_str(),
            tokens: patch.tokens,
            timestamp: patch.timestamp,
            max_bytes: limits::MESSAGE,
            signature: signature_of_text(&patch.search_text()),
        };
        let reply = self
            .write(Call::about(id, call).under(preconditions))
            .await?;
        self.read_written(id, message, reply)
    }

    /// Creates a message, or replaces it whole; returns it, and its conversation. `None` as in [`UserStore::patch_message`].
    ///
    /// # Errors
    /// `ConversationNotFound`; `MessageNotFound` for a parent that is not there; `RevisionMismatch`; a quota; or the database failed.
    pub async fn save_message(
        &self,
        id: &ConversationId,
        message: &NewMessage,
        preconditions: &Preconditions,
    ) -> Result<(Written, Option<StoredMessage>), StoreError> {
        let call = MessageSave {
            is_dated: message.is_dated,
            signature: signature(None, std::slice::from_ref(message)),
            message: std::slice::from_ref(message),
        };
        let reply = self
            .write(Call::about(id, call).under(preconditions))
            .await?;
        let (written, stored) = self.read_written(id, &message.id, reply)?;
        if written.outcome == Outcome::Created {
            let total = written.summary.counters.messages;
            self.count_messages(std::iter::once(message), total);
        }
        Ok((written, stored))
    }

    fn read_written(
        &self,
        id: &ConversationId,
        message: &MessageId,
        reply: PatchedMessage,
    ) -> Result<(Written, Option<StoredMessage>), StoreError> {
        let written = reply.written.into_written(id, &self.tags())?;
        if reply.body.is_empty() {
            return Ok((written, None));
        }
        let stored = StoredMessage::parse(message.to_string(), &reply.body);
        Ok((written, Some(stored.ok_or(UpstashError::Malformed)?)))
    }

    /// Deletes a message, and where `and_after` says so all that follow it. Doing so again is no error.
    ///
    /// # Errors
    /// `ConversationNotFound`; `MessageNotFound`; `RevisionMismatch`; or the database failed.
    pub async fn delete_message(
        &self,
        id: &ConversationId,
        message: &MessageId,
        and_after: bool,
        preconditions: &Preconditions,
    ) -> Result<Truncation, StoreError> {
        let call = MessageDelete { message, and_after };
        let reply = self
            .write(Call::about(id, call).under(preconditions))
            .await?;
        Ok(Truncation {
            written: reply.written.into_written(id, &self.tags())?,
            ids: reply.ids,
        })
    }

    /// What the client holds, as the script compares it.
    fn known_versions(&self, id: &ConversationId, known: Option<&TagList>) -> String {
        match known {
            // For a read, `*` says that the client has some copy, which is no reason to omit anything.
            None | Some(TagList::Any) => String::new(),
            Some(TagList::Tags(tags)) => self.versions(id.as_str(), tags),
        }
    }
}
