//! Lua scripts, known to Redis by their SHA-1.

use sha1_smol::Sha1;

/// A script and its digest.
#[derive(Debug)]
pub struct Script {
    source: String,
    sha1: String,
}

impl Script {
    /// A script as it is.
    pub fn new(source: impl Into<String>) -> Self {
        let source = source.into();
        let sha1 = Sha1::from(&source).digest().to_string();
        Self { source, sha1 }
    }

    /// Puts a script together: `body`, made a function, behind `prelude`, which defines what `finish` does
    /// with it. The body's first line holds the flags and has to stay first.
    pub fn with_prelude(prelude: &str, body: &str) -> Self {
        let (flags, rest) = body.split_once('\n').unwrap_or((body, ""));
        Self::new(format!(
            "{flags}\n{prelude}\nreturn finish(function()\n{rest}\nend)\n"
        ))
    }

    /// The text, for `EVAL`.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The digest, for `EVALSHA`.
    pub fn sha1(&self) -> &str {
        &self.sha1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_flags_first() {
        let script = Script::with_prelude("local a = 1", "#!lua flags=x\nreturn a\n");
        let expected = "#!lua flags=x\nlocal a = 1\nreturn finish(function()\nreturn a\n\nend)\n";
        assert_eq!(script.source(), expected);
    }

    #[test]
    fn is_known_by_its_sha1() {
        let script = Script::new("return 1");
        assert_eq!(script.sha1(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    }
}
