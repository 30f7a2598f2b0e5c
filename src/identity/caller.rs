//! A user together with how he asks.

use super::UserId;
use crate::rate::RateCell;

/// Who asks, by a token of when, and whose calls this one is counted among.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// When the token was issued, ms since the epoch: a sign-out everywhere voids older ones.
    pub issued_at: i64,
    /// Whose limit applies.
    pub counted_as: Counted,
    /// Learns where the caller stands in his window.
    pub rate: RateCell,
}

/// Whose calls a call is counted among.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counted {
    /// The user's own.
    User,
    /// Those of an address, hashed: for calls that need no token.
    Address(String),
    /// Those by which an address, hashed, reads shares.
    Reader(String),
}
