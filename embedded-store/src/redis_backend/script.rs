//! Rewriting scripts for a stock Redis: Upstash's flag `allow-key-locking`, which Redis refuses, is removed, and
//! rules that apply inside scripts are enforced by a wrapper.
//!
//! Both change the script's SHA-1. The source is kept under the SHA-1 that the client knows, so that its EVALSHA
//! finds the script.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use super::wrapper;
use crate::kind::Kind;
use crate::reply::Reply;
use crate::rules::{Full, Rules};
use crate::sha1;

const FLAG: &[u8] = b"allow-key-locking";

/// A command as it is sent to Redis, and how its reply is translated back.
pub struct Outgoing<'a> {
    words: Cow<'a, [Vec<u8>]>,
    /// For SCRIPT LOAD: the SHA-1 that the client expects in the reply.
    loaded: Option<String>,
    wrapped: Option<Wrapped>,
}

/// A script that was sent in a wrapper.
struct Wrapped {
    /// Whether it signals when a command was made to fail.
    signals: bool,
    sent_sha: String,
    /// The SHA-1 the client expects in errors.
    sha: String,
}

/// No script has this SHA-1, so Redis replies NOSCRIPT.
const UNKNOWN_SHA: &[u8] = b"0000000000000000000000000000000000000000";

impl<'a> Outgoing<'a> {
    fn unchanged(words: &'a [Vec<u8>]) -> Self {
        Self {
            words: Cow::Borrowed(words),
            loaded: None,
            wrapped: None,
        }
    }

    fn changed(words: Vec<Vec<u8>>) -> Self {
        Self {
            words: Cow::Owned(words),
            loaded: None,
            wrapped: None,
        }
    }

    /// Whether a failure may occur inside this command.
    pub fn may_signal(&self) -> bool {
        let wrapped = self.wrapped.as_ref();
        wrapped.is_some_and(|wrapped| wrapped.signals)
    }

    /// The name and the arguments to send.
    pub fn words(&self) -> &[Vec<u8>] {
        &self.words
    }

    /// The reply with the SHA-1 the client knows.
    pub fn restored(&self, reply: Reply) -> Reply {
        match (&self.loaded, &self.wrapped, reply) {
            (Some(sha), _, Reply::Bulk(_)) => Reply::Bulk(sha.clone().into_bytes()),
            (_, Some(wrapped), Reply::Error(text)) => {
                Reply::Error(text.replace(&wrapped.sent_sha, &wrapped.sha))
            }
            (_, _, reply) => reply,
        }
    }
}

/// A script as the client knows it.
struct Known {
    source: Vec<u8>,
    /// Redis's SHA-1 of it, where that is another one.
    stock_sha: Option<Vec<u8>>,
}

/// The scripts seen so far, by the client's SHA-1 in lower-case hex.
#[derive(Default)]
pub struct Scripts(RwLock<HashMap<Vec<u8>, Known>>);

impl Scripts {
    /// The command as Redis understands it; only script commands change.
    pub fn outgoing<'a>(&self, words: &'a [Vec<u8>], rules: &mut Rules) -> Outgoing<'a> {
        let Some(name) = words.first() else {
            return Outgoing::unchanged(words);
        };
        let is = |text: &str| name.eq_ignore_ascii_case(text.as_bytes());
        let first_is = |text: &str| matches!(words.get(1), Some(word) if word.eq_ignore_ascii_case(text.as_bytes()));
        let (with_source, with_sha) = (
            is("EVAL") || is("EVAL_RO"),
            is("EVALSHA") || is("EVALSHA_RO"),
        );
        if with_source && let Some(source) = words.get(1) {
            self.remember(source);
        }
        if (with_source || with_sha) && rules.reach_into_scripts() {
            self.wrapped(words, rules)
        } else if with_source {
            with_stock(words, 1)
        } else if with_sha {
            self.with_shas(words, 1..2)
        } else if is("SCRIPT") && first_is("LOAD") {
            let mut outgoing = with_stock(words, 2);
            outgoing.loaded = words.get(2).map(|source| self.remember(source));
            outgoing
        } else if is("SCRIPT") && first_is("EXISTS") {
            self.with_shas(words, 2..words.len())
        } else {
            if is("SCRIPT") && first_is("FLUSH") {
                self.forget();
            }
            Outgoing::unchanged(words)
        }
    }

    /// The source of the script that the command runs, if the command carries it or it was seen before.
    pub fn source(&self, words: &[Vec<u8>]) -> Option<Vec<u8>> {
        let [name, script, ..] = words else {
            return None;
        };
        if name.eq_ignore_ascii_case(b"EVAL") || name.eq_ignore_ascii_case(b"EVAL_RO") {
            return Some(script.clone());
        }
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let script = known.get(&script.to_ascii_lowercase())?;
        Some(script.source.clone())
    }

    /// Wraps the script. A script of unknown source cannot be wrapped and must not run, so its SHA-1 is replaced by
    /// one that Redis does not know.
    fn wrapped<'a>(&self, words: &[Vec<u8>], rules: &mut Rules) -> Outgoing<'a> {
        let mut words = words.to_vec();
        let Some(source) = self.source(&words) else {
            if let Some(sha) = words.get_mut(1) {
                *sha = UNKNOWN_SHA.to_vec();
            }
            return Outgoing::changed(words);
        };
        let failure = rules.failure.take();
        let full = rules.full == Some(Full::EveryCommand);
        let stock = without_flag(&source);
        let script = wrapper::wrap(stock.as_deref().unwrap_or(&source), full, failure.as_ref());
        let wrapped = Wrapped {
            signals: failure.is_some(),
            sent_sha: sha1::hex(&script),
            sha: sha1::hex(&source),
        };
        let read_only = Kind::of(&words) == Kind::WideRead;
        words[0] = if read_only { "EVAL_RO" } else { "EVAL" }.into();
        words[1] = script;
        Outgoing {
            wrapped: Some(wrapped),
            ..Outgoing::changed(words)
        }
    }

    /// Replaces the known SHA-1s among the words of `range`; Redis replies NOSCRIPT to the others.
    fn with_shas<'a>(&self, words: &'a [Vec<u8>], range: std::ops::Range<usize>) -> Outgoing<'a> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut words = Cow::Borrowed(words);
        for position in range {
            let given = words.get(position).map(|sha| sha.to_ascii_lowercase());
            let script = given.and_then(|sha| known.get(&sha));
            if let Some(stock) = script.and_then(|script| script.stock_sha.as_ref()) {
                words.to_mut()[position].clone_from(stock);
            }
        }
        Outgoing {
            words,
            loaded: None,
            wrapped: None,
        }
    }

    /// Keeps the script and returns the client's SHA-1.
    fn remember(&self, source: &[u8]) -> String {
        let sha = sha1::hex(source);
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let is_new = !known.contains_key(sha.as_bytes());
        drop(known);
        if is_new {
            let stock_sha = without_flag(source).map(|stock| sha1::hex(&stock).into_bytes());
            let script = Known {
                source: source.to_vec(),
                stock_sha,
            };
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            known.insert(sha.clone().into_bytes(), script);
        }
        sha
    }

    fn forget(&self) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.clear();
    }
}

