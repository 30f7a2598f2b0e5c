//! Fingerprints of words: a few characters each, of which a conversation's signature is made. A signature tells which conversations
//! cannot match, so that only others are read.
//!
//! A signature is text, so that it passes through JSON as it is and scripts need not decode it:
//!
//! ```text
//! 2 <groups of the title> SP <groups of the texts>
//! group of words:          ! first entry entry...        each entry 3 characters
//! group of CJK bigrams:    # first entry entry...        each entry 1 character
//! ```
//!
//! `first` comes from the word's first character, the entry from the rest: its first character from the word's second and third, its second from
//! the fourth and fifth, its third from the whole word. So a prefix is known by what an entry begins with. `src/lua/lib/signature.lua`
//! compares them. What is stored must not change its meaning: another form has to begin with another digit.

use std::collections::{BTreeMap, BTreeSet};

use super::token::{Token, tokens};

/// The prefix of a signature of this form.
const VERSION: char = '2';
/// The prefix of a group.
const WORDS: u8 = b'!';
const CJK: u8 = b'#';

/// The characters that fingerprints are made of: printable ASCII but for the space, the two marks and what JSON would escape.
const ALPHABET: [u8; 90] = alphabet();

const fn alphabet() -> [u8; 90] {
    let (mut all, mut count, mut byte) = ([0; 90], 0, b'$');
    while byte <= b'~' {
        if byte != b'\\' {
            all[count] = byte;
            count += 1;
        }
        byte += 1;
    }
    all
}

/// FNV-1a: what is stored depends on it, so it is spelled out here.
fn hash(text: &str) -> u32 {
    let bytes = text.bytes();
    let mixed = bytes.fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    mixed ^ (mixed >> 15)
}

fn letter(number: u32) -> u8 {
    ALPHABET[(number % 90) as usize]
}

fn of_char(c: Option<char>) -> u32 {
    c.map_or(0, |c| hash(c.encode_utf8(&mut [0; 4])))
}

/// From two characters, of which the second may be unknown: then every letter that it can be.
fn letters_of(first: char, second: Option<char>) -> Vec<u8> {
    let base = of_char(Some(first)) % 10 * 9;
    match second {
        Some(_) => vec![letter(base + of_char(second) % 9)],
        None => (0..9).map(|rest| letter(base + rest)).collect(),
    }
}

/// From two characters that a word has, or has not.
fn letter_of(first: Option<char>, second: Option<char>) -> u8 {
    letter(of_char(first) % 10 * 9 + of_char(second) % 9)
}

type Key = [u8; 2];

/// A word: its group, and its entry there.
fn of_word(word: &str) -> (Key, [u8; 3]) {
    let mut chars = word.chars();
    let key = [WORDS, letter(of_char(chars.next()))];
    let front = letter_of(chars.next(), chars.next());
    let middle = letter_of(chars.next(), chars.next());
    (key, [front, middle, letter(hash(word))])
}

/// A character of Chinese, Japanese or Korean with the one that follows it.
fn of_bigram(first: &str, second: &str) -> (Key, u8) {
    let entry = letter(hash(&format!("{first}{second}")));
    ([CJK, letter(hash(first))], entry)
}

/// What scripts look for in signatures: how many characters of an entry are compared, the group, and the entries of which one has to be
/// there, by these characters.
fn probe(length: usize, key: Key, entries: &[Vec<u8>]) -> String {
    let mut probe = length.to_string().into_bytes();
    probe.extend(key);
    probe.extend(entries.concat());
    probe.iter().map(|byte| char::from(*byte)).collect()
}

pub(super) fn probe_word(word: &str) -> String {
    let (key, entry) = of_word(word);
    probe(3, key, &[entry.to_vec()])
}

pub(super) fn probe_prefix(prefix: &str) -> String {
    let chars: Vec<char> = prefix.chars().take(5).collect();
    let key = [WORDS, letter(of_char(chars.first().copied()))];
    let at = |index: usize| chars.get(index).copied();
    let entries = |letters: Vec<u8>| letters.into_iter().map(|letter| vec![letter]).collect();
    let (length, entries): (usize, Vec<Vec<u8>>) = match (at(1), at(3)) {
        (None, _) => (0, Vec::new()),
        (Some(second), None) => (1, entries(letters_of(second, at(2)))),
        (Some(_), Some(fourth)) => {
            let front = letter_of(at(1), at(2));
            let letters = letters_of(fourth, at(4)).into_iter();
            (2, letters.map(|letter| vec![front, letter]).collect())
        }
    };
    probe(length, key, &entries)
}

pub(super) fn probe_bigram(first: &str, second: &str) -> String {
    let (key, entry) = of_bigram(first, second);
    probe(1, key, &[vec![entry]])
}

/// A single character of Chinese, Japanese or Korean: the first of any bigram, or the last of what it stands in.
pub(super) fn probe_character(character: &str) -> String {
    probe(0, [CJK, letter(hash(character))], &[])
}

#[derive(Debug, Default)]
struct Groups {
    words: BTreeMap<Key, BTreeSet<[u8; 3]>>,
    bigrams: BTreeMap<Key, BTreeSet<u8>>,
}

