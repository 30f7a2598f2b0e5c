//! The data that command handlers work on: keys, time and channels, and the effects to be logged.

use std::collections::BTreeMap;

use super::channels::Channels;
use super::failure::Failure;
use super::keyspace::Keyspace;
use super::script_work::ScriptWork;
use crate::reply::{Command, Reply};

/// Carries out one command, whose first word is its name. Its arity has been checked before, so a handler may
/// index the words its [`Spec`](super::spec::Spec) requires.
pub(super) type Handler = fn(&mut Store, &[Vec<u8>]) -> Result<Reply, Failure>;

/// The engine's data as a command's handler sees it.
#[derive(Default)]
pub(super) struct Store {
    pub(super) keyspace: Keyspace,
    pub(super) channels: Channels,
    /// How often each command was run.
    pub(super) calls: BTreeMap<&'static str, u64>,
    /// Microseconds since the Unix epoch; constant within a command, transaction or script.
    pub(super) now_us: i64,
    /// Commands that reproduce the changes made since they were last taken.
    pub(super) effects: Vec<Command>,
    pub(super) largest_script: ScriptWork,
    change: Change,
}

/// What the running command changed, for the log.
#[derive(Default)]
enum Change {
    #[default]
    Nothing,
    /// Running the same command again has the same effect.
    AsCommanded,
    /// These commands have the effect.
    As(Vec<Command>),
}

impl Store {
    /// The time in milliseconds since the Unix epoch.
    pub(super) fn now_ms(&self) -> i64 {
        self.now_us / 1000
    }

    /// Sets the time and removes the keys that have expired by then.
    pub(super) fn begin(&mut self, now_us: i64) {
        self.now_us = now_us;
        while let Some(key) = self.keyspace.pop_expired(self.now_ms()) {
            self.effects.push(vec![b"DEL".to_vec(), key.to_vec()]);
        }
    }

    /// Runs `handler`, counts the call and collects its effects.
    pub(super) fn call(
        &mut self,
        name: &'static str,
        handler: Handler,
        command: &[Vec<u8>],
    ) -> Reply {
        self.count(name);
        let reply = handler(self, command).unwrap_or_else(Reply::from);
        match std::mem::take(&mut self.change) {
            Change::Nothing => {}
            Change::AsCommanded => self.effects.push(command.to_vec()),
            Change::As(commands) => self.effects.extend(commands),
        }
        reply
    }

    pub(super) fn count(&mut self, name: &'static str) {
        *self.calls.entry(name).or_default() += 1;
    }

    /// For handlers: notes a change that the command itself reproduces.
    pub(super) fn changed(&mut self) {
        self.change = Change::AsCommanded;
    }

    /// For handlers: notes a change that `command` reproduces at any time.
    pub(super) fn changed_as(&mut self, command: &[&[u8]]) {
        let command = command.iter().map(|part| part.to_vec()).collect();
        self.change = Change::As(vec![command]);
    }
}
