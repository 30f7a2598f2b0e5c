//! What tests ask of a store beside running commands: to be full, or to fail inside a script.

/// How a full store refuses what would add data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// As Redis does that has reached `maxmemory`: commands that may grow are refused, and scripts whose
    /// first line names neither `no-writes` nor `allow-oom` do not begin. A script without such a line
    /// runs up to its first growing command, or beyond it if it has written before.
    ///
    /// A real Redis has to be full itself for that: see
    /// [`RedisServer::set_full`](crate::redis_server::RedisServer::set_full).
    Admission,
    /// As Upstash's documentation can be read: every script begins, and each command that may add data,
    /// inside of scripts too, is answered `ERR DB capacity quota exceeded...`. Reads, deletions, EXPIRE and
    /// its kin, and PUBLISH run.
    EveryCommand,
}

/// The refusal of [`Full::EveryCommand`].
pub(crate) const CAPACITY_EXCEEDED: &str = "ERR DB capacity quota exceeded. Threshold: 268435456 bytes, \
     Usage: 268979370 bytes. See https://upstash.com/docs/redis/troubleshooting/\
     db_capacity_quota_exceeded for details";

/// One command of a script fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptFailure {
    /// Which of the script's calls of `redis.call` and `redis.pcall`, from 1.
    pub nth: u32,
    /// The error it replies instead of running, its code first.
    pub error: String,
}

/// The rules of one request.
#[derive(Debug, Default)]
pub struct Rules {
    /// Whether the store is full.
    pub full: Option<Full>,
    /// What is to happen in the first script that runs, which takes it.
    pub failure: Option<ScriptFailure>,
    /// Whether the failure happened.
    pub fired: bool,
}

impl Rules {
    /// Whether scripts must not run as they are.
    pub(crate) fn reach_into_scripts(&self) -> bool {
        self.failure.is_some() || self.full == Some(Full::EveryCommand)
    }
}
