//! The queries that are measured, and what they ask for.

use std::collections::BTreeSet;

use conversation_store::search::Query;

use crate::Result;

/// Common words, rarer ones, one that no text has, a beginning and a phrase.
pub const QUERIES: [&str; 7] = [
    "the",
    "of the",
    "word77",
    "word4001",
    "word4000",
    "word40*",
    "\"the of\"",
];

/// A word, or the beginning of one.
#[derive(Debug, PartialEq, Eq)]
pub struct Term<'a> {
    pub word: &'a str,
    pub is_beginning: bool,
}

/// What a query is made of, for queries like those above.
pub fn terms(query: &str) -> Vec<Term<'_>> {
    let words = query.split([' ', '"']).filter(|word| !word.is_empty());
    words
        .map(|word| Term {
            word: word.trim_end_matches('*'),
            is_beginning: word.ends_with('*'),
        })
        .collect()
}

/// The different words of texts, for texts of the generator.
pub fn words<'a>(texts: impl IntoIterator<Item = &'a String>) -> BTreeSet<&'a str> {
    texts.into_iter().flat_map(|text| text.split(' ')).collect()
}

/// Whether one of these texts has what is searched for.
pub fn is_found<'a>(query: &str, texts: impl IntoIterator<Item = &'a String>) -> Result<bool> {
    let query = Query::parse(query).map_err(|error| error.message)?;
    Ok(texts.into_iter().any(|text| query.find(text).is_all()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_words_beginnings_and_phrases() {
        let plain = |word| Term {
            word,
            is_beginning: false,
        };
        assert_eq!(terms("of the"), [plain("of"), plain("the")]);
        assert_eq!(terms("\"the of\""), [plain("the"), plain("of")]);
        assert_eq!(
            terms("word40*"),
            [Term {
                word: "word40",
                is_beginning: true
            }]
        );
    }
}
