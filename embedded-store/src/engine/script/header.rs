//! A script's optional first line, such as `#!lua flags=allow-key-locking,no-writes`.

use super::super::failure::Failure;

/// The declarations of the first line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    /// Whether there is such a line at all. If so it is binding, also under the read-only commands.
    pub(super) present: bool,
    pub(super) no_writes: bool,
    /// Whether it may grow the data of a full store.
    allow_oom: bool,
    /// Upstash's own flag: only the keys passed in KEYS may be touched.
    pub(super) key_locking: bool,
}

impl Header {
    /// Reads the header and returns the part for Lua to compile, which begins with the header's line end so that
    /// errors name the right lines.
    pub(in crate::engine) fn split(script: &[u8]) -> Result<(Self, &[u8]), Failure> {
        if !script.starts_with(b"#!") {
            return Ok((Self::default(), script));
        }
        let end = script.iter().position(|byte| *byte == b'\n');
        let end = end.ok_or(Failure::fixed("ERR Invalid script shebang"))?;
        let line = String::from_utf8_lossy(&script[..end]);
        Ok((Self::parse(&line)?, &script[end..]))
    }

    /// The header of `script`, if that has a valid one or none.
    pub(crate) fn of(script: &[u8]) -> Option<Self> {
        Some(Self::split(script).ok()?.0)
    }

    /// Whether Redis refuses the script while it is full. A script without a header may start.
    pub(in crate::engine) fn refused_when_full(self) -> bool {
        self.present && !self.runs_when_full()
    }

    /// Whether the flags let the script run in a full store.
    pub(crate) fn runs_when_full(self) -> bool {
        self.no_writes || self.allow_oom
    }

    fn parse(line: &str) -> Result<Self, Failure> {
        let mut words = line.split_ascii_whitespace();
        let engine = words.next().unwrap_or_default();
        if engine != "#!lua" {
            return Err(Failure::new(format!(
                "ERR Unexpected engine in script shebang: {engine}"
            )));
        }
        let mut header = Self {
            present: true,
            ..Self::default()
        };
        for word in words {
            let flags = word
                .strip_prefix("flags=")
                .ok_or_else(|| Failure::new(format!("ERR Unknown lua shebang option: {word}")))?;
            for flag in flags.split(',').filter(|_| !flags.is_empty()) {
                header.set(flag)?;
            }
        }
        Ok(header)
    }

    fn set(&mut self, flag: &str) -> Result<(), Failure> {
        match flag {
            "no-writes" => self.no_writes = true,
            "allow-key-locking" => self.key_locking = true,
            "allow-oom" => self.allow_oom = true,
            // They concern replicas and clusters, which do not exist here.
            "allow-stale" | "no-cluster" | "allow-cross-slot-keys" => {}
            _ => {
                return Err(Failure::new(format!(
                    "ERR Unexpected flag in script shebang: {flag}"
                )));
            }
        }
        Ok(())
    }
}
