//! A user together with how the request was made.

use std::sync::Arc;

use super::RequestContext;
use crate::idempotency::IdempotencyKey;
use crate::identity::{Scope, UserId};

/// The user, the age of the token, and the rate limit that applies.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// When the token was issued, ms since the epoch: a sign-out everywhere voids older ones.
    pub issued_at: i64,
    /// What the token permits.
    pub scope: Scope,
    /// The rate limit that applies.
    pub rate_limit_key: RateLimitKey,
    /// A pseudonym of the address.
    pub address: String,
    /// The name of this call.
    pub key: IdempotencyKey,
    /// The request that the call belongs to.
    pub context: Arc<RequestContext>,
}

impl Caller {
    /// The service itself, maintaining the data of `user` at `now_ms` after a request.
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

/// The rate limit that a call counts towards.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RateLimitKey {
    /// That of the user.
    User,
    /// That of an address, hashed: for calls that need no token.
    Address(String),
    /// That of an address, hashed, for reading shares.
    Reader(String),
}
