//! Building tables in Markdown.

use std::fmt::Write as _;

/// A table under construction.
#[derive(Debug)]
pub struct Table(String);

impl Table {
    /// The first column is text, the others are figures.
    pub fn new(columns: &[&str]) -> Self {
        let mut text = String::new();
        // Writing into memory does not fail.
        let _ = writeln!(text, "| {} |", columns.join(" | "));
        let _ = writeln!(text, "|---|{}", "--:|".repeat(columns.len() - 1));
        Self(text)
    }

    /// Text only.
    pub fn of_text(columns: &[&str]) -> Self {
        let mut text = String::new();
        let _ = writeln!(text, "| {} |", columns.join(" | "));
        let _ = writeln!(text, "|{}", "---|".repeat(columns.len()));
        Self(text)
    }

    /// Adds a row.
    pub fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.0.push('|');
        for cell in cells {
            let _ = write!(self.0, " {} |", cell.as_ref());
        }
        self.0.push('\n');
    }

    /// The table.
    pub fn finish(self) -> String {
        self.0
    }
}
