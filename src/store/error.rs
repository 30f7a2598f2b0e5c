//! Why the store did not complete an operation.

use std::time::Duration;

use thiserror::Error;

use crate::ErrorCode;
use crate::rate::RateStatus;
use crate::upstash::UpstashError;

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

impl PausedCalls {
    fn code(self) -> ErrorCode {
        match self {
            Self::Newcomers => ErrorCode::NewcomersPaused,
            Self::Writes => ErrorCode::WritesPaused,
            Self::Reads => ErrorCode::ServicePaused,
        }
    }
}

/// A refusal, or a failure of the database. Where it is a refusal, nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// It was refused, and the code says all there is to say: a quota, something that is not there, or a condition that does
    /// not hold.
    #[error("{}", .0.message())]
    Refused(ErrorCode),
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
    RevisionMismatch {
        /// Its current revision; 0 where there is no such conversation.
        revision: u64,
        /// The tag of its current version.
        etag: Option<String>,
    },
    /// The deployment has used up what it was given of commands today.
    #[error("the day's budget of commands is used up: {0:?}")]
    Paused(Paused),
    /// Too many calls in this window: nothing was done.
    #[error("too many calls")]
    RateLimited(RateStatus),
    /// The database failed.
    #[error(transparent)]
    Upstash(#[from] UpstashError),
}

impl StoreError {
    /// The code that clients and logs tell it by.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Refused(code) => *code,
            Self::MessageExists { .. } => ErrorCode::MessageExists,
            Self::MessageDeleted { .. } => ErrorCode::MessageDeleted,
            Self::RevisionMismatch { .. } => ErrorCode::RevisionMismatch,
            Self::Paused(paused) => paused.what.code(),
            Self::RateLimited(_) => ErrorCode::RateLimited,
            Self::Upstash(error) => code_of(error),
        }
    }
}

fn code_of(error: &UpstashError) -> ErrorCode {
    match error {
        UpstashError::Unreachable(_) | UpstashError::CircuitOpen { .. } => {
            ErrorCode::StorageUnavailable
        }
        UpstashError::Timeout => ErrorCode::StorageTimeout,
        UpstashError::Throttled { .. } => ErrorCode::StorageBusy,
        UpstashError::Quota => ErrorCode::StorageQuota,
        UpstashError::Capacity => ErrorCode::StorageFull,
        UpstashError::TooLarge => ErrorCode::BodyTooLarge,
        UpstashError::Malformed => ErrorCode::StorageMalformed,
        UpstashError::Unauthorized | UpstashError::Command(_) => ErrorCode::InternalError,
    }
}
