//! `sync`: sends new lines of Claude Code sessions.

mod batch;
mod discover;
mod file_state;
mod hook;
mod identity;
mod log;
mod pass;
mod seen;
mod session;
mod source;
mod waiting;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::account::Account;
use crate::api::Client;
use crate::failure::Failure;
use crate::files;
use crate::filter::Filter;
use crate::options::{Options, SyncOptions};
use crate::output::Output;
use crate::paths;

pub use hook::{hand_over, looks_like_hook, note_wrong_options};
pub use waiting::waiting;

/// Runs the command.
pub async fn run(options: &Options, sync: &SyncOptions) -> Result<(), Failure> {
    let done = sync_all(options, sync).await;
    if let (Some(session), Err(failure)) = (&sync.session, &done) {
        // A hook has detached this process: nobody sees what it prints.
        log::note(&format!("{}: {failure}", session.display()));
    }
    done
}

async fn sync_all(options: &Options, sync: &SyncOptions) -> Result<(), Failure> {
    let (client, account) = Client::signed_in(options).await?;
    let syncer = Arc::new(Syncer::new(client, &account, sync)?);
    let output = Output::new(options.json);
    if sync.watch {
        return watch::watch(&syncer, sync.interval, output).await;
    }
    let found = syncer.files()?;
    let report = syncer.pass(found, output).await;
    report.print(output);
    report.into_result()
}

/// The settings shared by all sessions of a sync.
#[derive(Debug)]
struct Syncer {
    client: Client,
    filter: Filter,
    /// The sessions.
    projects: PathBuf,
    /// Their sync state.
    folder: PathBuf,
    /// Only this one, and those that are known already.
    session: Option<PathBuf>,
    patience: Duration,
    seen: seen::Seen,
}

impl Syncer {
    fn new(client: Client, account: &Account, sync: &SyncOptions) -> Result<Self, Failure> {
        let folder = account.sync_folder()?;
        files::create_folder(&folder).map_err(|error| Failure::file(&folder, &error))?;
        Ok(Self {
            patience: client.patience(),
            client,
            filter: Filter::new(&sync.filters),
            projects: paths::claude_projects()?,
            folder,
            session: sync.session.clone(),
            seen: seen::Seen::default(),
        })
    }

    /// The files to check.
    fn files(&self) -> Result<Vec<PathBuf>, Failure> {
        let mut files = discover::sessions(&self.projects)
            .map_err(|error| Failure::file(&self.projects, &error))?;
        if let Some(session) = &self.session {
            let is_known = |file: &Path| file_state::path_for(&self.folder, file).exists();
            files.retain(|file| discover::belongs_to(file, session) || is_known(file));
            if !files.contains(session) && session.is_file() {
                files.insert(0, session.clone());
            }
        }
        Ok(files)
    }
}
