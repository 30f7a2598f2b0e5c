//! The filter of a list of conversations.

use super::json::text_of;
use super::{Record, Summary, array_of};

/// The conditions that the conversations of a list meet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConversationFilter {
    /// Whether they are archived.
    pub archived: Option<bool>,
    /// Whether they are pinned.
    pub pinned: Option<bool>,
    /// A tag that they have.
    pub tag: Option<String>,
    /// Within how many days they expire.
    pub expiring_days: Option<u32>,
}

impl ConversationFilter {
    /// Whether everything fits.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Summary {
    /// Whether one of its tags is this one.
    pub fn has_tag(&self, tag: &str) -> bool {
        let tags = Record::members(&self.record).find(|(name, _)| *name == "\"tags\"");
        let tags = tags.and_then(|(_, json)| array_of(json.as_bytes(), "tags").ok());
        tags.is_some_and(|tags| {
            tags.iter()
                .any(|raw| text_of(raw.get()).as_deref() == Some(tag))
        })
    }
}

/// A JSON encoder's choices in writing a string.
#[derive(Clone, Copy)]
struct Spelling {
    /// Characters beyond ASCII as `\uXXXX`.
    escapes: bool,
    upper_case: bool,
    escapes_slashes: bool,
}

/// A text as JSON text, as encoders in use spell it: characters beyond ASCII as they are, or as `\uXXXX` in lower or upper
/// case; slashes as they are, or escaped.
pub fn spellings(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for escapes_slashes in [false, true] {
        for (escapes, upper_case) in [(false, false), (true, false), (true, true)] {
            let spelling = Spelling {
                escapes,
                upper_case,
                escapes_slashes,
            };
            all.push(spell(text, spelling));
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

fn spell(text: &str, spelling: Spelling) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '/' if spelling.escapes_slashes => json.push_str("\\/"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            c if c < ' ' || (spelling.escapes && !c.is_ascii()) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    json.push_str(&match spelling.upper_case {
                        true => format!("\\u{unit:04X}"),
                        false => format!("\\u{unit:04x}"),
                    });
                }
            }
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_spelling_is_the_text(text in ".*") {
            for json in spellings(&text) {
                prop_assert_eq!(text_of(&json), Some(text.clone()));
            }
        }
    }

    #[test]
    fn a_tag_is_found_in_every_usual_spelling() {
        let all = spellings("caf\u{e9}/\u{1f600}");
        for expected in [
            "\"caf\u{e9}/\u{1f600}\"",
            r#""caf\u00e9/\ud83d\ude00""#,
            r#""caf\u00E9\/\uD83D\uDE00""#,
        ] {
            assert!(all.contains(&expected.to_owned()), "{expected}: {all:?}");
        }
        assert_eq!(spellings("work"), ["\"work\""]);
    }
}
