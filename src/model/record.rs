//! How an object's members are stored: so that a script can change one of them without knowing JSON.

use super::json::quoted;

const UNIT: char = '\u{1f}';
const END: char = '\u{1e}';

/// The members of an object as `name US value RS ...`, names and values as JSON text, but for long
/// values of messages, which are packed.
///
/// JSON text never holds a bare control character other than tab and line ends, so the two separators
/// need no escaping. The Lua prelude reads and writes the same form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record(String);

impl Record {
    /// Adds a member. `json` is JSON text, or the packed form of it.
    pub fn push(&mut self, name: &str, json: &str) {
        self.push_quoted(&quoted(name), json);
    }

    /// Adds a member whose name, too, is JSON text.
    pub(super) fn push_quoted(&mut self, quoted_name: &str, json: &str) {
        self.0.push_str(quoted_name);
        self.0.push(UNIT);
        self.0.push_str(json);
        self.0.push(END);
    }

    /// A record in the stored form.
    pub(super) fn from_stored(stored: &str) -> Self {
        Self(stored.to_owned())
    }

    /// The stored form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes a stored record apart; names are still JSON text.
    pub fn members(stored: &str) -> impl Iterator<Item = (&str, &str)> {
        stored
            .split_terminator(END)
            .filter_map(|member| member.split_once(UNIT))
    }

    /// What separates a message's header from its record.
    /// The member `title`, as JSON text.
    pub(crate) fn title(&self) -> Option<&str> {
        let title = Self::members(&self.0).find(|(name, _)| *name == "\"title\"");
        title.map(|(_, json)| json)
    }

    pub(super) const HEADER_END: char = END;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn gives_back_what_was_put_in(fields in proptest::collection::vec((".*", ".*"), 0..8)) {
            let mut record = Record::default();
            for (name, text) in &fields {
                record.push(name, &quoted(text));
            }
            let expected: Vec<_> = fields.iter().map(|(name, text)| (quoted(name), quoted(text))).collect();
            let members: Vec<_> = Record::members(record.as_str())
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            prop_assert_eq!(members, expected);
        }
    }
}
