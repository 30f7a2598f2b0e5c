//! Runs commands against the store, the scripts and the log.

use std::io;
use std::path::Path;

use super::clock::Clock;
use super::log::AppendLog;
use super::registry::{self, Run, Spec};
use super::script::Scripts;
use super::store::Store;
use crate::backend::{Command, Reply};

/// Everything behind an engine's lock.
pub(super) struct Machine {
    pub(super) clock: Clock,
    pub(super) store: Store,
    scripts: Scripts,
    log: Option<AppendLog>,
    /// Why the log could not be written. From then on memory is ahead of the file, so every command
    /// is refused rather than answered with what a restart would forget.
    log_failure: Option<String>,
}

impl Machine {
    pub(super) fn new() -> Self {
        Self {
            clock: Clock::default(),
            store: Store::default(),
            scripts: Scripts::default(),
            log: None,
            log_failure: None,
        }
    }

    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut machine = Self::new();
        machine.log = Some(AppendLog::open(path, &mut machine.store)?);
        Ok(machine)
    }

    pub(super) fn execute(&mut self, command: &[Vec<u8>]) -> Reply {
        let spec = match registry::lookup(command) {
            Ok(spec) => spec,
            Err(rejection) => return rejection.into_failure(command).into(),
        };
        self.logged(|machine| machine.run(spec, command))
            .unwrap_or_else(|failure| failure)
    }

    pub(super) fn transaction(&mut self, commands: &[Command]) -> Result<Vec<Reply>, Reply> {
        let specs = commands.iter().map(|command| registry::lookup(command));
        let specs: Vec<_> = specs.collect::<Result<_, _>>().map_err(|_| {
            let text = "EXECABORT Transaction discarded because of previous errors.";
            Reply::Error(text.to_owned())
        })?;
        self.logged(|machine| {
            let queued = specs.into_iter().zip(commands);
            queued
                .map(|(spec, command)| machine.run(spec, command))
                .collect()
        })
    }

    fn run(&mut self, spec: &'static Spec, command: &[Vec<u8>]) -> Reply {
        match spec.run {
            Run::Handler(handler) => self.store.call(spec.name, handler, command),
            Run::Script(kind) => {
                self.store.count(spec.name);
                let reply = self.scripts.run(kind, &mut self.store, command);
                reply.unwrap_or_else(Reply::from)
            }
        }
    }

    /// Does `work` at one point in time and appends all its effects as one record, before the
    /// caller can learn of them.
    fn logged<R>(&mut self, work: impl FnOnce(&mut Self) -> R) -> Result<R, Reply> {
        self.refuse_after_log_failure()?;
        self.store.begin(self.clock.now_us());
        let result = work(self);
        let effects = std::mem::take(&mut self.store.effects);
        if let Some(log) = self.log.as_mut().filter(|_| !effects.is_empty()) {
            let appended = log.append(&effects);
            self.log_failure = appended.err().map(|error| error.to_string());
        }
        self.refuse_after_log_failure()?;
        Ok(result)
    }

    fn refuse_after_log_failure(&self) -> Result<(), Reply> {
        self.log_failure.as_ref().map_or(Ok(()), |reason| {
            Err(Reply::Error(format!(
                "MISCONF Errors writing to the append log: {reason}"
            )))
        })
    }
}
