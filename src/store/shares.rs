//! The plan's "shared conversations", read-only: snapshots for whoever knows their id.

use super::{Answer, Call, StoreError, UserStore, scripts};
use crate::model::{ConversationId, ObjectWriter, ShareId, StoredMessage, Timestamp, limits};
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
    /// The share as clients know it.
    pub fn to_json(&self) -> String {
        ObjectWriter::with_capacity(300)
            .string("id", &self.id)
            .string("conversationId", &self.conversation)
            .raw("title", title_or_default(&self.title))
            .plain("messageCount", self.messages)
            .display("createdAt", self.created)
            .display("expiresAt", self.expires)
            .finish()
    }

    fn read(answer: &mut Answer) -> Result<Self, StoreError> {
        Ok(Self {
            id: answer.text()?,
            conversation: answer.text()?,
            created: Timestamp::from_ms(answer.number()?),
            expires: Timestamp::from_ms(answer.number()?),
            messages: answer.number()?,
            title: answer.text()?,
        })
    }
}

/// A share as its readers see it: nothing of whose it is, and one part of the messages.
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
            .raw("title", title_or_default(&self.title))
            .plain("messageCount", self.count)
            .display("createdAt", self.created)
            .display("expiresAt", self.expires)
            .array("messages", messages)
            .optional("nextCursor", next.as_deref())
            .finish()
    }
}

impl UserStore<'_> {
    /// Makes a snapshot of a conversation, readable under `id` until `expires`. The same again changes
    /// nothing.
    ///
    /// # Errors
    /// `NoConversation`; `NoShare` where it was revoked since; `OverQuota`; `ShareTooLarge`; or the database
    /// failed.
    pub async fn share(
        &self,
        id: &ShareId,
        conversation: &ConversationId,
        expires: Timestamp,
    ) -> Result<Share, StoreError> {
        let call = Call {
            conversation: Some(conversation),
            more_keys: vec![self.keys.share(id)],
            arguments: vec![
                id.to_string().into(),
                expires.as_ms().to_string().into(),
                limits::SHARES.to_string().into(),
                limits::SHARE.to_string().into(),
            ],
            ..Call::default()
        };
        let mut answer = self.call(&scripts::SHARE, call).await?;
        answer.outcome()?;
        Share::read(&mut answer)
    }

    /// The user's shares, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn shares(&self) -> Result<Vec<Share>, StoreError> {
        let mut answer = self.call(&scripts::SHARES, Call::default()).await?;
        let mut shares = Vec::new();
        while !answer.is_empty() {
            shares.push(Share::read(&mut answer)?);
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
            arguments: vec![id.to_string().into(), limits::SHARES.to_string().into()],
            ..Call::default()
        };
        let mut answer = self.call(&scripts::UNSHARE, call).await?;
        answer.outcome().map(|_| ())
    }

    /// Reads a share, whosever it is: the messages of one part, the first being 0.
    ///
    /// # Errors
    /// `NoShare`; or the database failed.
    pub async fn open_share(&self, id: &ShareId, part: u32) -> Result<SharedPage, StoreError> {
        let call = Call {
            more_keys: vec![self.keys.share(id)],
            arguments: vec![part.to_string().into()],
            ..Call::default()
        };
        let there = self.store.of_name(&self.caller, &id.to_string());
        let mut answer = there.call(&scripts::OPEN_SHARE, call).await?;
        answer.outcome()?;
        let (created, expires) = (answer.number()?, answer.number()?);
        let (count, parts): (u64, u32) = (answer.number()?, answer.number()?);
        let title = answer.text()?;
        let mut messages = Vec::new();
        while !answer.is_empty() {
            let (id, body) = (answer.text()?, answer.text()?);
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

fn title_or_default(title: &str) -> &str {
    if title.is_empty() {
        "\"New Conversation\""
    } else {
        title
    }
}
