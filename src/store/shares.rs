//! Shares: read-only snapshots of conversations, for any caller that knows their id.

use super::call::Call;
use super::scripts::shares::{OwnShare, ShareRead, SharesCreate, SharesList, SharesRevoke};
use super::{StoreError, UserStore};
use crate::model::{
    ConversationId, ObjectWriter, ShareId, StoredMessage, Timestamp, json_or_untitled, limits,
};

/// A share as its maker sees it.
pub struct Share(OwnShare);

impl Share {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The share as clients know it.
    pub fn to_json(&self) -> String {
        ObjectWriter::with_capacity(300)
            .string("id", &self.0.id)
            .string("conversationId", &self.0.conversation)
            .raw("title", &json_or_untitled(&self.0.title))
            .plain("messageCount", self.0.message_count)
            .display("createdAt", self.0.created)
            .display("expiresAt", self.0.expires)
            .finish()
    }
}

/// A share as its readers see it: one part of the messages, and nothing about the user who made it.
#[derive(Debug)]
pub struct SharedPage {
    created: Timestamp,
    expires: Timestamp,
    count: u64,
    title: String,
    messages: Vec<StoredMessage>,
    next: Option<u64>,
}

impl SharedPage {
    /// The page as clients know it.
    pub fn to_json(&self, id: &ShareId) -> String {
        let size: usize = self
            .messages
            .iter()
            .map(|message| message.size() + 100)
            .sum();
        let messages = self.messages.iter().map(StoredMessage::to_json);
        let next = self.next.map(|part| part.to_string());
        ObjectWriter::with_capacity(size + 300)
            .display("id", id)
            .raw("title", &json_or_untitled(&self.title))
            .plain("messageCount", self.count)
            .display("createdAt", self.created)
            .display("expiresAt", self.expires)
            .array("messages", messages)
            .optional("nextCursor", next.as_deref())
            .finish()
    }
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
        Ok(Share(reply.share))
    }

    /// The user's shares, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn shares(&self) -> Result<Vec<Share>, StoreError> {
        let reply = self.read(SharesList {}).await?;
        Ok(reply.shares.into_iter().rev().map(Share).collect())
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
            count: reply.message_count,
            title: reply.title,
            messages: reply.messages.read()?,
            next: reply.next,
        })
    }
}
