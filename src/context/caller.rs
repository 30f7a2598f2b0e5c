//! A user together with how the request was made.

use std::sync::Arc;

use super::RequestContext;
use crate::idempotency::IdempotencyKey;
use crate::identity::{Scope, UserId};

/// Who asks, by a token of when, and whose calls this one is counted among.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// When the token was issued, ms since the epoch: a sign-out everywhere voids older ones.
    pub issued_at: i64,
    /// What the token is good for.
    pub scope: Scope,
    /// Whose limit applies.
    pub rate_limit_key: RateLimitKey,
    /// A pseudonym of the address.
    pub address: String,
    /// What this call is known by.
    pub key: IdempotencyKey,
    /// The request that the call belongs to.
    pub context: Arc<RequestContext>,
}

impl Caller {
    /// The service itself, seeing to the data of `user` at `now_ms` on account of a request.
    pub(crate) fn of_service(user: UserId, now_ms: i64, context: Arc<RequestContext>) -> Self {
        Self {
            user,
            issued_at: now_ms,
            scope: Scope::All,
            rate_limit_key: RateLimitKey::User,
            address: String::new(),
            key: IdempotencyKey::generate(now_ms),
            context,
        }
    }
}

/// Whose calls a call is counted among.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RateLimitKey {
    /// The user's own.
    User,
    /// Those of an address, hashed: for calls that need no token.
    Address(String),
    /// Those by which an address, hashed, reads shares.
    Reader(String),
}
