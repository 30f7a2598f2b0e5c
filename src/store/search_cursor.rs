//! The position of a search.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Cursor;
use super::scripts::search::Candidate;
use crate::ErrorCode;
use crate::model::Invalid;

/// A position among the results of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchCursor {
    /// Behind which conversation of the list those begin that are looked at; `None` for the first one.
    pub(super) window: Option<Cursor>,
    /// Behind which of them the page begins: its tier, see `signatures_match.lua`, and its place in the list.
    pub(super) place: Option<(u32, Cursor)>,
    /// How many messages of this one are to be passed over, where it goes on within it.
    pub(super) part: Option<u64>,
}

impl SearchCursor {
    /// Behind all of those that were looked at.
    pub(super) fn window(last: Cursor) -> Self {
        Self {
            window: Some(last),
            place: None,
            part: None,
        }
    }

    /// Behind this one, or within it.
    pub(super) fn behind(window: Option<Cursor>, last: &Candidate, part: Option<u64>) -> Self {
        let place = Cursor {
            score: last.score,
            member: last.id.clone(),
        };
        Self {
            window,
            place: Some((last.tier, place)),
            part,
        }
    }

    /// The form clients get.
    pub fn encode(&self) -> String {
        let position = |cursor: &Cursor| format!("{}.{}", cursor.score, cursor.member);
        let window = self.window.as_ref().map(position).unwrap_or_default();
        let (tier, place) = match &self.place {
            Some((tier, place)) => (tier.to_string(), position(place)),
            None => (String::new(), String::new()),
        };
        let part = self.part.map(|part| part.to_string()).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(format!("s1/{window}/{tier}/{place}/{part}"))
    }

    /// Reads what a client sent back.
    ///
    /// # Errors
    /// `invalid_cursor` for anything that [`SearchCursor::encode`] does not make.
    pub fn decode(text: &str) -> Result<Self, Invalid> {
        Self::read(text).ok_or_else(|| {
            Invalid::new(
                ErrorCode::InvalidCursor,
                "cursor: not one that a search has given out",
            )
        })
    }

    fn read(text: &str) -> Option<Self> {
        let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut words = decoded.strip_prefix("s1/")?.split('/');
        let mut word = || words.next();
        let (window, tier, place, part) = (word()?, word()?, word()?, word()?);
        let position = |text: &str| match text {
            "" => Some(None),
            text => Cursor::read_position(text).map(Some),
        };
        let place = match (tier, position(place)?) {
            ("", None) => None,
            (tier, Some(place)) => Some((tier.parse().ok()?, place)),
            _ => return None,
        };
        let part: Option<u64> = match part {
            "" => None,
            part => Some(part.parse().ok().filter(|_| place.is_some())?),
        };
        word().is_none().then_some(Self {
            window: position(window)?,
            place,
            part,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cursor() -> impl Strategy<Value = Cursor> {
        (any::<i64>(), "[A-Za-z0-9_-]{1,128}").prop_map(|(score, member)| Cursor { score, member })
    }

    proptest! {
        #[test]
        fn comes_back_as_it_was_given_out(
            window in proptest::option::of(cursor()),
            place in proptest::option::of((1..4u32, cursor())),
            part: Option<u64>,
        ) {
            let part = part.filter(|_| place.is_some());
            let cursor = SearchCursor { window, place, part };
            prop_assert_eq!(SearchCursor::decode(&cursor.encode()), Ok(cursor));
        }

        #[test]
        fn anything_else_is_refused(text in ".*") {
            prop_assert!(SearchCursor::decode(&text).is_err());
        }
    }
}
