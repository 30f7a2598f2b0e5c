//! Running the commands that a script calls, within the script's rights.

use mlua::MultiValue;

use super::super::failure::Failure;
use super::super::registry::{self, Rejection};
use super::super::script_work::ScriptWork;
use super::super::spec::Run;
use super::super::store::Store;
use super::convert;
use crate::kind::Kind;
use crate::reply::{Command, Reply};
use crate::rules::{CAPACITY_EXCEEDED, ScriptFailure};

/// What a script may do.
pub(super) struct Rights<'a> {
    pub(super) read_only: bool,
    /// The only keys it may access, if it declared key locking.
    pub(super) only_keys: Option<&'a [Vec<u8>]>,
    pub(super) growth: Growth,
}

/// What a script may add to the store.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Growth {
    /// Anything.
    Free,
    /// Nothing until it has written in another way: Redis does not stop a script that has written.
    RefusedAtFirst,
    /// Nothing.
    Refused,
}

/// A failure that counts down to its command.
pub(super) struct Countdown {
    failure: ScriptFailure,
    calls: u32,
    fired: bool,
}

impl Countdown {
    pub(super) fn new(failure: ScriptFailure) -> Self {
        Self {
            failure,
            calls: 0,
            fired: false,
        }
    }

    /// The error of this call, if it is the one that fails.
    fn step(&mut self) -> Option<Failure> {
        self.calls = self.calls.saturating_add(1);
        let fails = self.calls == self.failure.nth;
        self.fired |= fails;
        fails.then(|| Failure::new(self.failure.error.clone()))
    }
}

/// A script's access to the store.
pub(super) struct Session<'a> {
    store: &'a mut Store,
    rights: Rights<'a>,
    countdown: Option<Countdown>,
    work: ScriptWork,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        store: &'a mut Store,
        rights: Rights<'a>,
        countdown: Option<Countdown>,
    ) -> Self {
        let work = ScriptWork::default();
        Self {
            store,
            rights,
            countdown,
            work,
        }
    }

    /// Whether a command was made to fail.
    pub(super) fn failed(&self) -> bool {
        let countdown = self.countdown.as_ref();
        countdown.is_some_and(|countdown| countdown.fired)
    }

    /// Records the work of the script.
    pub(super) fn finish(self) {
        self.store.largest_script.widen(self.work);
    }

    /// Runs one command for the script.
    pub(super) fn dispatch(&mut self, arguments: &MultiValue) -> Reply {
        if let Some(failure) = self.countdown.as_mut().and_then(Countdown::step) {
            return failure.into();
        }
        let command = match words(arguments) {
            Ok(command) => command,
            Err(failure) => return failure.into(),
        };
        let reply = self.call(&command).unwrap_or_else(Reply::from);
        self.work.add(&command, &reply);
        reply
    }

    fn call(&mut self, command: &[Vec<u8>]) -> Result<Reply, Failure> {
        if self.rights.growth == Growth::Refused && Kind::of(command) == Kind::Write {
            return Err(Failure::fixed(CAPACITY_EXCEEDED));
        }
        let spec = registry::lookup(command).map_err(|rejection| match rejection {
            Rejection::Unknown | Rejection::UnknownSubcommand => {
                Failure::fixed("ERR Unknown Redis command called from script")
            }
            Rejection::Arity(_) => {
                Failure::fixed("ERR Wrong number of args calling Redis command from script")
            }
        })?;
        let Run::Handler(handler) = spec.run else {
            return Err(Failure::fixed(
                "ERR This Redis command is not allowed from script",
            ));
        };
        if self.rights.read_only && spec.writes {
            return Err(Failure::fixed(
                "ERR Write commands are not allowed from read-only scripts.",
            ));
        }
        if self
            .rights
            .only_keys
            .is_some_and(|keys| !spec.keeps_to(keys, command))
        {
            return Err(Failure::fixed(
                "ERR Script attempted to access a key not declared in KEYS",
            ));
        }
        if self.rights.growth == Growth::RefusedAtFirst {
            if spec.may_grow {
                return Err(Failure::FULL);
            }
            if spec.changes_keys() {
                self.rights.growth = Growth::Free;
            }
        }
        Ok(self.store.call(spec.name, handler, command))
    }
}

fn words(arguments: &MultiValue) -> Result<Command, Failure> {
    if arguments.is_empty() {
        return Err(Failure::fixed(
            "ERR Please specify at least one argument for this redis lib call",
        ));
    }
    let words = arguments.iter().map(convert::to_word);
    words.collect::<Option<_>>().ok_or(Failure::fixed(
        "ERR Lua redis lib command arguments must be strings or integers",
    ))
}
