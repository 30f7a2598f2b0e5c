//! What commands print: a text, or JSON for other programs.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

/// Where to print, and how.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    is_json: bool,
    is_quiet: bool,
}

impl Output {
    /// JSON, or texts for people.
    pub fn new(is_json: bool) -> Self {
        Self {
            is_json,
            is_quiet: false,
        }
    }

    /// Prints nothing.
    pub fn quiet() -> Self {
        Self {
            is_json: false,
            is_quiet: true,
        }
    }

    /// Prints JSON, where that is wanted.
    pub fn json(self, value: impl FnOnce() -> Value) {
        if self.is_json && !self.is_quiet {
            print(&value().to_string());
        }
    }

    /// Prints a text, where JSON is not wanted.
    pub fn text(self, text: impl FnOnce() -> String) {
        if !self.is_json && !self.is_quiet {
            print(&text());
        }
    }

    /// Prints a problem that does not end the command.
    pub fn warn(self, problem: &str) {
        if !self.is_quiet {
            eprintln!("conversation-store: {problem}");
        }
    }

    /// Shows progress; only to people.
    pub fn progress(self, what: &'static str, length: usize) -> ProgressBar {
        let is_shown = !self.is_json && !self.is_quiet && io::stderr().is_terminal();
        if !is_shown {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {eta}");
        let bar = ProgressBar::new(length as u64).with_prefix(what);
        bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
    }
}

/// Prints a line. If the other end is closed, as by `head`, no more output is wanted.
fn print(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// `1 file`, `2 files`.
pub fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
