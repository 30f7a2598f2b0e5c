//! Why the store did not do what it was asked to.

use thiserror::Error;

use crate::upstash::UpstashError;

/// A refusal, or a failure of the database. Where it is a refusal, nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// There is no such conversation: never was, deleted, or past its life.
    #[error("no such conversation")]
    NoConversation,
    /// There is no such message in the conversation.
    #[error("no such message")]
    NoMessage,
    /// The conversation was deleted, and is not brought back by a late write.
    #[error("the conversation was deleted")]
    ConversationDeleted,
    /// Another conversation has this id.
    #[error("another conversation has this id")]
    ConversationExists,
    /// Another message has this id.
    #[error("another message has the id {id}")]
    MessageExists {
        /// The id.
        id: String,
    },
    /// This very message was appended before, and deleted since.
    #[error("the message {id} was deleted")]
    MessageDeleted {
        /// Its id.
        id: String,
    },
    /// The conversation is not at the revision that the request was made for.
    #[error("the conversation is at revision {revision}")]
    Stale {
        /// Its current revision; 0 where there is no such conversation.
        revision: u64,
    },
    /// The database failed.
    #[error(transparent)]
    Upstash(#[from] UpstashError),
}
