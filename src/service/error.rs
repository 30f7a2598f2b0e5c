//! Why a service did not complete a request.

use thiserror::Error;

use crate::ErrorCode;
use crate::model::Invalid;
use crate::store::StoreError;
use crate::upstash::UpstashError;

/// A refusal, or a failure.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ServiceError {
    /// The input is invalid.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The store refused, or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was refused before the store was asked, and the code says all there is to say.
    #[error("{}", .0.message())]
    Refused(ErrorCode),
    /// The system's random numbers failed, or two secrets came out alike.
    #[error("no secret could be made")]
    NoSecret,
}

impl From<UpstashError> for ServiceError {
    fn from(error: UpstashError) -> Self {
        Self::Store(error.into())
    }
}

impl From<getrandom::Error> for ServiceError {
    fn from(_: getrandom::Error) -> Self {
        Self::NoSecret
    }
}
