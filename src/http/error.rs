//! Everything a route can refuse or fail with, and its error response.

use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use thiserror::Error;

use super::ApiResponse;
use crate::ErrorCode;
use crate::identity::{RETRY_AFTER_SECONDS, TokenError};
use crate::model::{Invalid, ObjectWriter, limits};
use crate::service::ServiceError;
use crate::store::{CODE_TTL, PausedCalls, Quota, StoreError};
use crate::upstash::UpstashError;

/// An error as clients see it: `{"error":{"code","message","requestId"}}`.
#[derive(Debug, Error)]
pub enum ApiError {
    /// 400, or 413 where it is too large: the request cannot be understood.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// 401: no token, or none that can be accepted.
    #[error("{0}")]
    Unauthorized(ErrorCode, &'static str),
    /// 503: the auth provider's keys are needed to tell who is asking, and cannot be had.
    #[error("the auth provider's keys cannot be had: {0}")]
    IdentityUnavailable(&'static str),
    /// 404: no such route.
    #[error("no such route")]
    NoRoute,
    /// 405, with the methods there are.
    #[error("this route takes {0} only")]
    MethodNotAllowed(String),
    /// 413: the body is larger than a request may be.
    #[error("the body is too large")]
    BodyTooLarge,
    /// 400: the connection broke before the body was complete.
    #[error("the body is incomplete")]
    BodyIncomplete,
    /// The store refused (404, 409, 412) or failed (5xx).
    #[error(transparent)]
    Store(#[from] StoreError),
    /// 503: Redis is switched off for this user: the feature flag, or the rollout.
    #[error("storage is switched off for this user")]
    StorageDisabled,
    /// 403: a token to claim data with that is not, or no longer, valid.
    #[error("wrong token")]
    WrongToken,
    /// 403: a token that only reads, where that is not enough.
    #[error("a token that only reads")]
    ReadToken,
    /// 400: the user of an auth provider signs in and out there.
    #[error("the user signs in and out at the auth provider")]
    UseProvider,
    /// 500: a bug of the service, or a deployment that is not configured.
    #[error("internal error")]
    Internal,
}

const WRONG_TOKEN: (ErrorCode, &str) = (
    ErrorCode::WrongToken,
    "The token to claim with is not valid, has expired, or was signed out.",
);

impl From<UpstashError> for ApiError {
    fn from(error: UpstashError) -> Self {
        Self::Store(error.into())
    }
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Invalid(invalid) => Self::Invalid(invalid),
            ServiceError::Store(error) => Self::Store(error),
            ServiceError::StorageDisabled => Self::StorageDisabled,
            ServiceError::WrongToken => Self::WrongToken,
            ServiceError::UseProvider => Self::UseProvider,
            ServiceError::NoSecret => Self::Internal,
        }
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid => {
                Self::Unauthorized(ErrorCode::InvalidToken, "The token is not valid.")
            }
            TokenError::Expired => {
                Self::Unauthorized(ErrorCode::ExpiredToken, "The token has expired.")
            }
            TokenError::Unavailable(reason) => Self::IdentityUnavailable(reason),
        }
    }
}

impl ApiError {
    /// The refusal of a request without a token.
    pub fn missing_token() -> Self {
        Self::Unauthorized(
            ErrorCode::MissingToken,
            "Send the token of POST /api/session as Authorization: Bearer <token>.",
        )
    }

    /// Code, and text for a person.
    pub fn describe(&self) -> (ErrorCode, String) {
        match self {
            Self::Invalid(invalid) => (invalid.code, invalid.message.clone()),
            Self::Unauthorized(code, message) => (*code, (*message).to_owned()),
            Self::IdentityUnavailable(_) => (
                ErrorCode::IdentityUnavailable,
                "The auth provider cannot be asked for its keys. Send the request again later."
                    .into(),
            ),
            Self::NoRoute => (ErrorCode::NoRoute, "No such route.".into()),
            Self::MethodNotAllowed(allowed) => (
                ErrorCode::MethodNotAllowed,
                format!("This route takes {allowed}."),
            ),
            Self::BodyTooLarge => (
                ErrorCode::BodyTooLarge,
                format!(
                    "A request may have at most {} bytes. Send fewer conversations or messages per \
                     request: an import can be split into several, each an array of some of the \
                     conversations; a conversation can be saved with its first messages and the others \
                     appended.",
                    limits::BODY
                ),
            ),
            Self::BodyIncomplete => (
                ErrorCode::BodyIncomplete,
                "The connection ended before the body was complete.".into(),
            ),
            Self::Store(error) => describe_store(error),
            Self::StorageDisabled => (
                ErrorCode::StorageDisabled,
                "Server-side storage is switched off for this user.".into(),
            ),
            Self::WrongToken => (WRONG_TOKEN.0, WRONG_TOKEN.1.into()),
            Self::ReadToken => (
                ErrorCode::ReadToken,
                "This token only reads, and only by POST /api/mcp.".into(),
            ),
            Self::UseProvider => (
                ErrorCode::UseProvider,
                "This user signs in and out at the auth provider.".into(),
            ),
            Self::Internal => (ErrorCode::InternalError, "Internal Server Error".into()),
        }
    }

