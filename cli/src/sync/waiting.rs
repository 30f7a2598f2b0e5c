//! Counts what has not been sent yet, without sending it.

use std::fs;

use serde::Serialize;

use super::{discover, file_state};
use crate::account::Account;
use crate::failure::Failure;
use crate::paths;

/// The unsent data.
#[derive(Debug, Default, Serialize)]
pub struct Waiting {
    /// All files.
    pub files: u64,
    /// Those with unsent bytes.
    pub waiting: u64,
    /// Those bytes.
    pub bytes: u64,
}

/// Looks at all sessions.
pub fn waiting(account: &Account) -> Result<Waiting, Failure> {
    let projects = paths::claude_projects()?;
    let folder = account.sync_folder()?;
    let files = discover::sessions(&projects).map_err(|error| Failure::file(&projects, &error))?;
    let mut found = Waiting {
        files: files.len() as u64,
        ..Waiting::default()
    };
    for file in files {
        let length = fs::metadata(&file).map_or(0, |metadata| metadata.len());
        let sent = file_state::peek(&folder, &file).map_or(0, |progress| progress.offset);
        // A file that has become shorter is sent from the start.
        let left = if sent > length { length } else { length - sent };
        found.waiting += u64::from(left > 0);
        found.bytes += left;
    }
    Ok(found)
}
