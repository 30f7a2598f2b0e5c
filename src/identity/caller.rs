//! A user together with how the request was made.

use super::UserId;
use crate::idempotency::IdempotencyKey;
use crate::rate::RateCell;
use crate::upkeep::Upkeep;

/// Who asks, by a token of when, and whose calls this one is counted among.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// When the token was issued, ms since the epoch: a sign-out everywhere voids older ones.
    pub issued_at: i64,
    /// Whose limit applies.
    pub counted_as: RateLimitKey,
    /// A pseudonym of the address.
    pub address: String,
    /// What this call is known by.
    pub key: IdempotencyKey,
    /// Learns where the caller stands in the window.
    pub rate: RateCell,
    /// Collects what is to be done after the answer.
    pub upkeep: Upkeep,
}

impl Caller {
    /// The service itself, seeing to the data of `user` at `now_ms`.
    pub(crate) fn of_service(user: UserId, now_ms: i64) -> Self {
        Self {
            user,
            issued_at: now_ms,
            counted_as: RateLimitKey::User,
            address: String::new(),
            key: IdempotencyKey::generate(now_ms),
            rate: RateCell::default(),
            upkeep: Upkeep::default(),
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
