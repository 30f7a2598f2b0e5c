//! What a store is sent and what it returns: commands in, RESP2 replies out.

use std::fmt;

use futures_util::stream::BoxStream;

/// One command with its arguments, as bytes: `["SET", "key", "value"]`.
pub type Command = Vec<Vec<u8>>;

/// The messages of one channel, starting with the subscription.
pub type Messages = BoxStream<'static, Vec<u8>>;

/// A reply in RESP2's terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A null bulk string or null array.
    Nil,
    /// A simple string such as `OK`.
    Status(String),
    /// An integer.
    Int(i64),
    /// A binary-safe string.
    Bulk(Vec<u8>),
    /// A list of replies.
    Array(Vec<Reply>),
    /// An error with its code first, such as `WRONGTYPE Operation against ...`.
    Error(String),
}

impl Reply {
    /// The plain `OK`.
    pub fn ok() -> Self {
        Self::Status("OK".to_owned())
    }
}

/// The store sent no reply, so it is unknown whether the command took effect.
#[derive(Debug)]
pub struct Unavailable(String);

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store is unavailable: {}", self.0)
    }
}

impl std::error::Error for Unavailable {}

impl Unavailable {
    /// Takes the cause, which is for the log.
    pub fn new(cause: impl Into<String>) -> Self {
        Self(cause.into())
    }
}
