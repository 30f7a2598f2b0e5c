//! Conversations as a whole: the list, saving, changing metadata, deleting.

use std::time::Duration;

use super::call::Call;
use super::import::numbers_of;
use super::reply::ChangeSequence;
use super::scripts::conversations::{
    ConversationDelete, ConversationPatch as PatchConversation, ConversationSave,
    ConversationsFilter, ConversationsList, ListedConversation,
};
use super::search::signature;
use super::written::Written;
use super::{Cursor, DAY_MS, Outcome, StoreError, UserStore};
use crate::model::{
    ConversationFilter, ConversationId, ConversationPatch, NewConversation, Preconditions, Summary,
    Timestamp, limits, spellings,
};
use crate::upkeep::Task;
use crate::upstash::UpstashError;

/// How many conversations one page of the list has renewed at most; further ones are left to the next.
const RENEWED_AT_ONCE: usize = 10;

/// A page of the list.
#[derive(Debug)]
pub struct ConversationList {
    /// Last changed first.
    pub conversations: Vec<Summary>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Cursor>,
    /// The user's change sequence.
    pub change_sequence: i64,
    /// How many fit the filter, on all pages together; `None` without a filter, and where there are too many to look at.
    pub count: Option<u64>,
}

/// What to do if the conversation exists already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveMode {
    /// Leave it.
    Create,
    /// Replace it, with all its messages.
    Replace,
}

/// How a conversation is to be deleted.
#[derive(Clone, Copy, Debug)]
pub struct Deletion {
    /// Whether it is to be gone at once, also from the trash.
    pub is_permanent: bool,
    /// When it was deleted, as the trash has told; not where it was restored since then.
    pub trashed: Option<Timestamp>,
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
        self.purge_where(reply.is_purge_due);
        let conversations = ListedConversation::into_summaries(reply.conversations, &self.tags())?;
        self.keep_alive(&conversations)?;
        Ok(ConversationList {
            conversations,
            next: reply.next,
            change_sequence: reply.change_sequence,
            count: None,
        })
    }

    /// The same of those that fit a filter.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn filtered_list(
        &self,
        filter: &ConversationFilter,
        limit: usize,
        after: Option<&Cursor>,
    ) -> Result<ConversationList, StoreError> {
        let now = self.store.clock.now_ms();
        let tag = filter.tag.as_deref();
        let call = ConversationsFilter {
            limit,
            archived: filter.archived,
            pinned: filter.pinned,
            expires_by: filter
                .expiring_days
                .map(|days| now + i64::from(days) * DAY_MS),
            after,
            tag: tag.map(spellings).unwrap_or_default(),
        };
        let reply = self.read(call).await?;
        self.purge_where(reply.is_purge_due);
        let mut conversations =
            ListedConversation::into_summaries(reply.conversations, &self.tags())?;
        self.keep_alive(&conversations)?;
        conversations.retain(|summary| tag.is_none_or(|tag| summary.has_tag(tag)));
        Ok(ConversationList {
            conversations,
            next: reply.next,
            change_sequence: reply.change_sequence,
            count: reply.count,
        })
    }

    /// Schedules the purge of expired conversations after the response, if it is due.
    pub(super) fn purge_where(&self, is_due: bool) {
        if is_due {
            let task = Task::Purge(self.caller.user.clone());
            self.caller.context.add_upkeep(task);
        }
    }

    /// Renews kept conversations that have an expiry because an earlier release has written them.
    fn keep_alive(&self, list: &[Summary]) -> Result<(), StoreError> {
        let now = self.store.clock.now_ms();
        let longest = self.store.limits.max_conversation_ttl;
        let is_early = |expires: Timestamp| {
            longest.is_none_or(|ttl| {
                let slack = (ttl / 12).max(Duration::from_millis(DAY_MS.unsigned_abs()));
                let least = ttl.saturating_sub(slack).as_millis();
                i128::from(expires.as_ms() - now) < i128::try_from(least).unwrap_or(i128::MAX)
            })
        };
        let due = list
            .iter()
            .filter(|summary| summary.is_kept() && summary.counters.expires.is_some_and(is_early));
        for summary in due.take(RENEWED_AT_ONCE) {
            let id =
                ConversationId::parse(&summary.id, "id").map_err(|_| UpstashError::Malformed)?;
            let task = Task::Renew(self.caller.user.clone(), id);
            self.caller.context.add_upkeep(task);
        }
        Ok(())
    }

    /// Creates a conversation, or replaces it whole.
    ///
    /// # Errors
    /// `ConversationDeleted`; `ConversationExists` (create only); `RevisionMismatch`; a quota; or the database failed.
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
            numbers: numbers_of(&conversation.messages),
            signature: signature(conversation.record.title(), &conversation.messages),
            messages: &conversation.messages,
        };
        let written = self
            .write(Call::about(id, call).under(preconditions))
            .await?
            .into_written(id, &self.tags())?;
        if written.outcome == Outcome::Created {
            self.count_conversation("created");
            let total = written.summary.counters.messages;
            self.count_messages(conversation.messages.iter(), total);
        }
        Ok(written)
    }

    /// Changes metadata, and which branch is the active one.
    ///
    /// # Errors
    /// `ConversationNotFound`; `MessageNotFound`; `FieldMismatch`; `RevisionMismatch`; `MetadataTooLarge`; a quota; or the database failed.
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
            signature: patch
                .record
                .title()
                .map(|title| signature(Some(title), &[]))
                .unwrap_or_default(),
        };
        self.write(Call::about(id, call).under(preconditions))
            .await?
            .into_written(id, &self.tags())
    }

    /// Deletes a conversation with all its messages, and its shares; where there is a trash, they stay there for a while,
    /// unless this is permanent. Deleting it again is no error.
    ///
    /// # Errors
    /// `ConversationNotFound`, also where it is not in the trash as it was seen there; `RevisionMismatch`; or the database failed.
    pub async fn delete_conversation(
        &self,
        id: &ConversationId,
        deletion: &Deletion,
        preconditions: &Preconditions,
    ) -> Result<Deleted, StoreError> {
        let call = ConversationDelete {
            share_prefix: self.keys.share_prefix(),
            trash_ttl: self.store.limits.trash_ttl,
            is_permanent: deletion.is_permanent,
            trashed_at: deletion.trashed,
        };
        let reply = self
            .write(Call::about(id, call).under(preconditions))
            .await?;
        if reply.status != Outcome::Unchanged {
            self.count_conversation("deleted");
        }
        Ok(Deleted {
            change_sequence: reply.change_sequence,
        })
    }
}
