//! The plan's migrateLocalStorageToRedis: many conversations in one request.

use std::cmp::Reverse;

use super::{Call, Quota, StoreError, UserStore, optional, push_messages, scripts};
use crate::model::{ConversationId, NewConversation};
use crate::upstash::UpstashError;

/// What became of one conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportStatus {
    /// It is new, or some of its messages were.
    Imported,
    /// It was all there already.
    Unchanged,
    /// It was deleted here, and stays so.
    Deleted,
    /// It does not fit.
    OverQuota(Quota),
}

/// What became of an import.
#[derive(Debug)]
pub struct Imported {
    /// A status per conversation, in the order they were given.
    pub statuses: Vec<ImportStatus>,
    /// The user's change clock, ms.
    pub clock: i64,
}

impl UserStore<'_> {
    /// Imports conversations: new ones whole, and into those already there the messages they lack.
    /// No two may share an id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn import(
        &self,
        conversations: &[(ConversationId, NewConversation)],
    ) -> Result<Imported, StoreError> {
        // The one changed last comes last, and so to the top of the list.
        let mut order: Vec<usize> = (0..conversations.len()).collect();
        order.sort_by_key(|&index| (conversations[index].1.updated, Reverse(index)));

        let mut call = Call::default();
        for (id, conversation) in order.iter().map(|&index| &conversations[index]) {
            call.more_keys
                .extend([self.keys.messages(id), self.keys.bodies(id)]);
            self.push_conversation(&mut call, id, conversation);
        }
        let mut answer = self.call(&scripts::IMPORT, call).await?;
        let clock = answer.number()?;
        let mut statuses = vec![ImportStatus::Unchanged; conversations.len()];
        for index in order {
            statuses[index] = match answer.text()?.as_str() {
                "imported" | "merged" => ImportStatus::Imported,
                "unchanged" => ImportStatus::Unchanged,
                "removed" => ImportStatus::Deleted,
                "conversations quota" => ImportStatus::OverQuota(Quota::Conversations),
                "messages quota" => ImportStatus::OverQuota(Quota::Messages),
                "bytes quota" => ImportStatus::OverQuota(Quota::Bytes),
                _ => return Err(UpstashError::Malformed.into()),
            };
        }
        for ((_, conversation), status) in conversations.iter().zip(&statuses) {
            if *status == ImportStatus::Imported {
                self.count("conversations_total{event=\"imported\"}", 1);
                let total = conversation.messages.len() as u64;
                self.count_messages(conversation.messages.iter(), total);
            }
        }
        Ok(Imported { statuses, clock })
    }

    fn push_conversation<'a>(
        &self,
        call: &mut Call<'a>,
        id: &'a ConversationId,
        conversation: &'a NewConversation,
    ) {
        let began = conversation
            .messages
            .iter()
            .map(|message| message.timestamp)
            .min();
        let created = conversation.created.or(began);
        let created = created.map_or_else(|| self.store.clock.now_ms(), |time| time.as_ms());
        call.arguments.extend([
            id.as_str().into(),
            conversation.record.as_str().into(),
            created.to_string().into(),
            optional(conversation.updated.map(|time| time.as_ms())),
            optional(conversation.total_tokens),
            conversation.digest.as_str().into(),
            optional(conversation.origin.map(|origin| origin.place.as_ms())),
            conversation.messages.len().to_string().into(),
        ]);
        push_messages(&mut call.arguments, &conversation.messages);
    }
}
