//! The commands one running script calls.

use mlua::MultiValue;

use super::super::failure::Failure;
use super::super::registry::{self, Rejection, Run};
use super::super::store::Store;
use super::convert;
use crate::backend::{Command, Reply};

/// What a script may do.
pub(super) struct Rights<'a> {
    pub(super) read_only: bool,
    /// The only keys it may touch, if it declared that it would touch no others.
    pub(super) only_keys: Option<&'a [Vec<u8>]>,
}

/// A script's access to the store.
pub(super) struct Session<'a> {
    pub(super) store: &'a mut Store,
    pub(super) rights: Rights<'a>,
}

impl Session<'_> {
    /// Runs one command for the script.
    pub(super) fn dispatch(&mut self, arguments: &MultiValue) -> Reply {
        let reply = words(arguments).and_then(|command| self.call(&command));
        reply.unwrap_or_else(Reply::from)
    }

    fn call(&mut self, command: &[Vec<u8>]) -> Result<Reply, Failure> {
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
