//! A script in a wrapper that refuses some of its commands, for a Redis knows no such thing.

use std::fmt::Write as _;

use crate::kind;
use crate::rules::{CAPACITY_EXCEEDED, ScriptFailure};

/// The Lua that stands before a script, with places for the failure and the full store.
const TEMPLATE: &str = include_str!("wrapper.lua");

/// The script with a `redis` of its own, whose commands are refused where they have to be. The wrapper stands
/// in the script's first line, behind which the lines keep their numbers.
pub(super) fn wrap(script: &[u8], full: bool, failure: Option<&ScriptFailure>) -> Vec<u8> {
    let start = match script.starts_with(b"#!") {
        false => Some(0),
        true => script
            .iter()
            .position(|byte| *byte == b'\n')
            .map(|end| end + 1),
    };
    // Redis refuses a script that is nothing but its first line.
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

/// The names a full store lets pass, as the entries of a table.
fn allowed(full: bool) -> String {
    let names = kind::names_of_no_growth().filter(|_| full);
    names.map(|name| format!("['{name}']=1,")).collect()
}

/// Any text as Lua writes it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("'");
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b' ' {
            quoted.push(char::from(byte));
        } else {
            // Cannot fail: a string takes every text.
            let _ = write!(quoted, "\\{byte:03}");
        }
    }
    quoted + "'"
}

/// How often the wrapper has signalled that a failure met its command, if this line of the statistics says so.
///
/// It does so by a command that is refused inside of scripts, and that nobody sends to the front: it has no effect
/// but on the count of its rejections, and read-only scripts can send it too.
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
