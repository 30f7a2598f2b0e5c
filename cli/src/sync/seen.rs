//! Files that a watch has processed in their present state, and can skip.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Length and time of the last change of a file.
pub type Look = (u64, SystemTime);

/// The processed files, with their state at that time.
#[derive(Debug, Default)]
pub struct Seen(Mutex<HashMap<PathBuf, Look>>);

impl Seen {
    /// The state of a file; `None` if it cannot be read.
    pub fn look(path: &Path) -> Option<Look> {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.len(), metadata.modified().ok()?))
    }

    /// Whether the file was processed in this state.
    pub fn contains(&self, path: &Path, look: Option<Look>) -> bool {
        look.is_some() && self.files().get(path).copied() == look
    }

    /// Records that the file was processed.
    pub fn insert(&self, path: &Path, look: Option<Look>) {
        if let Some(look) = look {
            self.files().insert(path.to_owned(), look);
        }
    }

    fn files(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Look>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
