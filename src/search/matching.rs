//! Whether a text has what a query asks for, and where.

use super::query::{Part, Query};
use super::token::{Token, tokens};

/// Where the parts of a query are in a text.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The parts that are there, by their place in the query.
    parts: Vec<bool>,
    /// Where, in bytes, in order; none overlaps another.
    pub(super) marks: Vec<(usize, usize)>,
}

/// The parts of a query in a conversation's title.
pub type TitleMatch = Found;

impl Query {
    /// Where the query's parts are in a text.
    pub fn find(&self, text: &str) -> Found {
        let words = tokens(text);
        let mut found = Found {
            parts: vec![false; self.parts.len()],
            marks: Vec::new(),
        };
        let mut marks = Vec::new();
        for (part, is_there) in self.parts.iter().zip(&mut found.parts) {
            for at in 0..words.len() {
                if let Some(end) = part.end_at(&words[at..]) {
                    *is_there = true;
                    marks.push((words[at].start, end));
                }
            }
        }
        marks.sort_unstable();
        for (start, end) in marks {
            match found.marks.last_mut() {
                Some(last) if start < last.1 => last.1 = last.1.max(end),
                _ => found.marks.push((start, end)),
            }
        }
        found
    }
}

impl Part {
    /// Where the phrase ends, if the words begin with it.
    fn end_at(&self, words: &[Token]) -> Option<usize> {
        let (last, before) = self.words.split_last()?;
        let ends_at = words.get(before.len())?;
        let is_same = |word: &Token, wanted: &Token| {
            word.text == wanted.text && (word.is_glued || !wanted.is_glued)
        };
        let begins = words
            .iter()
            .zip(before)
            .all(|(word, wanted)| is_same(word, wanted));
        let is_beginning = self.is_prefix && !last.is_cjk && ends_at.text.starts_with(&last.text);
        (begins && (is_beginning || is_same(ends_at, last))).then_some(ends_at.end)
    }
}

impl Found {
    /// Whether anything was found.
    pub fn is_some(&self) -> bool {
        !self.marks.is_empty()
    }

    /// How many places there are.
    pub fn places(&self) -> usize {
        self.marks.len()
    }

    /// How many of the query's parts are there.
    pub fn parts(&self) -> usize {
        self.parts.iter().filter(|is_there| **is_there).count()
    }

    /// Whether all of the query is there.
    pub fn is_all(&self) -> bool {
        self.parts.iter().all(|is_there| *is_there)
    }

    /// Whether all of the query is here or there.
    pub fn is_all_with(&self, other: &Self) -> bool {
        let pairs = self.parts.iter().zip(&other.parts);
        pairs.into_iter().all(|(here, there)| *here || *there)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(query: &str, text: &str) -> Vec<String> {
        let found = Query::parse(query).unwrap().find(text);
        let marks = found.marks.iter();
        marks
            .map(|(start, end)| text[*start..*end].to_owned())
            .collect()
    }

    #[test]
    fn words_are_whole_and_prefixes_are_not() {
        let text = "Redis is not redistributed: a redis, RÉDIS";
        assert_eq!(marked("redis", text), ["Redis", "redis", "RÉDIS"]);
        assert_eq!(
            marked("redis*", text),
            ["Redis", "redistributed", "redis", "RÉDIS"]
        );
        assert_eq!(marked("\"a redis\"", text), ["a redis"]);
        assert_eq!(marked("\"redis a\"", text), [""; 0]);
    }

    #[test]
    fn characters_are_found_where_they_follow_one_another() {
        assert_eq!(marked("京都", "東京都と京、都"), ["京都"]);
        assert_eq!(marked("京", "東京都と京"), ["京", "京"]);
        assert_eq!(marked("\"東京 大阪\"", "東京、大阪"), ["東京、大阪"]);
        assert_eq!(marked("东西", "东 西"), [""; 0]);
    }

    /// The client is held to the same cases.
    #[test]
    fn words_are_the_same_here_as_on_a_device() {
        let cases: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/search-cases.json")).unwrap();
        for case in cases.as_array().unwrap() {
            let text = |name: &str| case[name].as_str().unwrap();
            let expected: Vec<&str> = case["marked"]
                .as_array()
                .unwrap()
                .iter()
                .map(|mark| mark.as_str().unwrap())
                .collect();
            let (query, text) = (text("query"), text("text"));
            assert_eq!(marked(query, text), expected, "{query} in {text}");
        }
    }

    #[test]
    fn places_that_overlap_are_one() {
        assert_eq!(marked("\"a b\" \"b c\"", "a b c"), ["a b c"]);
    }

    #[test]
    fn knows_what_is_missing() {
        let query = Query::parse("one two").unwrap();
        let (one, two) = (query.find("one"), query.find("two two"));
        assert!(!one.is_all() && one.is_all_with(&two));
        assert_eq!((two.parts(), two.places()), (1, 2));
    }
}