    /// The response, for the request `request_id`.
    pub(super) fn into_response(self, request_id: &str) -> ApiResponse {
        let (code, message) = self.describe();
        let mut error = ObjectWriter::with_capacity(200)
            .string("code", code.as_str())
            .string("message", &message)
            .string("requestId", request_id);
        if let Self::Store(StoreError::Stale { revision, .. }) = &self {
            error = error.plain("revision", revision);
        }
        let body = ObjectWriter::with_capacity(240).raw("error", &error.finish());
        let response = ApiResponse::json(code.status(), body.finish());
        match &self {
            Self::Unauthorized(..) => response.with_header(WWW_AUTHENTICATE, "Bearer"),
            Self::IdentityUnavailable(_) => response.with_header(RETRY_AFTER, RETRY_AFTER_SECONDS),
            Self::MethodNotAllowed(allowed) => response.with_header(ALLOW, allowed),
            Self::Store(StoreError::Stale { etag, .. }) => response.with_etag(etag.as_deref()),
            Self::Store(StoreError::Paused(paused)) => {
                response.with_header(RETRY_AFTER, paused.left.as_secs() + 1)
            }
            Self::Store(StoreError::OverQuota(Quota::Streams)) => {
                response.with_header(RETRY_AFTER, 60)
            }
            Self::Store(StoreError::OverQuota(Quota::NewUsers | Quota::AddressBytes)) => {
                response.with_header(RETRY_AFTER, 3_600)
            }
            Self::Store(StoreError::Limited(status)) => {
                response.with_header(RETRY_AFTER, status.reset_seconds())
            }
            Self::Store(StoreError::TooManyCodes) => {
                response.with_header(RETRY_AFTER, CODE_TTL.as_secs())
            }
            Self::Store(StoreError::SignedOut) => response.with_header(WWW_AUTHENTICATE, "Bearer"),
            Self::Store(StoreError::Upstash(error)) => match retry_after(error) {
                Some(seconds) => response.with_header(RETRY_AFTER, seconds),
                None => response,
            },
            _ => response,
        }
    }

    /// The code that clients and logs tell it by.
    pub(super) fn code(&self) -> ErrorCode {
        self.describe().0
    }

    /// What to log about a failure of the service; `None` if the client is at fault.
    pub(super) fn log_text(&self) -> Option<String> {
        let is_ours = self.code().status().is_server_error();
        is_ours.then(|| self.to_string())
    }
}

