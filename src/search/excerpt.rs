//! The part of a text that shows what was found in it.

use super::matching::Found;

/// A part of a text, with what to mark in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// The part of the text, as it is.
    pub text: String,
    /// Where in the whole text it begins, in UTF-16 code units, as JavaScript counts.
    pub start: usize,
    /// How long the whole text is, in UTF-16 code units.
    pub length: usize,
    /// Where in the part to mark: first and behind the last, in UTF-16 code units.
    pub marks: Vec<(usize, usize)>,
}

/// How long an excerpt is at most, in bytes, and how much of it comes before the first mark.
const LENGTH: usize = 240;
const BEFORE: usize = 60;
/// A mark longer than this is cut.
const MOST_MARKS: usize = 20;

impl Excerpt {
    /// The part of `text` that has the most of what was found.
    pub fn of(text: &str, found: &Found) -> Self {
        let first = best_start(&found.marks);
        let (begin, end) = bounds(text, first);
        let mut marks = Vec::new();
        for (start, stop) in &found.marks {
            let stop = (*stop).min(end);
            if *start >= begin && *start < stop && marks.len() < MOST_MARKS {
                marks.push((units(&text[begin..*start]), units(&text[begin..stop])));
            }
        }
        Self {
            text: text[begin..end].to_owned(),
            start: units(&text[..begin]),
            length: units(text),
            marks,
        }
    }

    /// A whole text, with all that was found in it.
    pub fn whole(text: &str, found: &Found) -> Self {
        let at = |(start, end): &(usize, usize)| (units(&text[..*start]), units(&text[..*end]));
        Self {
            text: text.to_owned(),
            start: 0,
            length: units(text),
            marks: found.marks.iter().map(at).collect(),
        }
    }
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The mark behind which most others are near: they are in order.
fn best_start(marks: &[(usize, usize)]) -> usize {
    let near = |start: usize| {
        let end = start + LENGTH - BEFORE;
        marks
            .iter()
            .skip_while(|(other, _)| *other < start)
            .take_while(|(other, _)| *other < end)
            .count()
    };
    // An earlier position is as good as a later one.
    let best = marks
        .iter()
        .take(200)
        .rev()
        .max_by_key(|(start, _)| near(*start));
    best.map_or(0, |(start, _)| *start)
}

/// Where the excerpt begins and ends, between characters, and between words where that is near.
fn bounds(text: &str, mark: usize) -> (usize, usize) {
    let mut begin = mark.saturating_sub(BEFORE);
    while !text.is_char_boundary(begin) {
        begin += 1;
    }
    if begin > 0 {
        let space = text[begin..mark].find(char::is_whitespace);
        begin = space.map_or(begin, |space| begin + space);
        begin += text[begin..mark].len() - text[begin..mark].trim_start().len();
    }
    let mut end = text.len().min(begin + LENGTH);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (begin, end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::Query;
    use proptest::prelude::*;

    fn excerpt(query: &str, text: &str) -> Excerpt {
        Excerpt::of(text, &Query::parse(query).unwrap().find(text))
    }

    fn marked(excerpt: &Excerpt) -> Vec<String> {
        let units: Vec<u16> = excerpt.text.encode_utf16().collect();
        let marks = excerpt.marks.iter();
        marks
            .map(|(start, end)| String::from_utf16(&units[*start..*end]).unwrap())
            .collect()
    }

    #[test]
    fn shows_where_most_was_found() {
        let text = format!(
            "one {} x one two three 😀 {}",
            "word ".repeat(100),
            "end ".repeat(100)
        );
        let excerpt = excerpt("one three two", &text);
        assert_eq!(marked(&excerpt), ["one", "two", "three"]);
        assert!(excerpt.text.starts_with("word") && excerpt.start > 300);
    }

    #[test]
    fn positions_are_those_of_javascript() {
        let excerpt = excerpt("two", "😀 two");
        assert_eq!((excerpt.start, &excerpt.marks[..]), (0, &[(3, 6)][..]));
    }

    proptest! {
        #[test]
        fn is_always_a_part_of_the_text(before in "\\PC{0,300}", behind in "\\PC{0,300}") {
            let text = format!("{before} needle {behind}");
            let excerpt = excerpt("needle", &text);
            prop_assert!(text.contains(&excerpt.text));
            prop_assert!(excerpt.text.len() <= LENGTH);
            prop_assert!(marked(&excerpt).iter().any(|mark| mark.starts_with("needle")));
        }
    }
}
