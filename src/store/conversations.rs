//! Conversations as a whole: the list, saving, changing metadata, deleting.

use super::call::Call;
use super::reply::ChangeSequence;
use super::scripts::conversations::{
    ConversationDelete, ConversationFork, ConversationPatch as PatchConversation, ConversationSave,
    ConversationsList, ListedConversation,
};
use super::written::Written;
use super::{Cursor, Outcome, StoreError, UserStore};
use crate::model::{
    ConversationId, ConversationPatch, Fork, NewConversation, Preconditions, Summary, limits,
};
use crate::upkeep::Task;

/// A page of the list.
#[derive(Debug)]
pub struct ConversationList {
    /// Last changed first.
    pub conversations: Vec<Summary>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Cursor>,
    /// The user's change sequence.
    pub change_sequence: i64,
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
    /// The user's change sequence before and after.
    pub change_sequence: ChangeSequence,
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
        let reply = self.read(ConversationsList { limit, after }).await?;
        if reply.is_purge_due {
            self.caller
                .context
                .add_upkeep(Task::Purge(self.caller.user.clone()));
        }
        Ok(ConversationList {
            conversations: ListedConversation::into_summaries(
                reply.conversations,
                &|id, version| self.tag_of(id, version),
            )?,
            next: reply.next,
            change_sequence: reply.change_sequence,
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
        let call = ConversationSave {
            mode,
            record: conversation.record.as_str(),
            created: conversation.created,
            updated: conversation.updated,
            total_tokens: conversation.total_tokens,
            save_digest: &conversation.digest,
            messages: &conversation.messages,
        };
        let written = self
            .write(Call::about(id, call).under(preconditions))
            .await?
            .into_written(id, &|id, version| self.tag_of(id, version))?;
        if written.outcome == Outcome::Created {
            self.count("conversations_total{event=\"created\"}", 1);
            let total = written.summary.counters.messages;
            self.count_messages(conversation.messages.iter(), total);
        }
        Ok(written)
    }

    /// Makes a new conversation of another one's path, up to a message or to its head.
    ///
    /// # Errors
    /// `NoConversation`; `NoMessage`; `ConversationDeleted`; `ConversationExists`; a quota; or the database failed.
    pub async fn fork(
        &self,
        id: &ConversationId,
        fork: &Fork,
        conversation: &NewConversation,
    ) -> Result<Written, StoreError> {
        let call = ConversationFork {
            source: &fork.conversation,
            message: fork.message.as_ref(),
            record: conversation.record.as_str(),
            save_digest: &conversation.digest,
        };
        let written = self
            .write(Call::about(id, call))
            .await?
            .into_written(id, &|id, version| self.tag_of(id, version))?;
        if written.outcome == Outcome::Created {
            self.count("conversations_total{event=\"created\"}", 1);
        }
        Ok(written)
    }

    /// Changes metadata, and which branch is the active one.
    ///
    /// # Errors
    /// `NoConversation`; `NoMessage`; `FieldMismatch`; `Stale`; `MetadataTooLarge`; a quota; or the database failed.
    pub async fn patch_conversation(
        &self,
        id: &ConversationId,
        patch: &ConversationPatch,
        preconditions: &Preconditions,
    ) -> Result<Written, StoreError> {
        let call = PatchConversation {
            patch: patch.record.as_str(),
            max_bytes: limits::METADATA,
            head: patch.head.as_ref(),
            expected: patch.expected.as_str(),
        };
        self.write(Call::about(id, call).under(preconditions))
            .await?
            .into_written(id, &|id, version| self.tag_of(id, version))
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
        let call = ConversationDelete {
            share_prefix: self.keys.share_prefix(),
        };
        let reply = self
            .write(Call::about(id, call).under(preconditions))
            .await?;
        if reply.status != Outcome::Unchanged {
            self.count("conversations_total{event=\"deleted\"}", 1);
        }
        Ok(Deleted {
            change_sequence: reply.change_sequence,
        })
    }
}
