//! The commands, a family to a file.

mod bitfields;
mod expiry;
mod hashes;
mod keys;
mod ranges;
mod scans;
mod server;
mod sorted_sets;
mod strings;

use super::failure::Failure;
use super::registry::Spec;
use super::script;
use crate::backend::Reply;

pub(super) use expiry::Unit;

/// Every command there is.
pub(super) static FAMILIES: &[&[Spec]] = &[
    server::COMMANDS,
    keys::COMMANDS,
    expiry::COMMANDS,
    strings::COMMANDS,
    bitfields::COMMANDS,
    hashes::COMMANDS,
    sorted_sets::COMMANDS,
    ranges::COMMANDS,
    scans::COMMANDS,
    script::COMMANDS,
];

type Outcome = Result<Reply, Failure>;

/// A count as a reply.
fn count(n: usize) -> Reply {
    Reply::Int(i64::try_from(n).unwrap_or(i64::MAX))
}

/// A yes or no as a reply.
fn flag(yes: bool) -> Reply {
    Reply::Int(i64::from(yes))
}

/// A string that may be missing as a reply.
fn bulk_or_nil(value: Option<&Vec<u8>>) -> Reply {
    value.map_or(Reply::Nil, |value| Reply::Bulk(value.clone()))
}

/// Whether `word` is the option `name`, which is in upper case.
fn is(word: &[u8], name: &str) -> bool {
    word.eq_ignore_ascii_case(name.as_bytes())
}
