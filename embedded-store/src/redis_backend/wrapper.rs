//! Wrapping a script so that some of its commands are refused, which Redis itself cannot do.

use std::fmt::Write as _;

use crate::kind;
use crate::rules::{CAPACITY_EXCEEDED, ScriptFailure};

/// The Lua code that precedes a script, with placeholders for the failure and the full store.
const TEMPLATE: &str = include_str!("wrapper.lua");

/// The script with its own `redis` table, which refuses commands according to the rules. The wrapper shares the
/// script's first line, so that all lines keep their numbers.
pub(super) fn wrap(script: &[u8], full: bool, failure: Option<&ScriptFailure>) -> Vec<u8> {
    let start = match script.starts_with(b"#!") {
        false => Some(0),
        true => script
            .iter()
            .position(|byte| *byte == b'\n')
            .map(|end| end + 1),
    };
    // Redis refuses a script that consists of its first line only.
    let (header, body) = script.split_at(start.unwrap_or(script.len()));
    let wrapper = wrapper(full, failure);
    [header, wrapper.as_bytes(), body].concat()
}

fn wrapper(full: bool, failure: Option<&ScriptFailure>) -> String {
    let nth = failure.map_or(0, |failure| failure.nth);
    let error = failure.map_or("", |failure| &failure.error);
    let lines = TEMPLATE.lines();
    let lines = lines.map(str::trim).filter(|line| !line.starts_with("--"));
    let one_line = lines.collect::<Vec<_>>().join(" ");
    one_line
        .replace("$NTH", &nth.to_string())
        .replace("$ERROR", &quoted(error))
        .replace("$FULL", if full { "true" } else { "false" })
        .replace("$CAPACITY", &quoted(CAPACITY_EXCEEDED))
        .replace("$ALLOWED", &allowed(full))
        + " "
}

/// The names of the commands that a full store allows, as table entries.
fn allowed(full: bool) -> String {
    let names = kind::names_of_no_growth().filter(|_| full);
    names.map(|name| format!("['{name}']=1,")).collect()
}

/// The text as a Lua string literal.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("'");
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b' ' {
            quoted.push(char::from(byte));
        } else {
            // Cannot fail: writing to a string never does.
            let _ = write!(quoted, "\\{byte:03}");
        }
    }
    quoted + "'"
}

/// How often the wrapper has signalled that a failure met its command, if this line of the statistics counts it.
///
/// The signal is a command that is refused inside scripts and that no client of the front can send. Its only effect
/// is on the count of its rejections, and read-only scripts can send it too.
pub(super) fn signals(line: &str) -> Option<u64> {
    let fields = line.strip_prefix("cmdstat_monitor:")?;
    let rejected = fields
        .split(',')
        .find_map(|field| field.strip_prefix("rejected_calls="));
    rejected?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_stays_first_and_no_line_is_added() {
        let script = b"#!lua flags=no-writes\nlocal a\nreturn a";
        let failure = ScriptFailure {
            nth: 2,
            error: "ERR it's\nso".to_owned(),
        };
        let wrapped = String::from_utf8(wrap(script, true, Some(&failure))).unwrap();
        let lines: Vec<_> = wrapped.lines().collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0], "#!lua flags=no-writes");
        assert!(lines[1].starts_with("local redis") && lines[1].ends_with("local a"));
        assert!(!wrapped.contains('$'));
    }

    #[test]
    fn rejections_are_read_from_the_statistics() {
        let line =
            "cmdstat_monitor:calls=0,usec=0,usec_per_call=0.00,rejected_calls=3,failed_calls=0";
        assert_eq!(signals(line), Some(3));
        assert_eq!(signals("cmdstat_get:calls=1,rejected_calls=3"), None);
    }
}
