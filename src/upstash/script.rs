//! Lua scripts, known to Redis by their SHA-1.

use sha1_smol::Sha1;

/// A script and its digest.
#[derive(Debug)]
pub struct Script {
    source: String,
    sha1: String,
}

impl Script {
    /// Puts a script together: `body` with `prelude` inserted behind its first line, which has to stay
    /// first because it holds the flags.
    pub fn new(prelude: &str, body: &str) -> Self {
        let (flags, rest) = body.split_once('\n').unwrap_or((body, ""));
        let source = format!("{flags}\n{prelude}\n{rest}");
        let sha1 = Sha1::from(&source).digest().to_string();
        Self { source, sha1 }
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
        let script = Script::new("local a = 1", "#!lua flags=x\nreturn a\n");
        assert_eq!(script.source(), "#!lua flags=x\nlocal a = 1\nreturn a\n");
    }

    #[test]
    fn is_known_by_its_sha1() {
        let script = Script::new("", "return 1");
        assert_eq!(script.source(), "return 1\n\n");
        assert_eq!(script.sha1(), "87df517f6cc6c684695117588a0883c4792e7b6e");
    }
}
