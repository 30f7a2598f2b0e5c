//! Conditions that tests impose on a store: it is full, or a command inside a script fails.

/// How a full store refuses what would add data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// As a Redis that has reached `maxmemory`: commands that may add data are refused, and scripts whose first
    /// line has neither the flag `no-writes` nor `allow-oom` do not start. A script without such a line runs up
    /// to its first command that may add data, or beyond it if it has written before.
    ///
    /// This has no effect on a real Redis, which has to be full itself (`CONFIG SET maxmemory 1`).
    Admission,
    /// As Upstash's documentation can be read: every script starts, and each command that may add data, also
    /// inside scripts, fails with `ERR DB capacity quota exceeded...`. Reads, deletions, PUBLISH, EXPIRE and its
    /// variants run.
    EveryCommand,
}

/// The error of [`Full::EveryCommand`].
pub(crate) const CAPACITY_EXCEEDED: &str = "ERR DB capacity quota exceeded. Threshold: 268435456 bytes, \
     Usage: 268979370 bytes. See https://upstash.com/docs/redis/troubleshooting/\
     db_capacity_quota_exceeded for details";

/// One command of a script fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptFailure {
    /// Which of the script's calls of `redis.call` and `redis.pcall`, from 1.
    pub nth: u32,
    /// The error it replies with instead of running, code first.
    pub error: String,
}

/// The conditions of one request.
#[derive(Debug, Default)]
pub struct Rules {
    /// Whether the store is full.
    pub full: Option<Full>,
    /// The failure for the first script that runs, which takes it.
    pub failure: Option<ScriptFailure>,
    /// Whether the failure happened.
    pub fired: bool,
}

impl Rules {
    /// Whether scripts have to be wrapped, because the rules apply to commands inside them.
    pub(crate) fn reach_into_scripts(&self) -> bool {
        self.failure.is_some() || self.full == Some(Full::EveryCommand)
    }
}
