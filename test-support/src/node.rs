//! Whether there is what tests in JavaScript need.

use std::io;
use std::path::Path;
use std::process::Command;

use crate::skip_without;

/// Whether Node is installed; where not, notes that `tests` are skipped.
///
/// # Errors
/// Those of [`skip_without`].
pub fn has_node(tests: &str) -> io::Result<bool> {
    let output = Command::new("node").arg("--version").output();
    let is_there = output.is_ok_and(|output| output.status.success());
    if !is_there {
        skip_without(tests, "install node")?;
    }
    Ok(is_there)
}

/// Whether Node is installed, and the packages of this folder, which `remedy` installs; where not, notes that `tests` are
/// skipped.
///
/// # Errors
/// Those of [`skip_without`].
pub fn has_packages(tests: &str, folder: &Path, remedy: &str) -> io::Result<bool> {
    let is_there = folder.join("node_modules").is_dir();
    if !is_there {
        skip_without(tests, remedy)?;
    }
    Ok(is_there && has_node(tests)?)
}
