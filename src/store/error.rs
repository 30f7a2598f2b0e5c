//! Why the store did not complete an operation.

use std::time::Duration;

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
    /// Streams of changes that are open at once.
    Streams,
    /// New users of one address in a day.
    NewUsers,
    /// Bytes that one address sends in a day.
    AddressBytes,
}

impl Quota {
    /// The error code.
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::Conversations => ErrorCode::TooManyConversationsKept,
            Self::Messages => ErrorCode::ConversationTooLong,
            Self::Bytes => ErrorCode::TooMuchTextKept,
            Self::Shares => ErrorCode::TooManyShares,
            Self::Streams => ErrorCode::TooManyStreams,
            Self::NewUsers => ErrorCode::TooManyNewUsers,
            Self::AddressBytes => ErrorCode::TooMuchFromAddress,
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
            Self::Streams => {
                "There are as many streams open as one user may have: close one, or ask without a stream."
            }
            Self::NewUsers => {
                "There are as many new users from this address as there may be in a day. Come back tomorrow."
            }
            Self::AddressBytes => {
                "As much was written from this address as may be in a day. Come back tomorrow; reading and \
                 deleting go on."
            }
        }
    }
}

/// What is refused for the rest of the day, because commands are used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paused {
    /// What.
    pub what: PausedCalls,
    /// Until the day is over, UTC.
    pub left: Duration,
}

/// Calls, in the order in which they are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PausedCalls {
    /// New anonymous users.
    Newcomers,
    /// Writes, except for deletions.
    Writes,
    /// Everything but deletions.
    Reads,
}

/// A refusal, or a failure of the database. Where it is a refusal, nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// There is no such conversation: it never existed, was deleted, or has expired.
    #[error("no such conversation")]
    NoConversation,
    /// There is no such message in the conversation.
    #[error("no such message")]
    NoMessage,
    /// A field of the conversation has another value than the caller expected.
    #[error("a field has another value")]
    FieldMismatch,
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
    /// The conversation is not at the version that the request was made for.
    #[error("the conversation is at revision {revision}")]
    Stale {
        /// Its current revision; 0 where there is no such conversation.
        revision: u64,
        /// The tag of its current version.
        etag: Option<String>,
    },
    /// The metadata would be larger than a conversation's may be.
    #[error("the metadata is too large")]
    MetadataTooLarge,
    /// The message would be larger than one may be.
    #[error("the message is too large")]
    MessageTooLarge,
    /// The request is older than what is remembered of writes: whether it was carried out before is not known.
    #[error("the request is too old to be told from a repeat")]
    RequestTooOld,
    /// The client's key named another request before.
    #[error("the key named another request")]
    KeyReused,
    /// A claim has begun to move this conversation, and has to be completed first.
    #[error("a claim is unfinished")]
    ClaimUnfinished,
    /// The device code does not exist, was redeemed before, or is too old.
    #[error("wrong code")]
    WrongCode,
    /// Too many wrong device codes came from this address.
    #[error("too many wrong codes")]
    TooManyCodes,
    /// The deployment has used up what it was given of commands today.
    #[error("the day's budget of commands is used up: {0:?}")]
    Paused(Paused),
    /// There is no such share: it never existed, was revoked, has expired, or is another user's.
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
