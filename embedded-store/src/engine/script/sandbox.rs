//! The Lua interpreter that scripts run in.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mlua::chunk::ChunkMode;
use mlua::{Function, HookTriggers, Lua, LuaOptions, MultiValue, StdLib, Table, Value, VmState};

use super::super::failure::Failure;
use super::convert;
use super::session::Session;
use crate::reply::Reply;
use crate::sha1;

/// The name of scripts in error messages; the `@` marks it as a file name for Lua.
const CHUNK_NAME: &str = "@user_script";

/// How long a script may run. Redis would let other clients kill it; here it is stopped.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// The number of instructions between two checks of the time.
const INSTRUCTIONS_BETWEEN_CHECKS: u32 = 10_000;

/// The memory limit of all scripts together.
const MEMORY_LIMIT_BYTES: usize = 256 * 1024 * 1024;

/// A restricted Lua state, set up like that of Redis.
pub(super) struct Sandbox {
    lua: Lua,
    /// The prelude's function that runs a script.
    run: Function,
    timed_out: Arc<AtomicBool>,
}

impl Sandbox {
    pub(super) fn new() -> mlua::Result<Self> {
        let libraries = StdLib::STRING | StdLib::TABLE | StdLib::MATH;
        let lua = Lua::new_with(libraries, LuaOptions::default())?;
        let timed_out = Arc::new(AtomicBool::new(false));
        let prelude = lua.load(include_str!("prelude.lua")).set_name("=prelude");
        let host = host_functions(&lua, &timed_out)?;
        let (globals, run): (Table, Function) = prelude.call(host)?;
        lua.set_globals(globals)?;
        lua.set_memory_limit(MEMORY_LIMIT_BYTES)?;
        Ok(Self {
            lua,
            run,
            timed_out,
        })
    }

    pub(super) fn compile(&self, source: &[u8]) -> Result<Function, Failure> {
        let chunk = self.lua.load(source).set_name(CHUNK_NAME);
        let compiled = chunk.set_mode(ChunkMode::Text).into_function();
        compiled.map_err(|error| {
            let text = match error {
                mlua::Error::SyntaxError { message, .. } => message,
                other => other.to_string(),
            };
            Failure::new(format!("ERR Error compiling script (new function): {text}"))
        })
    }

    /// Runs a compiled script. `sha1` is its name in error replies.
    pub(super) fn run(
        &self,
        script: &Function,
        sha1: &str,
        session: &mut Session<'_>,
        keys: &[Vec<u8>],
        argv: &[Vec<u8>],
    ) -> Result<Reply, Failure> {
        self.start_timer().map_err(|error| internal(&error))?;
        let result = self.call(script, session, keys, argv);
        self.lua.remove_hook();
        let reply = self.reply(result, sha1);
        self.tidy().map_err(|error| internal(&error))?;
        reply
    }

    fn reply(&self, result: mlua::Result<(bool, Value)>, sha1: &str) -> Result<Reply, Failure> {
        if self.timed_out.load(Ordering::Relaxed) {
            return Err(Failure::fixed(
                "ERR Error running script: it ran out of time",
            ));
        }
        match result.map_err(|error| internal(&error))? {
            (true, value) => convert::to_reply(&value),
            (false, problem) => Err(uncaught(&problem, sha1)),
        }
    }

    fn call(
        &self,
        script: &Function,
        session: &mut Session<'_>,
        keys: &[Vec<u8>],
        argv: &[Vec<u8>],
    ) -> mlua::Result<(bool, Value)> {
        let session = RefCell::new(session);
        let keys = self.list(keys)?;
        let argv = self.list(argv)?;
        let run = |arguments: &MultiValue| -> mlua::Result<Reply> {
            let mut session = session.try_borrow_mut().map_err(mlua::Error::external)?;
            Ok(session.dispatch(arguments))
        };
        self.lua.scope(|scope| {
            let call = scope.create_function(|lua, arguments: MultiValue| {
                convert::to_lua(lua, &raise_error(run(&arguments)?)?)
            })?;
            let pcall = scope.create_function(|lua, arguments: MultiValue| {
                convert::to_lua(lua, &run(&arguments)?)
            })?;
            self.run.call((script, call, pcall, keys, argv))
        })
    }

