//! Where log lines go.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

/// A place for log lines: the standard output, or what a test puts in its stead.
#[derive(Clone)]
pub struct Log(Arc<dyn Fn(&str) + Send + Sync>);

impl Log {
    /// Gives each line, without its end, to `sink`.
    pub fn new(sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// Writes one line.
    pub fn write(&self, line: &str) {
        (self.0)(line);
    }
}

impl Default for Log {
    fn default() -> Self {
        Self::new(|line| {
            // Nobody is answered worse for a log that cannot be written; `println!` would panic.
            let _ = writeln!(io::stdout().lock(), "{line}");
        })
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log(..)")
    }
}