fn describe_store(error: &StoreError) -> (ErrorCode, String) {
    let (code, message) = match error {
        StoreError::NoConversation => (ErrorCode::ConversationNotFound, "No such conversation."),
        StoreError::NoMessage => (ErrorCode::MessageNotFound, "No such message."),
        StoreError::FieldMismatch => (
            ErrorCode::FieldMismatch,
            "A field does not have the value that $expected names.",
        ),
        StoreError::ConversationDeleted => (
            ErrorCode::ConversationDeleted,
            "This conversation was deleted; its id cannot be used again.",
        ),
        StoreError::ConversationExists => (
            ErrorCode::ConversationExists,
            "Another conversation has this id; PUT replaces it.",
        ),
        StoreError::MessageExists { id } => {
            let message = format!("Another message has the id {id}; PATCH changes it.");
            return (ErrorCode::MessageExists, message);
        }
        StoreError::MessageDeleted { id } => {
            let message = format!("The message {id} was appended before and then deleted.");
            return (ErrorCode::MessageDeleted, message);
        }
        StoreError::Stale { revision: 0, .. } => (
            ErrorCode::RevisionMismatch,
            "There is no such conversation.",
        ),
        StoreError::Stale { revision, .. } => {
            let message = format!("The conversation is at revision {revision}.");
            return (ErrorCode::RevisionMismatch, message);
        }
        StoreError::MetadataTooLarge => (
            ErrorCode::MetadataTooLarge,
            "The conversation's metadata would be larger than it may be.",
        ),
        StoreError::MessageTooLarge => (
            ErrorCode::MessageTooLarge,
            "The message would be larger than one may be.",
        ),
        StoreError::RequestTooOld => (
            ErrorCode::RequestTooOld,
            "The Idempotency-Key is too old to tell whether this was carried out before. Look, and send it under \
             a new key where it was not.",
        ),
        StoreError::KeyReused => (
            ErrorCode::IdempotencyKeyReused,
            "This Idempotency-Key named another request before.",
        ),
        StoreError::ClaimUnfinished => (
            ErrorCode::ClaimUnfinished,
            "A claim is moving this conversation here. Repeat the claim, then this request.",
        ),
        StoreError::WrongCode => (
            ErrorCode::WrongCode,
            "The code is wrong, was used before, or is older than 10 minutes.",
        ),
        StoreError::TooManyCodes => (
            ErrorCode::TooManyCodes,
            "Too many wrong codes. Wait 10 minutes.",
        ),
        StoreError::Paused(paused) => describe_pause(paused.what),
        StoreError::NoShare => (
            ErrorCode::ShareNotFound,
            "No such share: it never was, was revoked, or has expired.",
        ),
        StoreError::ShareTooLarge => (
            ErrorCode::TooLargeToShare,
            "The conversation is too large for a snapshot: export it instead.",
        ),
        StoreError::Claimed => (
            ErrorCode::AlreadyClaimed,
            "What this user had was moved into another account.",
        ),
        StoreError::ClaimAcross => (
            ErrorCode::ClaimAcrossDatabases,
            "The two users are in different databases: export the one and import into the other.",
        ),
        StoreError::ClaimVoid => WRONG_TOKEN,
        StoreError::Limited(status) => {
            let seconds = status.reset_seconds();
            let message = format!("Too many calls. Wait {seconds} s.");
            return (ErrorCode::RateLimited, message);
        }
        StoreError::SignedOut => (
            ErrorCode::SignedOut,
            "The user has signed out everywhere since this token was issued.",
        ),
        StoreError::OverQuota(quota) => (quota.code(), quota.message()),
        StoreError::Upstash(error) => describe_upstash(error),
    };
    (code, message.to_owned())
}

fn describe_pause(what: PausedCalls) -> (ErrorCode, &'static str) {
    match what {
        PausedCalls::Newcomers => (
            ErrorCode::NewcomersPaused,
            "There are no new users for the rest of the day (UTC).",
        ),
        PausedCalls::Writes => (
            ErrorCode::WritesPaused,
            "Nothing is written for the rest of the day (UTC); reading and deleting go on.",
        ),
        PausedCalls::Reads => (
            ErrorCode::ServicePaused,
            "The service rests until the end of the day (UTC); deleting goes on.",
        ),
    }
}

fn describe_upstash(error: &UpstashError) -> (ErrorCode, &'static str) {
    match error {
        UpstashError::Unreachable(_) | UpstashError::CircuitOpen { .. } => (
            ErrorCode::StorageUnavailable,
            "The database cannot be reached. Nothing is lost: send the request again later.",
        ),
        UpstashError::Timeout => (
            ErrorCode::StorageTimeout,
            "The database did not answer in time. It is safe to send the request again.",
        ),
        UpstashError::Throttled { .. } => (
            ErrorCode::StorageBusy,
            "The database is asked too often. Send the request again later.",
        ),
        UpstashError::Quota => (
            ErrorCode::StorageQuota,
            "The database's request quota is used up.",
        ),
        UpstashError::Capacity => (
            ErrorCode::StorageFull,
            "The database is full: nothing was written.",
        ),
        UpstashError::TooLarge => (
            ErrorCode::BodyTooLarge,
            "The request is too large for the database. Send less at a time.",
        ),
        UpstashError::Malformed => (
            ErrorCode::StorageMalformed,
            "The database's answer could not be understood. It is safe to send the request again.",
        ),
        UpstashError::Unauthorized | UpstashError::Command(_) => {
            (ErrorCode::InternalError, "Internal Server Error")
        }
    }
}

/// Seconds after which a retry makes sense.
fn retry_after(error: &UpstashError) -> Option<u64> {
    match error {
        UpstashError::CircuitOpen { retry_after } => Some(retry_after.as_secs() + 1),
        UpstashError::Throttled { retry_after } => {
            Some(retry_after.map_or(1, |wait| wait.as_secs().max(1)))
        }
        UpstashError::Unreachable(_) | UpstashError::Timeout | UpstashError::Malformed => Some(1),
        UpstashError::Quota => Some(3_600),
        UpstashError::Unauthorized
        | UpstashError::Capacity
        | UpstashError::TooLarge
        | UpstashError::Command(_) => None,
    }
}
