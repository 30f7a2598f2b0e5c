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
    if add(&list()?, &line(tests, remedy))? {
        writeln!(io::stderr(), "note: {tests} are skipped ({remedy})")?;
    }
    Ok(())
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
    take(&list()?)
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

/// The process id is used again some day, so the start of the process is added where `/proc` has it.
#[cfg(unix)]
fn run_id() -> String {
    let cargo = std::os::unix::process::parent_id();
    let statistics = fs::read_to_string(format!("/proc/{cargo}/stat")).unwrap_or_default();
    // The name, in parentheses, may contain anything. The start is the twentieth field after it.
    let fields = statistics.rsplit_once(')').map_or("", |(_, fields)| fields);
    let start = fields.split_whitespace().nth(19).unwrap_or("0");
    format!("{cargo}-{start}")
}

/// Elsewhere a list ends with the report only.
#[cfg(not(unix))]
fn run_id() -> String {
    "run".to_owned()
}

fn line(tests: &str, remedy: &str) -> String {
    format!("skipped: {tests} ({remedy})")
}

/// Adds the line to the list; `false` if it is there already.
fn add(list: &Path, line: &str) -> io::Result<bool> {
    let _guard = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    if lines(list)?.iter().any(|known| known == line) {
        return Ok(false);
    }
    let mut file = OpenOptions::new().create(true).append(true).open(list)?;
    writeln!(file, "{line}")?;
    Ok(true)
}

fn take(list: &Path) -> io::Result<Vec<String>> {
    let lines = lines(list)?;
    match fs::remove_file(list) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(lines),
    }
}

fn lines(list: &Path) -> io::Result<Vec<String>> {
    match fs::read_to_string(list) {
        Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_each_line_once_and_ends_when_it_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("list");
        let redis = line("tests on a real Redis", "install redis-server");
        let node = line("tests in Node", "install node");
        assert!(add(&list, &redis).unwrap());
        assert!(add(&list, &node).unwrap());
        assert!(!add(&list, &redis).unwrap());
        assert_eq!(take(&list).unwrap(), [redis, node]);
        assert!(take(&list).unwrap().is_empty());
    }
}
