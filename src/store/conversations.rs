//! Conversations as a whole: the list, saving, changing metadata, deleting.

use super::reply::{Clocks, Written};
use super::{Call, Cursor, Outcome, StoreError, UserStore, optional, push_messages, scripts};
use crate::model::{
    ConversationId, ConversationPatch, NewConversation, Preconditions, Summary, limits,
};
use crate::upkeep::Task;

/// A page of the list.
#[derive(Debug)]
pub struct ConversationList {
    /// Last changed first.
    pub conversations: Vec<Summary>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Cursor>,
    /// The user's change clock, ms.
    pub clock: i64,
}

/// What to do where the conversation is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveMode {
    /// Leave it.
    Create,
    /// Replace it, with all its messages.
    Replace,
}

/// A deletion that happened, now or before.
#[derive(Clone, Copy, Debug)]
pub struct Deleted {
    /// The user's change clock, ms, before and after.
    pub clocks: Clocks,
}

impl UserStore<'_> {
    /// A page of at most `limit` conversations, last changed first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        &self,
        limit: usize,
        after: Option<&Cursor>,
    ) -> Result<ConversationList, StoreError> {
        let call = Call {
            arguments: vec![
                limit.to_string().into(),
                optional(after.map(|cursor| cursor.score)),
                after.map_or("", |cursor| &cursor.member).into(),
            ],
            ..Call::default()
        };
        let mut reply = self.read(&scripts::LIST, call).await?;
        let clock = reply.number()?;
        if reply.flag()? {
            self.caller
                .context
                .add_upkeep(Task::Purge(self.caller.user.clone()));
        }
        let next = reply.cursor()?;
        let mut conversations = Vec::with_capacity(limit);
        while !reply.is_empty() {
            let id = reply.text()?;
            conversations.push(reply.summary(id, &|id, version| self.tag_of(id, version))?);
        }
        Ok(ConversationList {
            conversations,
            next,
            clock,
        })
    }

    /// Creates a conversation, or replaces it whole.
    ///
    /// # Errors
    /// `ConversationDeleted`; `ConversationExists` (create only); `Stale`; a quota; or the database failed.
    pub async fn save(
        &self,
        id: &ConversationId,
        conversation: &NewConversation,
        mode: SaveMode,
        preconditions: &Preconditions,
    ) -> Result<Written, StoreError> {
        let mode = match mode {
            SaveMode::Create => "create",
            SaveMode::Replace => "replace",
        };
        let mut arguments = vec![
            mode.into(),
            conversation.record.as_str().into(),
            optional(conversation.created.map(|time| time.as_ms())),
            optional(conversation.updated.map(|time| time.as_ms())),
            optional(conversation.total_tokens),
            conversation.digest.as_str().into(),
        ];
        push_messages(&mut arguments, &conversation.messages);
        let call = Call {
            conversation: Some(id),
            preconditions: Some(preconditions),
            arguments,
            ..Call::default()
        };
        let mut reply = self.write(&scripts::SAVE, call).await?;
        let written = reply.written(id, &|id, version| self.tag_of(id, version))?;
        if written.outcome == Outcome::Created {
            self.count("conversations_total{event=\"created\"}", 1);
            let total = written.summary.counters.messages;
            self.count_messages(conversation.messages.iter(), total);
        }
        Ok(written)
    }

    /// Changes metadata.
    ///
    /// # Errors
    /// `NoConversation`; `Stale`; `MetadataTooLarge`; a quota; or the database failed.
    pub async fn patch_conversation(
        &self,
        id: &ConversationId,
        patch: &ConversationPatch,
        preconditions: &Preconditions,
    ) -> Result<Written, StoreError> {
        let call = Call {
            conversation: Some(id),
            preconditions: Some(preconditions),
            arguments: vec![
                patch.record.as_str().into(),
                limits::METADATA.to_string().into(),
            ],
            ..Call::default()
        };
        self.write(&scripts::PATCH_CONVERSATION, call)
            .await?
            .written(id, &|id, version| self.tag_of(id, version))
    }

    /// Deletes a conversation with all its messages, and its shares. Deleting it again is no error.
    ///
    /// # Errors
    /// `NoConversation`; `Stale`; or the database failed.
    pub async fn delete_conversation(
        &self,
        id: &ConversationId,
        preconditions: &Preconditions,
    ) -> Result<Deleted, StoreError> {
        let call = Call {
            conversation: Some(id),
            preconditions: Some(preconditions),
            more_keys: self.keys.share_slots(),
            arguments: vec![self.keys.share_prefix().into()],
            ..Call::default()
        };
        let mut reply = self.write(&scripts::DELETE_CONVERSATION, call).await?;
        if reply.outcome()? != Outcome::Unchanged {
            self.count("conversations_total{event=\"deleted\"}", 1);
        }
        Ok(Deleted {
            clocks: reply.clocks()?,
        })
    }
}
