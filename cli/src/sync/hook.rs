//! `sync --hook`: hands a session over to another process, so that Claude Code does not wait.

use std::env;
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::log;

/// What Claude Code sends a hook on standard input.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event {
    hook_event_name: String,
    session_id: String,
    transcript_path: PathBuf,
}

/// Whether the program was meant to be started as a hook, though something on its command line is wrong.
pub fn looks_like_hook() -> bool {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    arguments.iter().any(|argument| argument == "sync")
        && arguments.iter().any(|argument| argument == "--hook")
}

/// Logs what is wrong with the command line: nobody sees what a hook prints.
pub fn note_wrong_options(error: &clap::Error) {
    log::note(&format!("hook: {error}"));
}

/// Starts a process that syncs the session. Whatever goes wrong is noted in the log.
pub fn hand_over() {
    if let Err(problem) = start() {
        log::note(&format!("hook: {problem}"));
    }
}

fn start() -> Result<(), String> {
    let event = read_event()?;
    if event.transcript_path.as_os_str().is_empty() {
        return Err(format!(
            "{} of session {} names no transcript",
            event.hook_event_name, event.session_id
        ));
    }
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.args(
        env::args_os()
            .skip(1)
            .filter(|argument| argument != "--hook"),
    );
    command.arg("--session").arg(event.transcript_path);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // It must survive the end of Claude Code, and the Ctrl-C that stops it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().map(drop).map_err(|error| error.to_string())
}

/// Reads just the event: standard input may stay open after it.
fn read_event() -> Result<Event, String> {
    const LONGEST: u64 = 4_000_000;
    let input = io::stdin().lock().take(LONGEST);
    let mut events = serde_json::Deserializer::from_reader(input).into_iter();
    let event = events.next().ok_or("standard input is empty")?;
    event.map_err(|error| format!("what came on standard input is no event: {error}"))
}
