//! Everything a route can refuse or fail with, and its error response.

use std::borrow::Cow;

use http::StatusCode;
use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use thiserror::Error;

use super::{ApiResponse, bodies};
use crate::ErrorCode;
use crate::identity::{RETRY_AFTER_SECONDS, TokenError};
use crate::model::{Invalid, limits};
use crate::service::ServiceError;
use crate::store::{CODE_TTL, StoreError};
use crate::upstash::UpstashError;

/// An error as clients see it: `{"error":{"code","message","requestId"}}`.
#[derive(Debug, Error)]
pub enum ApiError {
    /// 400, or 413 where it is too large: the request cannot be understood.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The code says all there is to say.
    #[error("{}", .0.message())]
    Refused(ErrorCode),
    /// 503: the auth provider's keys are needed to tell who is asking, and cannot be had.
    #[error("the auth provider's keys cannot be had: {0}")]
    IdentityUnavailable(&'static str),
    /// 405, with the methods there are.
    #[error("this route takes {0} only")]
    MethodNotAllowed(String),
    /// 413: the body is larger than a request may be.
    #[error("the body is too large")]
    BodyTooLarge,
    /// The store refused (404, 409, 412) or failed (5xx).
    #[error(transparent)]
    Store(#[from] StoreError),
    /// 500: a bug of the service, or a deployment that is not configured.
    #[error("internal error")]
    Internal,
}

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
            ServiceError::Refused(code) => Self::Refused(code),
            ServiceError::NoSecret => Self::Internal,
        }
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid => Self::Refused(ErrorCode::InvalidToken),
            TokenError::Expired => Self::Refused(ErrorCode::ExpiredToken),
            TokenError::Unavailable(reason) => Self::IdentityUnavailable(reason),
        }
    }
}

impl ApiError {
    /// The refusal of a request without a token.
    pub fn missing_token() -> Self {
        Self::Refused(ErrorCode::MissingToken)
    }

    /// A query parameter has a value that it does not take.
    pub fn invalid_query(name: &str, expected: &str) -> Self {
        let message = format!("{name}: expected {expected}");
        Invalid::new(ErrorCode::InvalidQuery, message).into()
    }

    /// A header does not have the form expected.
    pub fn invalid_header(name: &str, expected: &str) -> Self {
        let message = format!("{name}: expected {expected}");
        Invalid::new(ErrorCode::InvalidHeader, message).into()
    }

    /// Code, and text for a person.
    pub fn describe(&self) -> (ErrorCode, Cow<'static, str>) {
        (self.code(), self.message())
    }

    /// The code that clients and logs tell it by.
    pub(super) fn code(&self) -> ErrorCode {
        match self {
            Self::Invalid(invalid) => invalid.code,
            Self::Refused(code) => *code,
            Self::IdentityUnavailable(_) => ErrorCode::IdentityUnavailable,
            Self::MethodNotAllowed(_) => ErrorCode::MethodNotAllowed,
            Self::BodyTooLarge => ErrorCode::BodyTooLarge,
            Self::Store(error) => error.code(),
            Self::Internal => ErrorCode::InternalError,
        }
    }

    /// What the code says, or more where more is known.
    fn message(&self) -> Cow<'static, str> {
        match self {
            Self::Invalid(invalid) => invalid.message.clone().into(),
            Self::MethodNotAllowed(allowed) => format!("This route takes {allowed}.").into(),
            Self::BodyTooLarge => format!(
                "A request may have at most {} bytes. Send fewer conversations or messages per \
                 request: an import can be split into several, each an array of some of the \
                 conversations; a conversation can be saved with its first messages and the others \
                 appended.",
                limits::BODY
            )
            .into(),
            Self::Store(error) => message_of(error),
            Self::Refused(_) | Self::IdentityUnavailable(_) | Self::Internal => {
                self.code().message().into()
            }
        }
    }

    /// The response, for the request `request_id`.
    pub(super) fn into_response(self, request_id: &str) -> ApiResponse {
        let (code, message) = self.describe();
        let revision = match &self {
            Self::Store(StoreError::RevisionMismatch { revision, .. }) => Some(*revision),
            _ => None,
        };
        let body = bodies::error(code, &message, request_id, revision);
        let mut response = ApiResponse::json(code.status(), body);
        if let Some(seconds) = self.retry_after() {
            response = response.with_header(RETRY_AFTER, seconds);
        }
        match &self {
            Self::MethodNotAllowed(allowed) => response.with_header(ALLOW, allowed),
            Self::Store(StoreError::RevisionMismatch { etag, .. }) => {
                response.with_etag(etag.as_deref())
            }
            _ if code.status() == StatusCode::UNAUTHORIZED => {
                response.with_header(WWW_AUTHENTICATE, "Bearer")
            }
            _ => response,
        }
    }

    /// Seconds after which asking again makes sense.
    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Store(StoreError::Paused(paused)) => return Some(paused.left.as_secs() + 1),
            Self::Store(StoreError::RateLimited(status)) => return Some(status.reset_seconds()),
            Self::Store(StoreError::Upstash(error)) => return retry_after(error),
            _ => {}
        }
        match self.code() {
            ErrorCode::IdentityUnavailable => Some(RETRY_AFTER_SECONDS.unsigned_abs()),
            ErrorCode::TooManyCodes => Some(CODE_TTL.as_secs()),
            ErrorCode::TooManyStreams => Some(60),
            ErrorCode::TooManyNewUsers | ErrorCode::TooMuchFromAddress => Some(3_600),
            _ => None,
        }
    }

    /// What to log about a failure of the service; `None` if the client is at fault.
    pub(super) fn log_text(&self) -> Option<String> {
        let is_ours = self.code().status().is_server_error();
        is_ours.then(|| self.to_string())
    }
}

fn message_of(error: &StoreError) -> Cow<'static, str> {
    match error {
        StoreError::MessageExists { id } => {
            format!("Another message has the id {id}; PATCH changes it.").into()
        }
        StoreError::MessageDeleted { id } => {
            format!("The message {id} was appended before and then deleted.").into()
        }
        StoreError::RevisionMismatch { revision: 0, .. } => "There is no such conversation.".into(),
        StoreError::RevisionMismatch { revision, .. } => {
            format!("The conversation is at revision {revision}.").into()
        }
        StoreError::RateLimited(status) => {
            format!("Too many calls. Wait {} s.", status.reset_seconds()).into()
        }
        StoreError::Upstash(UpstashError::TooLarge) => {
            "The request is too large for the database. Send less at a time.".into()
        }
        StoreError::Refused(_) | StoreError::Paused(_) | StoreError::Upstash(_) => {
            error.code().message().into()
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