/// Removes the flag from the script at `position`.
fn with_stock(words: &[Vec<u8>], position: usize) -> Outgoing<'_> {
    let script = words.get(position);
    let Some(stock) = script.and_then(|script| without_flag(script)) else {
        return Outgoing::unchanged(words);
    };
    let mut changed = words.to_vec();
    changed[position] = stock;
    Outgoing::changed(changed)
}

/// The script without the flag in its first line, or `None` if the flag is absent.
///
/// The line itself stays, so that line numbers in error messages are unchanged.
fn without_flag(script: &[u8]) -> Option<Vec<u8>> {
    if !script.starts_with(b"#!") {
        return None;
    }
    let end = script.iter().position(|byte| *byte == b'\n');
    let (line, rest) = script.split_at(end.unwrap_or(script.len()));
    let mut found = false;
    let mut stock = Vec::with_capacity(script.len());
    for (index, word) in line.split(|byte| *byte == b' ').enumerate() {
        let kept = match word.strip_prefix(b"flags=") {
            Some(flags) => kept_flags(flags, &mut found),
            None => Some(word.to_vec()),
        };
        if let Some(kept) = kept {
            stock.extend_from_slice(if index == 0 { b"" } else { b" " });
            stock.extend_from_slice(&kept);
        }
    }
    stock.extend_from_slice(rest);
    found.then_some(stock)
}

/// `flags=` with the flags Redis knows, or nothing when none is left.
fn kept_flags(flags: &[u8], found: &mut bool) -> Option<Vec<u8>> {
    let all = flags.split(|byte| *byte == b',');
    let kept: Vec<&[u8]> = all
        .filter(|flag| {
            *found |= *flag == FLAG;
            *flag != FLAG
        })
        .collect();
    (!kept.is_empty()).then(|| [b"flags=".as_slice(), &kept.join(&b',')].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stock(script: &str) -> Option<String> {
        without_flag(script.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn removes_just_the_flag_and_keeps_the_line() {
        let only = stock("#!lua flags=allow-key-locking\nreturn 1");
        assert_eq!(only.as_deref(), Some("#!lua\nreturn 1"));
        let first = stock("#!lua flags=allow-key-locking,no-writes\nreturn 1");
        assert_eq!(first.as_deref(), Some("#!lua flags=no-writes\nreturn 1"));
        let last = stock("#!lua flags=no-writes,allow-key-locking");
        assert_eq!(last.as_deref(), Some("#!lua flags=no-writes"));
    }

    #[test]
    fn leaves_other_scripts_alone() {
        assert_eq!(stock("return 1"), None);
        assert_eq!(stock("#!lua flags=no-writes\nreturn 1"), None);
        assert_eq!(stock("#!lua\nreturn 'flags=allow-key-locking'"), None);
    }

    #[test]
    fn translates_known_shas_only() {
        let scripts = Scripts::default();
        let rules = &mut Rules::default();
        let script = b"#!lua flags=allow-key-locking\nreturn 1".to_vec();
        let sha = sha1::hex(&script).to_uppercase().into_bytes();
        let evalsha = [b"EVALSHA".to_vec(), sha, b"0".to_vec()];
        assert_eq!(scripts.outgoing(&evalsha, rules).words(), evalsha);
        let eval = [b"eval".to_vec(), script, b"0".to_vec()];
        assert_eq!(
            scripts.outgoing(&eval, rules).words()[1],
            b"#!lua\nreturn 1"
        );
        let stock = sha1::hex(b"#!lua\nreturn 1").into_bytes();
        assert_eq!(scripts.outgoing(&evalsha, rules).words()[1], stock);
    }
}
