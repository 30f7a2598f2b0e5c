//! The in-process engine: a subset of Redis 7's commands with the replies of Redis.
//!
//! It keeps every key in memory, runs Lua 5.1 scripts, can write an append log, and has a clock that tests can
//! move. One lock guards everything, so each command, transaction and script is atomic.

mod channels;
mod clock;
mod commands;
mod failure;
mod glob;
mod keyspace;
mod log;
mod machine;
mod number;
mod registry;
mod script;
mod script_work;
mod size;
mod sorted_set;
mod spec;
mod store;
mod value;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast;

use crate::reply::{Command, Reply};
use crate::rules::Rules;
use machine::Machine;
pub(crate) use script::Header;
pub use script_work::ScriptWork;

/// The names of all commands the engine knows, in lower case; a subcommand follows a bar (`script|load`).
pub fn command_names() -> impl Iterator<Item = &'static str> {
    registry::names()
}

/// A handle to one engine; clones share the same data.
#[derive(Clone)]
pub struct Engine(Arc<Mutex<Machine>>);

impl Engine {
    /// An engine whose data ends with its last handle.
    pub fn in_memory() -> Self {
        Self(Arc::new(Mutex::new(Machine::new())))
    }

    /// Opens (or creates) the append log at `path` and replays it.
    ///
    /// A record that a crash left incomplete at the end is dropped.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or written, is open in another engine, is not an append log, or is corrupt
    /// before its last record. The message names the file and the line.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(Arc::new(Mutex::new(Machine::open(path)?))))
    }

    /// Runs one command; errors are replies too.
    pub fn execute(&self, command: &[Vec<u8>]) -> Reply {
        self.execute_under(command, &mut Rules::default())
    }

    /// As [`Engine::execute`], under these rules.
    pub fn execute_under(&self, command: &[Vec<u8>], rules: &mut Rules) -> Reply {
        self.machine().execute(command, rules)
    }

    /// Runs `commands` as one MULTI/EXEC and returns their replies in order.
    ///
    /// # Errors
    ///
    /// When any of them is unknown or has the wrong number of arguments: then none runs, and the error is Redis's
    /// `EXECABORT`. Errors at run time are entries among the replies.
    pub fn transaction(&self, commands: &[Command]) -> Result<Vec<Reply>, Reply> {
        self.transaction_under(commands, &mut Rules::default())
    }

    /// As [`Engine::transaction`], under these rules.
    ///
    /// # Errors
    ///
    /// As there, and when the rules prevent commands from being queued.
    pub fn transaction_under(
        &self,
        commands: &[Command],
        rules: &mut Rules,
    ) -> Result<Vec<Reply>, Reply> {
        self.machine().transaction(commands, rules)
    }

    /// Messages published to `channel` from now on.
    pub fn subscribe(&self, channel: &[u8]) -> broadcast::Receiver<Vec<u8>> {
        self.machine().store.channels.subscribe(channel)
    }

    /// Moves the engine's clock, which governs expiry and TIME, without sleeping.
    ///
    /// The append log does not keep the shift.
    pub fn advance_clock(&self, by: Duration) {
        self.machine().clock.advance(by);
    }

    /// Stops the engine's clock at `time` after the epoch; [`Engine::advance_clock`] still moves it.
    pub fn stop_clock_at(&self, time: Duration) {
        self.machine().clock.stop_at(time);
    }

    /// The approximate memory of a key, in bytes; 0 if it does not exist.
    pub fn size_of(&self, key: &[u8]) -> usize {
        size::size_of_key(&self.machine().store.keyspace, key)
    }

    /// Commands billed so far, including each one inside a transaction or a script.
    ///
    /// Commands that were rejected (unknown, wrong number of arguments) are not counted, nor are MULTI and EXEC.
    pub fn commands_billed(&self) -> u64 {
        self.machine().store.calls.values().sum()
    }

    /// Calls per command, by lower-case name, as `INFO commandstats` counts them.
    pub fn command_counts(&self) -> BTreeMap<String, u64> {
        let machine = self.machine();
        let calls = machine.store.calls.iter();
        calls
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect()
    }

    /// The largest amount of work of a single script run since the last call. A test can see whether it grows with
    /// the data.
    pub fn largest_script(&self) -> ScriptWork {
        std::mem::take(&mut self.machine().store.largest_script)
    }

    /// Whether the command runs a script whose flags let it start in a full store.
    pub(crate) fn runs_when_full(&self, command: &[Vec<u8>]) -> bool {
        let header = self.machine().scripts.header(command);
        header.is_some_and(Header::runs_when_full)
    }

    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
