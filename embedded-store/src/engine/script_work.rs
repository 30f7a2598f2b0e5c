//! Measuring the work of a script by commands and bytes.

use crate::reply::Reply;

/// The work of one script run. Unlike time it can be compared between machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScriptWork {
    /// Commands the script called.
    pub commands: u64,
    /// Bytes of their arguments and replies, names left out.
    pub bytes: u64,
}

impl ScriptWork {
    /// Counts one command.
    pub(super) fn add(&mut self, command: &[Vec<u8>], reply: &Reply) {
        let arguments = command.iter().skip(1);
        let bytes = arguments.map(Vec::len).sum::<usize>() + reply_bytes(reply);
        self.commands += 1;
        self.bytes += bytes as u64;
    }

    /// Takes the greater of each number.
    pub(super) fn widen(&mut self, other: Self) {
        self.commands = self.commands.max(other.commands);
        self.bytes = self.bytes.max(other.bytes);
    }
}

/// The bytes that a reply carries; an integer counts as eight.
fn reply_bytes(reply: &Reply) -> usize {
    match reply {
        Reply::Nil => 0,
        Reply::Int(_) => size_of::<i64>(),
        Reply::Bulk(bytes) => bytes.len(),
        Reply::Status(text) | Reply::Error(text) => text.len(),
        Reply::Array(replies) => replies.iter().map(reply_bytes).sum(),
    }
}
