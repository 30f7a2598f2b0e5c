//! The plan's getAllConversations, saveConversation, deleteConversation, and what goes with them.

use super::answer::Written;
use super::{Call, Cursor, Outcome, StoreError, UserStore, optional, push_messages, scripts};
use crate::model::{ConversationId, ConversationPatch, NewConversation, Summary};
use crate::upstash::UpstashError;

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
    /// Replace it, with all its messages; `expected_revision` is what it has to be at.
    Replace {
        /// From `If-Match`.
        expected_revision: Option<u64>,
    },
}

/// A deletion that happened, now or before.
#[derive(Clone, Copy, Debug)]
pub struct Deleted {
    /// The user's change clock, ms.
    pub clock: i64,
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
        let mut answer = self.call(&scripts::LIST, call).await?;
        let clock = answer.number()?;
        let (score, member) = (answer.text()?, answer.text()?);
        let next = match score.as_str() {
            "" => None,
            _ => Some(Cursor {
                score: score.parse().map_err(|_| UpstashError::Malformed)?,
                member,
            }),
        };
        let mut conversations = Vec::with_capacity(limit);
        while !answer.is_empty() {
            let id = answer.text()?;
            conversations.push(answer.summary(id)?);
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
    /// `ConversationDeleted`; `ConversationExists` (create only); `Stale`; or the database failed.
    pub async fn save(
        &self,
        id: &ConversationId,
        conversation: &NewConversation,
        mode: SaveMode,
    ) -> Result<Written, StoreError> {
        let (mode, expected_revision) = match mode {
            SaveMode::Create => ("create", None),
            SaveMode::Replace { expected_revision } => ("replace", expected_revision),
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
            expected_revision,
            arguments,
            ..Call::default()
        };
        let written = self.call(&scripts::SAVE, call).await?.written(id)?;
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
    /// `NoConversation`; `Stale`; or the database failed.
    pub async fn patch_conversation(
        &self,
        id: &ConversationId,
        patch: &ConversationPatch,
        expected_revision: Option<u64>,
    ) -> Result<Written, StoreError> {
        let call = Call {
            conversation: Some(id),
            expected_revision,
            arguments: vec![patch.record.as_str().into()],
            ..Call::default()
        };
        self.call(&scripts::PATCH_CONVERSATION, call)
            .await?
            .written(id)
    }

    /// Deletes a conversation with all its messages, and its shares. Deleting it again is no error.
    ///
    /// # Errors
    /// `NoConversation`; `Stale`; or the database failed.
    pub async fn delete_conversation(
        &self,
        id: &ConversationId,
        expected_revision: Option<u64>,
    ) -> Result<Deleted, StoreError> {
        let call = Call {
            conversation: Some(id),
            expected_revision,
            arguments: vec![self.keys.share_prefix().into()],
            ..Call::default()
        };
        let mut answer = self.call(&scripts::DELETE_CONVERSATION, call).await?;
        if answer.outcome()? != Outcome::Unchanged {
            self.count("conversations_total{event=\"deleted\"}", 1);
        }
        Ok(Deleted {
            clock: answer.number()?,
        })
    }
}