impl Groups {
    fn add(&mut self, text: &str) {
        let all = tokens(text);
        for (index, token) in all.iter().enumerate() {
            if token.is_cjk {
                self.add_character(token, all.get(index + 1));
            } else {
                let (key, entry) = of_word(&token.text);
                self.words.entry(key).or_default().insert(entry);
            }
        }
    }

    fn add_character(&mut self, token: &Token, next: Option<&Token>) {
        let next = next.filter(|next| next.is_glued);
        let (key, entry) = of_bigram(&token.text, next.map_or("", |next| &next.text));
        self.bigrams.entry(key).or_default().insert(entry);
    }

    fn write_to(&self, bytes: &mut Vec<u8>) {
        for (key, entries) in &self.words {
            bytes.extend(key);
            entries.iter().for_each(|entry| bytes.extend(entry));
        }
        for (key, entries) in &self.bigrams {
            bytes.extend(key);
            bytes.extend(entries);
        }
    }
}

/// The fingerprints of what a conversation's title and texts are made of.
#[derive(Debug, Default)]
pub struct Signature {
    title: Groups,
    texts: Groups,
}

impl Signature {
    /// Adds a title.
    pub fn add_title(&mut self, title: &str) {
        self.title.add(title);
    }

    /// Adds a text.
    pub fn add_text(&mut self, text: &str) {
        self.texts.add(text);
    }

    /// As it is stored.
    pub fn to_text(&self) -> String {
        let mut bytes = Vec::new();
        self.title.write_to(&mut bytes);
        bytes.push(b' ');
        self.texts.write_to(&mut bytes);
        let characters = bytes.iter().map(|byte| char::from(*byte));
        std::iter::once(VERSION).chain(characters).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As `src/lua/lib/signature.lua` compares them.
    fn has(signature: &str, probe: &str) -> bool {
        let length: usize = probe[..1].parse().unwrap();
        let (key, wanted) = (&probe[1..3], &probe[3..]);
        let width = if key.starts_with('!') { 3 } else { 1 };
        let is_wanted = |entry: &str| {
            let mut wishes = (0..wanted.len()).step_by(length);
            wishes.any(|wish| entry[..length] == wanted[wish..wish + length])
        };
        let fits = |entries: &str| {
            length == 0
                || (0..entries.len())
                    .step_by(width)
                    .any(|at| is_wanted(&entries[at..]))
        };
        let all = signature[1..].split(' ').flat_map(groups);
        all.filter(|(known, _)| known == key)
            .any(|(_, entries)| fits(&entries))
    }

    fn groups(half: &str) -> Vec<(String, String)> {
        let starts: Vec<usize> = half.match_indices(['!', '#']).map(|(at, _)| at).collect();
        let ends = starts.iter().skip(1).copied().chain([half.len()]);
        let each = starts.iter().zip(ends);
        each.map(|(start, end)| {
            (
                half[*start..start + 2].to_owned(),
                half[start + 2..end].to_owned(),
            )
        })
        .collect()
    }

    fn signature(text: &str) -> String {
        let mut signature = Signature::default();
        signature.add_text(text);
        signature.to_text()
    }

    /// Later releases must understand stored signatures.
    #[test]
    fn stay_what_they_are() {
        assert_eq!(signature("Hello, wörld of 東京"), STORED);
    }
    const STORED: &str = "2 !L[fL!MZfM!]v$u#UZ#}}";

    proptest! {
        #[test]
        fn every_word_is_found_whole_and_by_each_prefix(words in proptest::collection::vec("[a-zà-öø-ÿ0-9]{1,9}", 1..20)) {
            let signature = signature(&words.join(" "));
            for word in words {
                let folded = &tokens(&word)[0].text;
                prop_assert!(has(&signature, &probe_word(folded)));
                for (end, c) in folded.char_indices() {
                    prop_assert!(has(&signature, &probe_prefix(&folded[..end + c.len_utf8()])));
                }
            }
        }

        #[test]
        fn every_character_and_bigram_is_found(run in "[一-十東京都]{1,8}") {
            let signature = signature(&run);
            let chars: Vec<String> = run.chars().map(String::from).collect();
            for pair in chars.windows(2) {
                prop_assert!(has(&signature, &probe_bigram(&pair[0], &pair[1])));
            }
            for one in &chars {
                prop_assert!(has(&signature, &probe_character(one)));
            }
        }
    }

    #[test]
    fn other_words_are_rarely_found() {
        let text: Vec<String> = (0..1_000).map(|index| format!("{index}word")).collect();
        let signature = signature(&text.join(" "));
        let is_found = |word: String| has(&signature, &probe_word(&word));
        let wrong = (0..2_000).filter(|index| is_found(format!("a{index}")));
        assert_eq!(wrong.count(), 0);
        // What begins with the same five characters is told apart by the last letter alone.
        let wrong = (0..1_000).filter(|index| is_found(format!("{index}works")));
        assert!(wrong.count() < 400);
    }
}
