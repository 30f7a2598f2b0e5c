//! Parts that tests can do without: a Redis server, real data, another client.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

/// The variable that makes a missing part a failure, as in CI.
const REQUIRE_ALL: &str = "REQUIRE_ALL";

static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Says that `part` is missing and its tests are skipped: once per process, and past the capture of test
/// output, so that it is seen.
///
/// # Errors
/// When `REQUIRE_ALL=1` demands that nothing is skipped.
pub fn skip_without(part: &str) -> io::Result<()> {
    if std::env::var(REQUIRE_ALL).is_ok_and(|value| value == "1") {
        let text = format!("{part} is missing, and {REQUIRE_ALL}=1 demands it");
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    note_skipped(part)
}

/// As [`skip_without`], also under `REQUIRE_ALL=1`: for what no CI has, such as an account of somebody's.
///
/// # Errors
/// When the line cannot be written.
pub fn note_skipped(part: &str) -> io::Result<()> {
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if said.insert(part.to_owned()) {
        writeln!(io::stderr(), "skipped: {part} is missing")?;
    }
    Ok(())
}
