//! Running commands against the store, the scripts and the log.

use std::io;
use std::path::Path;

use super::clock::Clock;
use super::failure::Failure;
use super::log::AppendLog;
use super::registry;
use super::script::{Header, Scripts};
use super::spec::{Run, Spec};
use super::store::Store;
use crate::reply::{Command, Reply};
use crate::rules::{Full, Rules};

/// Everything behind an engine's lock.
pub(super) struct Machine {
    pub(super) clock: Clock,
    pub(super) store: Store,
    pub(super) scripts: Scripts,
    log: Option<AppendLog>,
    /// Why the log could not be written. Memory is then ahead of the file, so every command is refused: a reply
    /// could show data that a restart loses.
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

    pub(super) fn execute(&mut self, command: &[Vec<u8>], rules: &mut Rules) -> Reply {
        let spec = match registry::lookup(command) {
            Ok(spec) => spec,
            Err(rejection) => return rejection.into_failure(command).into(),
        };
        if rules.full == Some(Full::Admission) && self.may_grow(spec, command) {
            return Failure::FULL.into();
        }
        self.logged(|machine| machine.run(spec, command, rules))
            .unwrap_or_else(|failure| failure)
    }

    pub(super) fn transaction(
        &mut self,
        commands: &[Command],
        rules: &mut Rules,
    ) -> Result<Vec<Reply>, Reply> {
        let discarded = || Reply::from(Failure::DISCARDED);
        // A queue takes memory too, so a full Redis queues nothing.
        if rules.full == Some(Full::Admission) {
            return Err(discarded());
        }
        let specs = commands.iter().map(|command| registry::lookup(command));
        let specs: Vec<_> = specs.collect::<Result<_, _>>().map_err(|_| discarded())?;
        self.logged(|machine| {
            let queued = specs.into_iter().zip(commands);
            queued
                .map(|(spec, command)| machine.run(spec, command, rules))
                .collect()
        })
    }

    /// Whether the command may take memory, or runs a script that does not declare that it takes none.
    fn may_grow(&self, spec: &Spec, command: &[Vec<u8>]) -> bool {
        let header = self.scripts.header(command);
        spec.may_grow || header.is_some_and(Header::refused_when_full)
    }

    fn run(&mut self, spec: &'static Spec, command: &[Vec<u8>], rules: &mut Rules) -> Reply {
        match spec.run {
            Run::Handler(handler) => self.store.call(spec.name, handler, command),
            Run::Script(kind) => {
                self.store.count(spec.name);
                let reply = self.scripts.run(kind, &mut self.store, command, rules);
                reply.unwrap_or_else(Reply::from)
            }
        }
    }

    /// Does `work` at one point in time and appends its effects as one record before the caller sees a reply.
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
