//! What command handlers return, and the replies most of them build.

use super::super::failure::Failure;
use crate::reply::Reply;

/// The result of one command.
pub(super) type Outcome = Result<Reply, Failure>;

/// A count as a reply.
pub(super) fn count(n: usize) -> Reply {
    Reply::Int(i64::try_from(n).unwrap_or(i64::MAX))
}

/// A yes or no as a reply.
pub(super) fn flag(yes: bool) -> Reply {
    Reply::Int(i64::from(yes))
}

/// A string that may be missing as a reply.
pub(super) fn bulk_or_nil(value: Option<&Vec<u8>>) -> Reply {
    value.map_or(Reply::Nil, |value| Reply::Bulk(value.clone()))
}

/// Whether `word` is the option `name`, which is in upper case.
pub(super) fn is(word: &[u8], name: &str) -> bool {
    word.eq_ignore_ascii_case(name.as_bytes())
}
