//! Error replies and the texts that Redis gives them.

use std::borrow::Cow;

use crate::reply::Reply;

/// The failure of a command: the text of its error reply, code first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure(Cow<'static, str>);

impl Failure {
    pub(super) const WRONG_TYPE: Self =
        Self::fixed("WRONGTYPE Operation against a key holding the wrong kind of value");
    pub(super) const NOT_AN_INTEGER: Self =
        Self::fixed("ERR value is not an integer or out of range");
    pub(super) const NOT_A_FLOAT: Self = Self::fixed("ERR value is not a valid float");
    pub(super) const NOT_A_SCORE_RANGE: Self = Self::fixed("ERR min or max is not a float");
    pub(super) const NOT_A_NAME_RANGE: Self =
        Self::fixed("ERR min or max not valid string range item");
    pub(super) const SYNTAX: Self = Self::fixed("ERR syntax error");
    pub(super) const OVERFLOW: Self = Self::fixed("ERR increment or decrement would overflow");

    pub(super) const FULL: Self =
        Self::fixed("OOM command not allowed when used memory > 'maxmemory'.");
    pub(super) const DISCARDED: Self =
        Self::fixed("EXECABORT Transaction discarded because of previous errors.");

    /// A failure with a text known at compile time.
    pub(super) const fn fixed(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// A failure with a text built at run time. An error reply is one line, so line ends become spaces.
    pub(super) fn new(text: String) -> Self {
        if text.contains(['\r', '\n']) {
            return Self(Cow::Owned(text.replace(['\r', '\n'], " ")));
        }
        Self(Cow::Owned(text))
    }

    pub(super) fn wrong_arity(command: &str) -> Self {
        Self::new(format!(
            "ERR wrong number of arguments for '{command}' command"
        ))
    }

    pub(super) fn invalid_expiry(command: &str) -> Self {
        Self::new(format!("ERR invalid expire time in '{command}' command"))
    }

    pub(super) fn into_text(self) -> String {
        self.0.into_owned()
    }
}

impl From<Failure> for Reply {
    fn from(failure: Failure) -> Self {
        Self::Error(failure.into_text())
    }
}
