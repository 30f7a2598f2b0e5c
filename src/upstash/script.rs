//! Lua scripts, known to Redis by their SHA-1.

use sha1_smol::Sha1;

use super::Command;

/// A script and its digest.
#[derive(Debug)]
pub struct Script {
    source: String,
    sha1: String,
    is_read_only: bool,
    frees: bool,
    /// The same without [`ALLOW_OOM`], where it has that.
    without_flag: Option<Box<Script>>,
}

/// The flag of scripts that delete more than they add. Redis knows it; a database that does not gets the script
/// without it.
const ALLOW_OOM: &str = ",allow-oom";

impl Script {
    /// A script as it is.
    pub fn new(source: impl Into<String>) -> Self {
        let source = source.into();
        let sha1 = Sha1::from(&source).digest().to_string();
        let flags = source.lines().next().unwrap_or_default();
        let is_flagged = |flag| flags.starts_with("#!") && flags.contains(flag);
        let (is_read_only, frees) = (is_flagged("no-writes"), is_flagged(ALLOW_OOM));
        let without_flag = frees.then(|| Box::new(Self::new(source.replacen(ALLOW_OOM, "", 1))));
        Self {
            source,
            sha1,
            is_read_only,
            frees,
            without_flag,
        }
    }

    /// Puts a script together: `body`, made a function, behind `prelude`, which defines what `finish` does
    /// with it. The body's first line holds the flags and has to stay first.
    pub fn with_prelude(prelude: &str, body: &str) -> Self {
        let (flags, rest) = body.split_once('\n').unwrap_or((body, ""));
        Self::new(format!(
            "{flags}\n{prelude}\nreturn finish(function()\n{rest}\nend)\n"
        ))
    }

    /// Whether its first line says that it writes nothing: then it runs where nothing may be written.
    pub fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    /// Whether its first line says that it may run where memory is short: it takes away more than it adds.
    pub fn frees(&self) -> bool {
        self.frees
    }

    /// The same script for a database that does not know the flag of those that free.
    pub(super) fn without_flag(&self) -> Option<&Self> {
        self.without_flag.as_deref()
    }

    /// The command that runs it by its digest.
    pub(crate) fn by_digest<'a>(&'a self, keys: &[&'a str], arguments: &[&'a str]) -> Command<'a> {
        let name = if self.is_read_only {
            "EVALSHA_RO"
        } else {
            "EVALSHA"
        };
        Command::script(name, &self.sha1, keys, arguments)
    }

    /// The command that runs it by its text, and makes it known.
    pub(crate) fn by_text<'a>(&'a self, keys: &[&'a str], arguments: &[&'a str]) -> Command<'a> {
        let name = if self.is_read_only { "EVAL_RO" } else { "EVAL" };
        Command::script(name, &self.source, keys, arguments)
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
    fn one_that_writes_nothing_says_so_in_its_first_line() {
        assert!(Script::new("#!lua flags=allow-key-locking,no-writes\n").is_read_only());
        assert!(!Script::new("#!lua flags=allow-key-locking\n-- no-writes").is_read_only());
        assert!(!Script::new("return 1 -- no-writes").is_read_only());
    }

    #[test]
    fn is_known_by_its_sha1() {
        let script = Script::new("return 1");
        assert_eq!(script.sha1(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    }
}
