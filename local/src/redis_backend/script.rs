//! Upstash's script flag `allow-key-locking`, which a stock Redis refuses.
//!
//! The flag is taken out of a script's first line on its way to Redis, which changes the script's
//! SHA1. So that a client's EVALSHA finds the script, the SHA1 it knows is kept with the one Redis
//! knows.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use sha1_smol::Sha1;

use crate::backend::Reply;

const FLAG: &[u8] = b"allow-key-locking";

/// A command as it goes to Redis, and how its reply comes back.
pub struct Outgoing<'a> {
    words: Cow<'a, [Vec<u8>]>,
    /// For SCRIPT LOAD: the SHA1 the client expects in the reply.
    loaded: Option<String>,
}

impl<'a> Outgoing<'a> {
    fn unchanged(words: &'a [Vec<u8>]) -> Self {
        Self {
            words: Cow::Borrowed(words),
            loaded: None,
        }
    }

    /// The name and the arguments to send.
    pub fn words(&self) -> &[Vec<u8>] {
        &self.words
    }

    /// The reply with the SHA1 the client knows.
    pub fn restored(&self, reply: Reply) -> Reply {
        match (&self.loaded, reply) {
            (Some(sha), Reply::Bulk(_)) => Reply::Bulk(sha.clone().into_bytes()),
            (_, reply) => reply,
        }
    }
}

/// The SHA1s of the scripts that were changed: the client's to Redis's, in lower-case hex.
#[derive(Default)]
pub struct Scripts(RwLock<HashMap<Vec<u8>, Vec<u8>>>);

impl Scripts {
    /// The command as Redis understands it; all but script commands are unchanged.
    pub fn outgoing<'a>(&self, words: &'a [Vec<u8>]) -> Outgoing<'a> {
        let Some(name) = words.first() else {
            return Outgoing::unchanged(words);
        };
        let is = |text: &str| name.eq_ignore_ascii_case(text.as_bytes());
        let first_is = |text: &str| matches!(words.get(1), Some(word) if word.eq_ignore_ascii_case(text.as_bytes()));
        if is("EVAL") || is("EVAL_RO") {
            self.with_script(words, 1, false)
        } else if is("EVALSHA") || is("EVALSHA_RO") {
            self.with_shas(words, 1..2)
        } else if is("SCRIPT") && first_is("LOAD") {
            self.with_script(words, 2, true)
        } else if is("SCRIPT") && first_is("EXISTS") {
            self.with_shas(words, 2..words.len())
        } else {
            Outgoing::unchanged(words)
        }
    }

    /// Takes the flag out of the script at `position`.
    fn with_script<'a>(&self, words: &'a [Vec<u8>], position: usize, load: bool) -> Outgoing<'a> {
        let Some((script, stock)) = words
            .get(position)
            .and_then(|script| Some((script, without_flag(script)?)))
        else {
            return Outgoing::unchanged(words);
        };
        let sha = self.remember(script, &stock);
        let mut changed = words.to_vec();
        changed[position] = stock;
        Outgoing {
            words: Cow::Owned(changed),
            loaded: load.then_some(sha),
        }
    }

    /// Replaces the known SHA1s among the words of `range`; Redis answers NOSCRIPT to the others.
    fn with_shas<'a>(&self, words: &'a [Vec<u8>], range: std::ops::Range<usize>) -> Outgoing<'a> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut words = Cow::Borrowed(words);
        for position in range {
            let given = words.get(position).map(|sha| sha.to_ascii_lowercase());
            if let Some(stock) = given.and_then(|sha| known.get(&sha)) {
                words.to_mut()[position].clone_from(stock);
            }
        }
        Outgoing {
            words,
            loaded: None,
        }
    }

    /// Notes both SHA1s and returns the client's.
    fn remember(&self, script: &[u8], stock: &[u8]) -> String {
        let sha = Sha1::from(script).digest().to_string();
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let is_new = !known.contains_key(sha.as_bytes());
        drop(known);
        if is_new {
            let stock_sha = Sha1::from(stock).digest().to_string().into_bytes();
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            known.insert(sha.clone().into_bytes(), stock_sha);
        }
        sha
    }
}

/// The script without the flag in its first line, or `None` when the flag is not there.
///
/// The line stays, so that line numbers in error messages do.
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
        let script = b"#!lua flags=allow-key-locking\nreturn 1".to_vec();
        let sha = Sha1::from(&script)
            .digest()
            .to_string()
            .to_uppercase()
            .into_bytes();
        let evalsha = [b"EVALSHA".to_vec(), sha, b"0".to_vec()];
        assert_eq!(scripts.outgoing(&evalsha).words(), evalsha);
        let eval = [b"eval".to_vec(), script, b"0".to_vec()];
        assert_eq!(scripts.outgoing(&eval).words()[1], b"#!lua\nreturn 1");
        let stock = Sha1::from(b"#!lua\nreturn 1")
            .digest()
            .to_string()
            .into_bytes();
        assert_eq!(scripts.outgoing(&evalsha).words()[1], stock);
    }
}
