//! Tests that are skipped because something is not installed, collected for one list at the end of a run.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// The variable that makes a missing part a failure, as in CI.
const REQUIRE_ALL: &str = "REQUIRE_ALL";

/// The variable by which a test hands its list down to a program that it starts.
const LIST: &str = "SKIPPED_TESTS_LIST";

/// Tests of one process run in parallel, and each line is written once.
static WRITING: Mutex<()> = Mutex::new(());

/// Notes that `tests` (such as "tests on a real Redis") are skipped, and what has to be done to run them.
///
/// The first note of a run goes to standard error at once, past the capture of test output. The last test
/// program of `cargo test --workspace` prints them all.
///
/// # Errors
/// When `REQUIRE_ALL=1` demands that nothing is skipped, and when the list cannot be written.
pub fn skip_without(tests: &str, remedy: &str) -> io::Result<()> {
    if std::env::var(REQUIRE_ALL).is_ok_and(|value| value == "1") {
        let text = format!("{tests} cannot run and {REQUIRE_ALL}=1 allows no skipping: {remedy}");
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    note_skipped(tests, remedy)
}

/// As [`skip_without`], also under `REQUIRE_ALL=1`: for what no CI has, such as a personal account.
///
/// # Errors
/// When the list cannot be written.
pub fn note_skipped(tests: &str, remedy: &str) -> io::Result<()> {
    let _guard = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let list = list()?;
    let line = format!("skipped: {tests} ({remedy})");
    if lines(&list)?.contains(&line) {
        return Ok(());
    }
    let mut file = OpenOptions::new().create(true).append(true).open(&list)?;
    writeln!(file, "{line}")?;
    writeln!(io::stderr(), "note: {tests} are skipped ({remedy})")
}

/// Lets a program started by a test add to the test's own list.
///
/// # Errors
/// When the program's own path is unknown.
pub fn hand_down(command: &mut Command) -> io::Result<()> {
    command.env(LIST, list()?);
    Ok(())
}

/// Returns what this run has skipped, each line once, and forgets it.
///
/// # Errors
/// When the list cannot be read or removed.
pub fn take_skipped() -> io::Result<Vec<String>> {
    let list = list()?;
    let lines = lines(&list)?;
    match fs::remove_file(&list) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(lines),
    }
}

/// The list of this run, beside the test programs. A run is known by the Cargo process that starts all of them.
fn list() -> io::Result<PathBuf> {
    if let Some(list) = std::env::var_os(LIST) {
        return Ok(list.into());
    }
    let program = std::env::current_exe()?;
    let folder = program.parent().unwrap_or(Path::new("."));
    let mut name = OsString::from("skipped-tests-");
    name.push(run_id());
    Ok(folder.join(name))
}

#[cfg(unix)]
fn run_id() -> String {
    std::os::unix::process::parent_id().to_string()
}

/// Elsewhere one run's list ends with the report.
#[cfg(not(unix))]
fn run_id() -> String {
    "run".to_owned()
}

fn lines(list: &Path) -> io::Result<Vec<String>> {
    match fs::read_to_string(list) {
        Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
