//! Shares: read-only snapshots of conversations, for any caller that knows their id.

use super::call::Call;
use super::scripts::shares::{OwnShare, ShareRead, SharesCreate, SharesList, SharesRevoke};
use super::{StoreError, UserStore};
use crate::model::{ConversationId, ShareId, StoredMessage, Timestamp, limits};

/// A share as the user who made it sees it.
#[derive(Debug)]
pub struct Share {
    /// Its id.
    pub id: String,
    /// The id of the conversation.
    pub conversation: String,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it can be read.
    pub expires: Timestamp,
    /// How many messages it has.
    pub message_count: u64,
    /// Its title as JSON text; empty where the conversation had none.
    pub title: String,
}

impl From<OwnShare> for Share {
    fn from(stored: OwnShare) -> Self {
        Self {
            id: stored.id,
            conversation: stored.conversation,
            created: stored.created,
            expires: stored.expires,
            message_count: stored.message_count,
            title: stored.title,
        }
    }
}

/// A share as its readers see it: one part of the messages, and nothing about the user who made it.
#[derive(Debug)]
pub struct SharedPage {
    /// When it was made.
    pub created: Timestamp,
    /// Until when it can be read.
    pub expires: Timestamp,
    /// How many messages it has, in all parts together.
    pub message_count: u64,
    /// Its title as JSON text; empty where the conversation had none.
    pub title: String,
    /// The messages of this part, oldest first.
    pub messages: Vec<StoredMessage>,
    /// The next part; `None` on the last one.
    pub next: Option<u64>,
}

impl UserStore<'_> {
    /// Makes a snapshot of a conversation, readable until `expires` by any caller that knows its id, of which `secret` is a part.
    ///
    /// # Errors
    /// `ConversationNotFound`; a quota; `TooLargeToShare`; or the database failed.
    pub async fn share(
        &self,
        conversation: &ConversationId,
        expires: Timestamp,
        secret: &str,
    ) -> Result<Share, StoreError> {
        let call = SharesCreate {
            expires,
            max_bytes: limits::SHARE,
            secret,
            share_prefix: self.keys.share_prefix(),
        };
        let reply = self.write(Call::about(conversation, call)).await?;
        Ok(reply.share.into())
    }

    /// The user's shares, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn shares(&self) -> Result<Vec<Share>, StoreError> {
        let reply = self.read(SharesList {}).await?;
        Ok(reply.shares.into_iter().rev().map(Share::from).collect())
    }

    /// Revokes a share. Repeating it is no error.
    ///
    /// # Errors
    /// `ShareNotFound` where this user has no such share; or the database failed.
    pub async fn unshare(&self, id: &ShareId) -> Result<(), StoreError> {
        self.write(SharesRevoke { share: id }).await.map(drop)
    }

    /// Reads a share of any user: the messages of one part, the first being 0.
    ///
    /// # Errors
    /// `ShareNotFound`; or the database failed.
    pub async fn open_share(&self, id: &ShareId, part: u32) -> Result<SharedPage, StoreError> {
        let call = ShareRead {
            part: part.into(),
            secret: id.secret(),
            max_bytes: 0,
            share: id,
        };
        let there = self.store.for_name(&self.caller, id.database_name());
        let reply = there.read(call).await?;
        Ok(SharedPage {
            created: reply.created,
            expires: reply.expires,
            message_count: reply.message_count,
            title: reply.title,
            messages: reply.messages.read()?,
            next: reply.next,
        })
    }
}
