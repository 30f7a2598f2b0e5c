//! Whole conversations, read in bounded pieces.

use super::reply::Nested;
use super::scripts::conversations::{ConversationsExport, ExportedConversation};
use super::written::TagOf;
use super::{Cursor, StoreError, UserStore};
use crate::model::{ConversationId, SessionFilter, StoredMessage, Summary};
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

/// The lists that all conversations are in together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum List {
    /// Chats.
    #[default]
    Chats,
    /// Agent sessions.
    Sessions,
}

impl UserStore<'_> {
    /// Reads conversations with their messages: those from the front of `ids` that fit into one response of
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
        let reply = self.read(ConversationsExport { after, ids }).await?;
        ids.iter()
            .zip(reply.conversations)
            .map(|(id, Nested(stored))| {
                stored
                    .map(|stored| read(id, stored, &self.tags()))
                    .transpose()
            })
            .collect()
    }

    /// The ids of a list's next 50 conversations, where the ones behind them begin, and the user's
    /// change sequence.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_ids(
        &self,
        list: List,
        after: Option<&Cursor>,
    ) -> Result<(Vec<ConversationId>, Option<Cursor>, i64), StoreError> {
        const AT_ONCE: usize = 50;
        let list = match list {
            List::Chats => self.list(AT_ONCE, after).await?,
            List::Sessions => {
                let all = SessionFilter::default();
                self.agent_sessions(&all, AT_ONCE, after).await?
            }
        };
        let ids = stored_ids(list.conversations.iter().map(|summary| &summary.id))?;
        Ok((ids, list.next, list.change_sequence))
    }
}

fn read(
    id: &ConversationId,
    stored: ExportedConversation,
    tag_of: TagOf<'_>,
) -> Result<Exported, StoreError> {
    Ok(Exported {
        summary: stored.conversation.into_summary(id.to_string(), tag_of)?,
        place: stored.score,
        messages: stored.messages.read()?,
        rest: stored.rest,
    })
}

/// Ids as the database has them.
pub(super) fn stored_ids<'a>(
    ids: impl IntoIterator<Item = &'a String>,
) -> Result<Vec<ConversationId>, UpstashError> {
    ids.into_iter()
        .map(|id| ConversationId::parse(id, "id").map_err(|_| UpstashError::Malformed))
        .collect()
}
