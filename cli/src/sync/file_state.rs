//! The sync state of one session's file: how far it was sent, and the continuation for the rest.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use importers::Continuation;
use serde::{Deserialize, Serialize};

use super::identity::Identity;
use crate::digest::digest;
use crate::failure::Failure;
use crate::files;

/// The version of the state file; another version counts as missing.
const VERSION: u32 = 1;

/// How far a file was sent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Progress {
    version: u32,
    /// The file.
    pub path: PathBuf,
    pub identity: Identity,
    /// Everything before it has been sent.
    pub offset: u64,
}

/// A session's file, while no other process syncs it.
#[derive(Debug)]
pub struct FileState {
    path: PathBuf,
    pub progress: Progress,
    /// Read when it is needed: it may be long.
    continuation: Option<String>,
    _lock: File,
}

/// The path of the state of a session's file.
pub fn path_for(folder: &Path, file: &Path) -> PathBuf {
    let name = digest(file.as_os_str().as_encoded_bytes());
    folder.join(name + ".json")
}

impl FileState {
    /// Reads the state, after waiting for another process that syncs the file; `None` if that takes too long.
    pub fn open(folder: &Path, file: &Path, patience: Duration) -> Result<Option<Self>, Failure> {
        let path = path_for(folder, file);
        let lock_path = path.with_extension("lock");
        let lock =
            files::lock(&lock_path, patience).map_err(|error| Failure::file(&lock_path, &error))?;
        let Some(lock) = lock else {
            return Ok(None);
        };
        let known = read(&path);
        let (progress, continuation) = known
            .filter(|(progress, _)| progress.path == file)
            .unwrap_or_default();
        let progress = Progress {
            version: VERSION,
            path: file.to_owned(),
            ..progress
        };
        Ok(Some(Self {
            path,
            progress,
            continuation,
            _lock: lock,
        }))
    }

    /// Starts over.
    pub fn forget(&mut self) {
        self.progress.offset = 0;
        self.progress.identity = Identity::default();
        self.continuation = None;
    }

    /// The continuation for the rest of the file.
    pub fn continuation(&self) -> Option<Continuation> {
        serde_json::from_str(self.continuation.as_deref()?).ok()
    }

    /// Records that everything before `offset` has been sent.
    pub fn advance(
        &mut self,
        offset: u64,
        identity: Identity,
        continuation: Option<&Continuation>,
    ) -> Result<(), Failure> {
        self.progress.offset = offset;
        self.progress.identity = identity;
        if let Some(continuation) = continuation {
            self.continuation = serde_json::to_string(continuation).ok();
        }
        self.save()
    }

    /// Notes that the file is to be synced.
    pub fn save(&self) -> Result<(), Failure> {
        let progress = serde_json::to_string(&self.progress).map_err(Failure::other)?;
        let continuation = self.continuation.as_deref().unwrap_or_default();
        let parts = [progress.as_bytes(), b"\n", continuation.as_bytes()];
        files::write_atomically(&self.path, &parts)
            .map_err(|error| Failure::file(&self.path, &error))
    }

    /// Whether it was ever saved.
    pub fn is_known(&self) -> bool {
        self.progress.offset > 0 || self.path.exists()
    }
}

/// Two lines: the offset, and the continuation.
fn read(path: &Path) -> Option<(Progress, Option<String>)> {
    let text = fs::read_to_string(path).ok()?;
    let (progress, continuation) = text.split_once('\n')?;
    let progress: Progress = serde_json::from_str(progress).ok()?;
    let continuation = Some(continuation.to_owned()).filter(|text| !text.is_empty());
    // In the middle of a file the continuation is required.
    let is_whole = progress.offset == 0 || continuation.is_some();
    (progress.version == VERSION && is_whole).then_some((progress, continuation))
}

/// The progress of a file, regardless of locks.
pub fn peek(folder: &Path, file: &Path) -> Option<Progress> {
    read(&path_for(folder, file)).map(|(progress, _)| progress)
}
