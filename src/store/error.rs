//! Why the store did not do what it was asked to.

use thiserror::Error;

use crate::ErrorCode;
use crate::rate::RateStatus;
use crate::upstash::UpstashError;

/// What one user may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// Conversations.
    Conversations,
    /// Messages of one conversation.
    Messages,
    /// Bytes of all messages.
    Bytes,
    /// Shares.
    Shares,
}

impl Quota {
    /// The error code.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::Conversations => ErrorCode::TooManyConversationsKept,
            Self::Messages => ErrorCode::ConversationTooLong,
            Self::Bytes => ErrorCode::TooMuchTextKept,
            Self::Shares => ErrorCode::TooManyShares,
        }
    }

    /// The text for a person.
    pub fn message(self) -> &'static str {
        match self {
            Self::Conversations => {
                "There are as many conversations as one user may have: delete some."
            }
            Self::Messages => {
                "The conversation would have more messages than one may have: begin another."
            }
            Self::Bytes => "There is as much text as one user may have: delete some.",
            Self::Shares => "There are as many shares as one user may have: revoke some.",
        }
    }
}

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
    /// There is no such share: never was, was revoked, has expired, or is somebody else's.
    #[error("no such share")]
    NoShare,
    /// The conversation is too large for a snapshot.
    #[error("the conversation is too large to be shared")]
    ShareTooLarge,
    /// The anonymous user's data belongs to another account by now.
    #[error("claimed by another account")]
    Claimed,
    /// The two users are in different databases.
    #[error("claimed across databases")]
    ClaimAcross,
    /// The token of the user to be claimed was voided by signing out.
    #[error("the token to claim with is void")]
    ClaimVoid,
    /// Too many calls in this window: nothing was done.
    #[error("too many calls")]
    Limited(RateStatus),
    /// The token is older than the user's last sign-out everywhere.
    #[error("the user has signed out everywhere")]
    SignedOut,
    /// A quota does not allow this write: nothing was written.
    #[error("over a quota: {0:?}")]
    OverQuota(Quota),
    /// The database failed.
    #[error(transparent)]
    Upstash(#[from] UpstashError),
}
