//! Shares: read-only snapshots of conversations, for anybody who knows their id.

use super::reply::ReplyReader;
use super::{Call, StoreError, UserStore, scripts};
use crate::model::{
    ConversationId, ObjectWriter, ShareId, StoredMessage, Timestamp, json_or_untitled, limits,
};
use crate::upstash::UpstashError;

/// A share as its maker sees it.
#[derive(Debug)]
pub struct Share {
    id: String,
    conversation: String,
    created: Timestamp,
    expires: Timestamp,
    messages: u64,
    title: String,
}

impl Share {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The share as clients know it.
    pub fn to_json(&self) -> String {
        ObjectWriter::with_capacity(300)
            .string("id", &self.id)
            .string("conversationId", &self.conversation)
            .raw("title", &json_or_untitled(&self.title))
            .plain("messageCount", self.messages)
            .display("createdAt", self.created)
            .display("expiresAt", self.expires)
            .finish()
    }

    fn read(reply: &mut ReplyReader) -> Result<Self, StoreError> {
        Ok(Self {
            id: reply.text()?,
            conversation: reply.text()?,
            created: Timestamp::from_ms(reply.number()?),
            expires: Timestamp::from_ms(reply.number()?),
            messages: reply.number()?,
            title: reply.text()?,
        })
    }
}

/// A share as its readers see it: nothing of who made it, and one part of the messages.
#[derive(Debug)]
pub struct SharedPage {
    created: Timestamp,
    expires: Timestamp,
    count: u64,
    title: String,
    messages: Vec<StoredMessage>,
    next: Option<u32>,
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
    /// Makes a snapshot of a conversation, readable until `expires` by who knows its id, of which `secret` is a part.
    ///
    /// # Errors
    /// `NoConversation`; `OverQuota`; `ShareTooLarge`; or the database failed.
    pub async fn share(
        &self,
        conversation: &ConversationId,
        expires: Timestamp,
        secret: &str,
    ) -> Result<Share, StoreError> {
        let call = Call {
            conversation: Some(conversation),
            more_keys: self.keys.share_slots(),
            arguments: vec![
                expires.as_ms().to_string().into(),
                limits::SHARE.to_string().into(),
                secret.into(),
                self.keys.share_prefix().into(),
            ],
            ..Call::default()
        };
        let mut reply = self.write(&scripts::SHARE, call).await?;
        reply.outcome()?;
        Share::read(&mut reply)
    }

    /// The user's shares, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn shares(&self) -> Result<Vec<Share>, StoreError> {
        let mut reply = self.read(&scripts::SHARES, Call::default()).await?;
        let mut shares = Vec::new();
        while !reply.is_empty() {
            shares.push(Share::read(&mut reply)?);
        }
        shares.reverse();
        Ok(shares)
    }

    /// Revokes a share. Doing so again is no error.
    ///
    /// # Errors
    /// `NoShare` where it is none of this user's; or the database failed.
    pub async fn unshare(&self, id: &ShareId) -> Result<(), StoreError> {
        let call = Call {
            more_keys: vec![self.keys.share(id)],
            arguments: vec![id.to_string().into()],
            ..Call::default()
        };
        let mut reply = self.write(&scripts::UNSHARE, call).await?;
        reply.outcome().map(|_| ())
    }

    /// Reads a share, whosever it is: the messages of one part, the first being 0.
    ///
    /// # Errors
    /// `NoShare`; or the database failed.
    pub async fn open_share(&self, id: &ShareId, part: u32) -> Result<SharedPage, StoreError> {
        let call = Call {
            more_keys: vec![self.keys.share(id)],
            arguments: vec![part.to_string().into(), id.secret().into()],
            ..Call::default()
        };
        let there = self.store.for_name(&self.caller, id.database_name());
        let mut reply = there.read(&scripts::OPEN_SHARE, call).await?;
        reply.outcome()?;
        let (created, expires) = (reply.number()?, reply.number()?);
        let (count, parts): (u64, u32) = (reply.number()?, reply.number()?);
        let title = reply.text()?;
        let mut messages = Vec::new();
        while !reply.is_empty() {
            let (id, body) = (reply.text()?, reply.text()?);
            messages.push(StoredMessage::parse(id, &body).ok_or(UpstashError::Malformed)?);
        }
        Ok(SharedPage {
            created: Timestamp::from_ms(created),
            expires: Timestamp::from_ms(expires),
            count,
            title,
            messages,
            next: part.checked_add(1).filter(|next| *next < parts),
        })
    }
}
