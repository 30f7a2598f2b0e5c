//! The trash: deleted conversations that can be restored for a while.

use std::time::Duration;

use super::call::Call;
use super::export::stored_ids;
use super::scripts::trash::{ConversationRestore, TrashEmpty, TrashList};
use super::written::Written;
use super::{Cursor, Progress, StoreError, UserStore};
use crate::model::{ConversationId, Preconditions, Summary, Timestamp};

/// How many conversations one request deletes permanently.
const REMOVED_AT_ONCE: usize = 100;

/// A conversation in the trash.
#[derive(Debug)]
pub struct Trashed {
    /// The conversation as it was; it expires when the trash is purged.
    pub summary: Summary,
    /// When it was deleted.
    pub deleted: Timestamp,
}

/// A page of the trash.
#[derive(Debug)]
pub struct Trash {
    /// Last deleted first.
    pub conversations: Vec<Trashed>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Cursor>,
    /// The user's change sequence.
    pub change_sequence: i64,
}

impl UserStore<'_> {
    /// A page of at most `limit` conversations in the trash, last deleted first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn trash(&self, limit: usize, after: Option<&Cursor>) -> Result<Trash, StoreError> {
        let reply = self.read(TrashList { limit, after }).await?;
        let conversations = reply.conversations.into_iter().map(|trashed| {
            let tag_of = &self.tags();
            Ok(Trashed {
                summary: trashed.conversation.into_summary(trashed.id, tag_of)?,
                deleted: trashed.deleted_at,
            })
        });
        Ok(Trash {
            conversations: conversations.collect::<Result<_, StoreError>>()?,
            next: reply.next,
            change_sequence: reply.change_sequence,
        })
    }

    /// Takes a conversation out of the trash. One that is not deleted is left as it is.
    ///
    /// # Errors
    /// `ConversationNotFound`; `RevisionMismatch`; a quota; or the database failed.
    pub async fn restore(
        &self,
        id: &ConversationId,
        preconditions: &Preconditions,
    ) -> Result<Written, StoreError> {
        let call = ConversationRestore {};
        self.write(Call::about(id, call).under(preconditions))
            .await?
            .into_written(id, &self.tags())
    }

    /// Empties the trash, in steps, until nothing is left or `budget` is used up.
    ///
    /// # Errors
    /// When the database fails; what was removed until then stays so.
    pub async fn empty_trash(&self, budget: Duration) -> Result<Progress, StoreError> {
        let began = self.store.clock.elapsed();
        let mut ids: Vec<ConversationId> = Vec::new();
        loop {
            let call = TrashEmpty {
                max_named: REMOVED_AT_ONCE,
                ids: &ids,
            };
            let reply = self.write(call).await?;
            ids = stored_ids(&reply.ids)?;
            if ids.is_empty() {
                return Ok(Progress::Complete);
            }
            if self.store.clock.elapsed() - began >= budget {
                let remaining = reply.remaining;
                return Ok(Progress::Unfinished { remaining });
            }
        }
    }
}
