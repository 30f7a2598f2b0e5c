//! Paths on this machine.

use std::env;
use std::path::{PathBuf, absolute};

use crate::failure::Failure;

/// The name of the program's own folders.
const NAME: &str = "conversation-store";

/// The folder of the token.
pub fn config() -> Result<PathBuf, Failure> {
    folder("XDG_CONFIG_HOME", ".config").map(|folder| folder.join(NAME))
}

/// The folder of the sync state and the log.
pub fn state() -> Result<PathBuf, Failure> {
    folder("XDG_STATE_HOME", ".local/state").map(|folder| folder.join(NAME))
}

/// Where problems of hooks are noted.
pub fn log() -> Result<PathBuf, Failure> {
    Ok(state()?.join("sync.log"))
}

/// The sessions of Claude Code.
pub fn claude_projects() -> Result<PathBuf, Failure> {
    let named = env::var_os("CLAUDE_CONFIG_DIR").filter(|folder| !folder.is_empty());
    let folder = match named {
        Some(folder) => absolute(folder).map_err(Failure::other)?,
        None => home(".claude", "CLAUDE_CONFIG_DIR")?,
    };
    Ok(folder.join("projects"))
}

/// The folder that a variable names, or one of the home folder.
fn folder(variable: &str, default: &str) -> Result<PathBuf, Failure> {
    let named = env::var_os(variable).map(PathBuf::from);
    // As the XDG base directory specification says, a relative path is ignored.
    if let Some(folder) = named.filter(|folder| folder.is_absolute()) {
        return Ok(folder);
    }
    home(default, variable)
}

/// A folder of the home folder.
fn home(name: &str, variable: &str) -> Result<PathBuf, Failure> {
    let home = env::home_dir().filter(|home| !home.as_os_str().is_empty());
    home.map(|home| home.join(name))
        .ok_or_else(|| Failure::Failed(format!("there is no home folder: set HOME or {variable}")))
}
