//! Why a service did not complete a request.

use thiserror::Error;

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
    /// Server-side storage is switched off for this user.
    #[error("storage is switched off for this user")]
    StorageDisabled,
    /// A token to claim data with is not, or no longer, valid.
    #[error("wrong token")]
    WrongToken,
    /// The user of an auth provider signs in and out there.
    #[error("the user signs in and out at the auth provider")]
    UseProvider,
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
