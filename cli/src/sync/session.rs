//! Sends one session's file: lines by lines, and notes how far it has come when the service has confirmed them.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use importers::{Continuation, ConvertError, Format, convert, portions};

use super::Syncer;
use super::file_state::{self, FileState};
use super::identity::Identity;
use super::seen::Seen;
use super::source::{Chunk, cwd_of, read_lines};
use crate::api::{REQUEST_BYTES, Tally};
use crate::failure::Failure;

/// What became of a file.
#[derive(Clone, Debug, Default)]
pub struct SessionReport {
    /// Whether anything was sent.
    pub is_changed: bool,
    /// Whether there is nothing of Claude Code's in it.
    pub is_foreign: bool,
    pub messages: u64,
    pub bytes: u64,
    pub redacted: u64,
    pub tally: Tally,
}

/// What one step has to send, and what is known when that is done.
struct Step {
    end: u64,
    identity: Identity,
    bodies: Vec<String>,
    continuation: Option<Continuation>,
    messages: u64,
    redacted: u64,
}

/// What a step found.
enum Found {
    Step(Box<Step>),
    /// Nothing that is new.
    Nothing,
    /// Nothing of Claude Code's.
    Foreign,
}

/// Sends what is new in a file.
pub async fn sync(syncer: &Arc<Syncer>, path: &Path) -> Result<SessionReport, Failure> {
    let look = Seen::look(path);
    if syncer.seen.contains(path, look) {
        return Ok(SessionReport::default());
    }
    let report = send_what_is_new(syncer, path).await?;
    syncer.seen.insert(path, look);
    Ok(report)
}

async fn send_what_is_new(syncer: &Arc<Syncer>, path: &Path) -> Result<SessionReport, Failure> {
    let mut report = SessionReport::default();
    let opened = blocking({
        let (syncer, path) = (syncer.clone(), path.to_owned());
        move || open_if_new(&syncer, &path)
    });
    let Some(mut state) = opened.await? else {
        return Ok(report);
    };
    loop {
        let found;
        (state, found) = blocking({
            let syncer = syncer.clone();
            move || {
                let found = next_step(&syncer, &mut state);
                (state, found)
            }
        })
        .await;
        match found? {
            Found::Step(step) => send(syncer, &mut state, *step, &mut report).await?,
            Found::Nothing => return Ok(report),
            Found::Foreign => {
                report.is_foreign = true;
                return Ok(report);
            }
        }
    }
}

/// Sends a step, and notes that it is done when the service has confirmed it.
async fn send(
    syncer: &Syncer,
    state: &mut FileState,
    step: Step,
    report: &mut SessionReport,
) -> Result<(), Failure> {
    let before = state.progress.offset;
    let outcome = syncer.client.import(step.bodies).await?;
    if let Some(why) = outcome.postponed {
        return Err(Failure::Refused(why));
    }
    report.is_changed = true;
    report.tally += outcome.tally;
    report.messages += step.messages;
    report.redacted += step.redacted;
    report.bytes += step.end - before;
    state.advance(step.end, step.identity, step.continuation.as_ref())
}

/// Work on files, which other tasks do not wait for.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// Whether there may be anything to send: a file that is as it was needs no lock.
fn is_new(syncer: &Syncer, path: &Path) -> Result<bool, Failure> {
    let explain = |error: io::Error| Failure::file(path, &error);
    if !syncer.filter.projects.are_all() {
        let cwd = cwd_of(path).map_err(explain)?;
        if !syncer.filter.projects.admit(cwd.as_deref()) {
            return Ok(false);
        }
    }
    let Some(progress) = file_state::peek(&syncer.folder, path) else {
        return Ok(true);
    };
    let mut file = File::open(path).map_err(explain)?;
    let is_read = file.metadata().map_err(explain)?.len() == progress.offset;
    Ok(!is_read
        || !progress
            .identity
            .is_of(&mut file, progress.offset)
            .map_err(explain)?)
}

/// Takes the file for this process, where there may be something new in it. From now on it is known, so that whatever happens, a
/// later sync goes on with it.
fn open_if_new(syncer: &Syncer, path: &Path) -> Result<Option<FileState>, Failure> {
    if !is_new(syncer, path)? {
        return Ok(None);
    }
    let state = FileState::open(&syncer.folder, path, syncer.patience)?;
    if !state.is_known() {
        state.save()?;
    }
    Ok(Some(state))
}

fn next_step(syncer: &Syncer, state: &mut FileState) -> Result<Found, Failure> {
    let path = state.progress.path.clone();
    let explain = |error: io::Error| Failure::file(&path, &error);
    let mut file = File::open(&path).map_err(explain)?;
    let offset = state.progress.offset;
    if offset > 0
        && !state
            .progress
            .identity
            .is_of(&mut file, offset)
            .map_err(explain)?
    {
        state.forget();
    }
    let Some(chunk) = read_lines(&mut file, state.progress.offset).map_err(explain)? else {
        return Ok(Found::Nothing);
    };
    let identity = Identity::of(&mut file, chunk.end).map_err(explain)?;
    convert_chunk(syncer, state, chunk, identity)
}

/// Makes requests of lines.
fn convert_chunk(
    syncer: &Syncer,
    state: &FileState,
    chunk: Chunk,
    identity: Identity,
) -> Result<Found, Failure> {
    let path = &state.progress.path;
    let (source, redacted) = syncer.filter.redact(&chunk.bytes);
    let options = importers::Options {
        name: path.to_str().map(str::to_owned),
        continuation: state.continuation(),
        ..importers::Options::default()
    };
    let mut step = Step {
        end: chunk.end,
        identity,
        bodies: Vec::new(),
        continuation: None,
        messages: 0,
        redacted,
    };
    match convert(Format::ClaudeCode, &source, &options) {
        Ok(mut converted) => {
            syncer.filter.shorten(&mut converted.conversations);
            let reports = converted.report.conversations.iter();
            step.messages = reports.map(|one| one.messages as u64).sum();
            step.bodies = portions(&converted.conversations, REQUEST_BYTES);
            step.continuation = converted.continuation;
        }
        // Empty lines.
        Err(ConvertError::Empty) if options.continuation.is_some() => {}
        Err(ConvertError::Empty) => return Ok(Found::Nothing),
        // It may become a session yet, so it is looked at again.
        Err(ConvertError::WrongShape(_)) => return Ok(Found::Foreign),
        Err(error) => return Err(Failure::Failed(format!("{}: {error}", path.display()))),
    }
    Ok(Found::Step(Box::new(step)))
}
