//! EVAL and its variants: the script cache, and what a script is allowed to do.

mod convert;
mod header;
mod sandbox;
mod session;

use std::collections::HashMap;

use super::failure::Failure;
use super::number::integer_argument;
use super::spec::ScriptCommand;
use super::store::Store;
use crate::reply::Reply;
use crate::rules::{Full, Rules};
use crate::sha1;
pub(crate) use header::Header;
use sandbox::Sandbox;
use session::{Countdown, Growth, Rights, Session};

/// A script ready to run.
struct Script {
    header: Header,
    function: mlua::Function,
}

/// The loaded scripts, by the hexadecimal SHA-1 of their source, and the interpreter.
#[derive(Default)]
pub(super) struct Scripts {
    /// Created with the first script.
    sandbox: Option<Sandbox>,
    loaded: HashMap<String, Script>,
}

impl Scripts {
    pub(super) fn run(
        &mut self,
        kind: ScriptCommand,
        store: &mut Store,
        command: &[Vec<u8>],
        rules: &mut Rules,
    ) -> Result<Reply, Failure> {
        match kind {
            ScriptCommand::Eval { read_only } => {
                let call = Call::parse(command)?;
                let sha1 = self.load(&command[1])?;
                self.evaluate(store, rules, &sha1, read_only, &call)
            }
            ScriptCommand::EvalSha { read_only } => {
                let call = Call::parse(command)?;
                let sha1 = String::from_utf8_lossy(&command[1]).to_ascii_lowercase();
                self.evaluate(store, rules, &sha1, read_only, &call)
            }
            ScriptCommand::Load => Ok(Reply::Bulk(self.load(&command[2])?.into_bytes())),
            ScriptCommand::Exists => Ok(self.exists(&command[2..])),
            ScriptCommand::Flush => self.flush(&command[2..]),
        }
    }

    /// Compiles `source` unless that was done before, and returns its SHA-1.
    fn load(&mut self, source: &[u8]) -> Result<String, Failure> {
        let sha1 = sha1::hex(source);
        if !self.loaded.contains_key(&sha1) {
            let (header, body) = Header::split(source)?;
            let function = self.sandbox()?.compile(body)?;
            self.loaded
                .insert(sha1.clone(), Script { header, function });
        }
        Ok(sha1)
    }

    fn sandbox(&mut self) -> Result<&Sandbox, Failure> {
        let sandbox = match self.sandbox.take() {
            Some(sandbox) => sandbox,
            None => Sandbox::new().map_err(|error| sandbox::internal(&error))?,
        };
        Ok(self.sandbox.insert(sandbox))
    }

    fn evaluate(
        &self,
        store: &mut Store,
        rules: &mut Rules,
        sha1: &str,
        read_only: bool,
        call: &Call<'_>,
    ) -> Result<Reply, Failure> {
        let found = self.loaded.get(sha1).zip(self.sandbox.as_ref());
        let (script, sandbox) = found.ok_or(Failure::fixed(
            "NOSCRIPT No matching script. Please use EVAL.",
        ))?;
        let header = &script.header;
        if read_only && header.present && !header.no_writes {
            return Err(Failure::fixed(
                "ERR Can not execute a script with write flag using *_ro command.",
            ));
        }
        let rights = Rights {
            read_only: read_only || header.no_writes,
            only_keys: header.key_locking.then_some(call.keys),
            growth: growth(rules.full, *header),
        };
        let countdown = rules.failure.take().map(Countdown::new);
        let mut session = Session::new(store, rights, countdown);
        let reply = sandbox.run(&script.function, sha1, &mut session, call.keys, call.argv);
        rules.fired |= session.failed();
        session.finish();
        reply
    }

    /// The header of the script that the command runs, if it runs one that is valid and known.
    pub(super) fn header(&self, command: &[Vec<u8>]) -> Option<Header> {
        let [name, script, ..] = command else {
            return None;
        };
        let is = |text: &str| name.eq_ignore_ascii_case(text.as_bytes());
        if is("EVAL") || is("EVAL_RO") {
            return Header::of(script);
        }
        let sha1 = String::from_utf8_lossy(script).to_ascii_lowercase();
        let known = self.loaded.get(&sha1).map(|script| script.header);
        known.filter(|_| is("EVALSHA") || is("EVALSHA_RO"))
    }

    fn exists(&self, hashes: &[Vec<u8>]) -> Reply {
        let known = hashes.iter().map(|sha1| {
            let sha1 = String::from_utf8_lossy(sha1).to_ascii_lowercase();
            Reply::Int(i64::from(self.loaded.contains_key(&sha1)))
        });
        Reply::Array(known.collect())
    }

    /// Drops all scripts, and the interpreter with any state they left in it.
    fn flush(&mut self, options: &[Vec<u8>]) -> Result<Reply, Failure> {
        let modes: [&[u8]; 2] = [b"SYNC", b"ASYNC"];
        let is_mode = |option: &Vec<u8>| modes.iter().any(|mode| option.eq_ignore_ascii_case(mode));
        if options.len() > 1 || !options.iter().all(is_mode) {
            return Err(Failure::fixed(
                "ERR SCRIPT FLUSH only support SYNC|ASYNC option",
            ));
        }
        *self = Self::default();
        Ok(Reply::ok())
    }
}

/// What a running script may add to the store.
fn growth(full: Option<Full>, header: Header) -> Growth {
    match full {
        Some(Full::EveryCommand) => Growth::Refused,
        Some(Full::Admission) if !header.present => Growth::RefusedAtFirst,
        None | Some(Full::Admission) => Growth::Free,
    }
}

/// The arguments of EVAL after the script.
struct Call<'a> {
    keys: &'a [Vec<u8>],
    argv: &'a [Vec<u8>],
}

impl<'a> Call<'a> {
    fn parse(command: &'a [Vec<u8>]) -> Result<Self, Failure> {
        let words = &command[3..];
        let count = integer_argument(&command[2])?;
        let count = usize::try_from(count)
            .map_err(|_| Failure::fixed("ERR Number of keys can't be negative"))?;
        let split = words.split_at_checked(count);
        let (keys, argv) = split.ok_or(Failure::fixed(
            "ERR Number of keys can't be greater than number of args",
        ))?;
        Ok(Self { keys, argv })
    }
}
