//! What is searched for: words, beginnings of words (`word*`) and phrases (`"one after the other"`).

use super::fingerprint::{probe_bigram, probe_character, probe_prefix, probe_word};
use super::token::{Token, tokens};
use crate::ErrorCode;
use crate::model::Invalid;

/// The longest query, in characters.
pub const LONGEST: usize = 256;
/// The most words of a query; a character of Chinese, Japanese or Korean counts as one.
pub const MOST_WORDS: usize = 32;

/// A query: all of its parts have to be found. The default one has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    pub(super) parts: Vec<Part>,
}

/// Words that follow one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub words: Vec<Token>,
    /// Whether the last one is only the beginning of a word.
    pub is_prefix: bool,
}

impl Query {
    /// Reads what a user has typed.
    ///
    /// # Errors
    /// `query_too_short` where there is no word in it, `query_too_long` where it is longer than [`LONGEST`] characters or `MOST_WORDS`
    /// words.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.chars().count() > LONGEST {
            let message = format!("q: expected at most {LONGEST} characters");
            return Err(Invalid::new(ErrorCode::QueryTooLong, message));
        }
        let mut parts: Vec<Part> = Vec::new();
        for (chunk, is_quoted) in chunks(text) {
            let words = tokens(chunk);
            // A star is the end of what it follows, and nothing in a phrase.
            let is_prefix = !is_quoted
                && chunk.ends_with('*')
                && words.last().is_some_and(|last| last.end + 1 == chunk.len());
            let part = Part { words, is_prefix };
            if !part.words.is_empty() && !parts.contains(&part) {
                parts.push(part);
            }
        }
        let words: usize = parts.iter().map(|part| part.words.len()).sum();
        if words > MOST_WORDS {
            let message = format!("q: expected at most {MOST_WORDS} words");
            return Err(Invalid::new(ErrorCode::QueryTooLong, message));
        }
        if words == 0 {
            let message = "q: expected at least one letter or digit";
            return Err(Invalid::new(ErrorCode::QueryTooShort, message));
        }
        Ok(Self { parts })
    }

    /// What a signature must contain for its conversation to be read.
    pub fn probes(&self) -> Vec<String> {
        let mut probes: Vec<String> = self.parts.iter().flat_map(Part::probes).collect();
        probes.sort_unstable();
        probes.dedup();
        probes
    }
}

impl Part {
    fn probes(&self) -> Vec<String> {
        let mut probes = Vec::new();
        for (index, word) in self.words.iter().enumerate() {
            let next = self.words.get(index + 1);
            let is_last = next.is_none();
            probes.push(match (word.is_cjk, next.filter(|next| next.is_glued)) {
                (true, Some(next)) => probe_bigram(&word.text, &next.text),
                // The bigram before it has it already.
                (true, None) if word.is_glued => continue,
                (true, None) => probe_character(&word.text),
                (false, _) if is_last && self.is_prefix => probe_prefix(&word.text),
                (false, _) => probe_word(&word.text),
            });
        }
        probes
    }
}

/// Text in quotation marks, and text between spaces outside of them. An unclosed quotation does not count.
fn chunks(text: &str) -> Vec<(&str, bool)> {
    const QUOTES: [char; 4] = ['"', '“', '”', '„'];
    let mut all = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(QUOTES) {
        all.extend(before.split_whitespace().map(|chunk| (chunk, false)));
        rest = behind;
        if let Some((quoted, behind)) = rest.split_once(QUOTES) {
            all.push((quoted, true));
            rest = behind;
        }
    }
    all.extend(rest.split_whitespace().map(|chunk| (chunk, false)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<(String, bool)> {
        let query = Query::parse(text).unwrap();
        let text_of = |part: &Part| {
            part.words
                .iter()
                .map(|word| word.text.clone())
                .collect::<Vec<_>>()
                .join(" ")
        };
        query
            .parts
            .iter()
            .map(|part| (text_of(part), part.is_prefix))
            .collect()
    }

    fn whole(text: &str) -> (String, bool) {
        (text.to_owned(), false)
    }

    #[test]
    fn words_prefixes_and_phrases_are_told_apart() {
        assert_eq!(parts("Über redis"), [whole("uber"), whole("redis")]);
        assert_eq!(parts("conf* x"), [("conf".to_owned(), true), whole("x")]);
        assert_eq!(
            parts(r#"a "one  Two" b"#),
            [whole("a"), whole("one two"), whole("b")]
        );
        assert_eq!(parts("“one two*”"), [whole("one two")]);
        assert_eq!(
            parts(r#"one "two three"#),
            [whole("one"), whole("two"), whole("three")]
        );
        // Words split by punctuation still belong together.
        assert_eq!(
            parts("don't snake_ca*"),
            [whole("don t"), ("snake ca".to_owned(), true)]
        );
        assert_eq!(parts("same SAME * -"), [whole("same")]);
    }

    #[test]
    fn what_cannot_be_searched_for_is_refused() {
        let code = |text: &str| Query::parse(text).unwrap_err().code;
        for text in ["", "  ", "*", "\"\"", "!?"] {
            assert_eq!(code(text), ErrorCode::QueryTooShort, "{text}");
        }
        assert_eq!(code(&"a".repeat(LONGEST + 1)), ErrorCode::QueryTooLong);
        assert_eq!(code(&"東".repeat(MOST_WORDS + 1)), ErrorCode::QueryTooLong);
        assert!(Query::parse(&"ü".repeat(LONGEST)).is_ok());
    }
}