    /// Adds one string at a time, because Lua's stack is too small for very many handles at once.
    fn list(&self, words: &[Vec<u8>]) -> mlua::Result<Table> {
        let table = self.lua.create_table_with_capacity(words.len(), 0)?;
        for word in words {
            table.raw_push(self.lua.create_string(word)?)?;
        }
        Ok(table)
    }

    /// Lua 5.1 does not collect garbage when it reaches the memory limit, so garbage of earlier scripts must not bring
    /// it close.
    fn tidy(&self) -> mlua::Result<()> {
        if self.lua.used_memory() < MEMORY_LIMIT_BYTES / 4 {
            return Ok(());
        }
        self.lua.gc_collect()
    }

    fn start_timer(&self) -> mlua::Result<()> {
        self.timed_out.store(false, Ordering::Relaxed);
        let timed_out = Arc::clone(&self.timed_out);
        let deadline = Instant::now() + TIME_LIMIT;
        let triggers = HookTriggers::new().every_nth_instruction(INSTRUCTIONS_BETWEEN_CHECKS);
        self.lua.set_hook(triggers, move |_, _| {
            if Instant::now() < deadline {
                return Ok(VmState::Continue);
            }
            timed_out.store(true, Ordering::Relaxed);
            Err(mlua::Error::runtime("script ran out of time"))
        })
    }
}

/// The functions that the prelude needs and Lua lacks.
fn host_functions(lua: &Lua, timed_out: &Arc<AtomicBool>) -> mlua::Result<Table> {
    let host = lua.create_table()?;
    let timed_out = Arc::clone(timed_out);
    let timed_out = lua.create_function(move |_, ()| Ok(timed_out.load(Ordering::Relaxed)))?;
    host.set("timed_out", timed_out)?;
    host.set("sha1hex", lua.create_function(sha1hex)?)?;
    let raised = lua.create_function(|_, problem: Value| Ok(raised_text(&problem)))?;
    host.set("raised", raised)?;
    let line = lua.create_function(|lua, ()| Ok(current_line(lua)))?;
    host.set("line", line)?;
    Ok(host)
}

fn sha1hex(lua: &Lua, arguments: MultiValue) -> mlua::Result<String> {
    let [argument] = <[Value; 1]>::try_from(arguments.into_vec())
        .map_err(|_| mlua::Error::external(Raised("ERR wrong number of arguments".to_owned())))?;
    let text = lua.coerce_string(argument)?;
    Ok(text.map_or_else(|| sha1::hex(b""), |text| sha1::hex(&text.as_bytes())))
}

/// An error that in Redis would be a table with this text in its field `err`.
#[derive(Debug)]
struct Raised(String);

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Raised {}

fn raise_error(reply: Reply) -> mlua::Result<Reply> {
    match reply {
        Reply::Error(text) => Err(mlua::Error::external(Raised(text))),
        reply => Ok(reply),
    }
}

fn raised_text(problem: &Value) -> Option<String> {
    let raised: &Raised = problem.as_error()?.downcast_ref()?;
    Some(raised.0.clone())
}

/// The line of the innermost function of the script that is running.
fn current_line(lua: &Lua) -> Option<usize> {
    for level in 0.. {
        let line = lua.inspect_stack(level, |frame| {
            let in_script = frame.source().source.as_deref() == Some(CHUNK_NAME);
            frame.current_line().filter(|_| in_script)
        })?;
        if line.is_some() {
            return line;
        }
    }
    None
}

/// The reply to an error the script did not catch, worded as Redis does.
fn uncaught(problem: &Value, sha1: &str) -> Failure {
    let Value::Table(problem) = problem else {
        return Failure::fixed("ERR unknown error");
    };
    let text = match problem.raw_get("err") {
        Ok(Value::String(text)) => text.to_string_lossy(),
        _ => "ERR unknown error".to_owned(),
    };
    match problem.raw_get::<Option<usize>>("line") {
        Ok(Some(line)) => Failure::new(format!("{text} script: {sha1}, on {CHUNK_NAME}:{line}.")),
        _ => Failure::new(text),
    }
}

/// The reply when the interpreter itself failed, for example for want of memory.
pub(super) fn internal(error: &mlua::Error) -> Failure {
    Failure::new(format!("ERR Error running script: {error}"))
}
