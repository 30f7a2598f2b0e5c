//! Sends one session's file in steps, and records the progress when the service has confirmed a step.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use importers::{Continuation, ConvertError, Converted, Format, convert, portions};

use super::Syncer;
use super::file_state::{self, FileState};
use super::identity::Identity;
use super::seen::{Look, Seen};
use super::source::{Chunk, cwd_of, read_lines};
use crate::api::{Outcome, REQUEST_BYTES, Tally};
use crate::failure::Failure;

/// The outcome for a file.
#[derive(Clone, Debug, Default)]
pub struct SessionReport {
    /// Whether anything was sent.
    pub is_changed: bool,
    /// Whether it is no session of Claude Code.
    pub is_foreign: bool,
    pub messages: u64,
    pub bytes: u64,
    pub redacted: u64,
    pub tally: Tally,
}

/// What one step sends, and the state after it.
#[derive(Debug)]
pub struct Step {
    end: u64,
    identity: Identity,
    /// In the order in which they are to be sent.
    pub bodies: Vec<String>,
    /// The conversations in them, in their order.
    pub ids: Vec<String>,
    continuation: Option<Continuation>,
    messages: u64,
    redacted: u64,
}

/// The next action for a file.
#[derive(Debug)]
pub enum Prepared {
    /// To send this.
    Step(Box<Session>, Box<Step>),
    /// Nothing.
    Nothing,
    /// Nothing: it is no session of Claude Code.
    Foreign,
    /// To wait for another process that syncs it.
    Busy,
}

/// A session's file, while no other process syncs it.
#[derive(Debug)]
pub struct Session {
    pub path: PathBuf,
    state: FileState,
    look: Option<Look>,
}

/// Reads the new lines of a file. From now on it has a state, so that a later sync continues with it in any case.
pub async fn prepare(
    syncer: &Arc<Syncer>,
    path: PathBuf,
    patience: Duration,
) -> Result<Prepared, Failure> {
    let syncer = syncer.clone();
    blocking(move || {
        let look = Seen::look(&path);
        if syncer.seen.contains(&path, look) {
            return Ok(Prepared::Nothing);
        }
        if !is_new(&syncer, &path)? {
            syncer.seen.insert(&path, look);
            return Ok(Prepared::Nothing);
        }
        let Some(state) = FileState::open(&syncer.folder, &path, patience)? else {
            return Ok(Prepared::Busy);
        };
        if !state.is_known() {
            state.save()?;
        }
        next_step(&syncer, Session { path, state, look })
    })
    .await
}

/// Sends a step, and whatever else is in the file.
pub async fn send_all(
    syncer: &Arc<Syncer>,
    mut session: Session,
    mut step: Step,
) -> Result<SessionReport, Failure> {
    let mut report = SessionReport::default();
    loop {
        let bodies = std::mem::take(&mut step.bodies);
        let outcome = syncer.client.import(bodies).await?;
        report.add(session.confirm(syncer, step, outcome)?);
        let syncer = syncer.clone();
        match blocking(move || next_step(&syncer, session)).await? {
            Prepared::Step(next, next_step) => (session, step) = (*next, *next_step),
            Prepared::Nothing | Prepared::Foreign | Prepared::Busy => return Ok(report),
        }
    }
}

impl Session {
    /// Records that the service has a step.
    pub fn confirm(
        &mut self,
        syncer: &Syncer,
        step: Step,
        outcome: Outcome,
    ) -> Result<SessionReport, Failure> {
        if let Some(why) = outcome.postponed {
            return Err(Failure::rejected(&why));
        }
        let bytes = step.end - self.state.progress.offset;
        self.state
            .advance(step.end, step.identity, step.continuation.as_ref())?;
        // If the file has grown since, its state differs now.
        syncer.seen.insert(
            &self.path,
            self.look.filter(|(length, _)| *length == step.end),
        );
        Ok(SessionReport {
            is_changed: true,
            is_foreign: false,
            messages: step.messages,
            bytes,
            redacted: step.redacted,
            tally: outcome.tally,
        })
    }
}

impl SessionReport {
    /// For a file that is no session.
    pub fn foreign() -> Self {
        Self {
            is_foreign: true,
            ..Self::default()
        }
    }

    fn add(&mut self, other: Self) {
        self.is_changed |= other.is_changed;
        self.messages += other.messages;
        self.bytes += other.bytes;
        self.redacted += other.redacted;
        self.tally += other.tally;
    }
}

/// Work on files, which other tasks do not wait for.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// Whether there may be anything to send: an unchanged file needs no lock.
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

fn next_step(syncer: &Syncer, mut session: Session) -> Result<Prepared, Failure> {
    let explain = |error: io::Error| Failure::file(&session.path, &error);
    let mut file = File::open(&session.path).map_err(explain)?;
    let progress = &session.state.progress;
    let is_same = progress.offset == 0
        || progress
            .identity
            .is_of(&mut file, progress.offset)
            .map_err(explain)?;
    let offset = if is_same { progress.offset } else { 0 };
    let chunk = read_lines(&mut file, offset).map_err(explain)?;
    let Some(chunk) = chunk else {
        syncer.seen.insert(&session.path, session.look);
        return Ok(Prepared::Nothing);
    };
    let identity = Identity::of(&mut file, chunk.end).map_err(explain)?;
    if !is_same {
        session.state.forget();
    }
    convert_chunk(syncer, session, &chunk, identity)
}

/// Makes requests of lines.
fn convert_chunk(
    syncer: &Syncer,
    session: Session,
    chunk: &Chunk,
    identity: Identity,
) -> Result<Prepared, Failure> {
    let (source, redacted) = syncer.filter.redact(&chunk.bytes);
    let options = importers::Options {
        name: session.path.to_str().map(str::to_owned),
        continuation: session.state.continuation(),
        ..importers::Options::default()
    };
    let mut step = Step {
        end: chunk.end,
        identity,
        bodies: Vec::new(),
        ids: Vec::new(),
        continuation: None,
        messages: 0,
        redacted,
    };
    match convert(Format::ClaudeCode, &source, &options) {
        Ok(converted) => step.add(syncer, converted),
        // Empty lines.
        Err(ConvertError::Empty) if options.continuation.is_some() => {}
        Err(ConvertError::Empty) => return Ok(Prepared::Nothing),
        // It may still become a session, so it is checked again when it has changed.
        Err(ConvertError::WrongShape(_)) => {
            syncer.seen.insert(&session.path, session.look);
            return Ok(Prepared::Foreign);
        }
        Err(error) => return Err(Failure::file(&session.path, &error)),
    }
    Ok(Prepared::Step(Box::new(session), Box::new(step)))
}

impl Step {
    fn add(&mut self, syncer: &Syncer, converted: Converted) {
        let mut conversations = converted.conversations;
        syncer.filter.shorten(&mut conversations);
        let reports = converted.report.conversations.iter();
        self.messages = reports.map(|one| one.messages as u64).sum();
        let known = conversations.iter().filter_map(|one| one.converted());
        self.ids = known.map(|conversation| conversation.id.clone()).collect();
        self.bodies = portions(&conversations, REQUEST_BYTES);
        self.continuation = converted.continuation;
    }
}
