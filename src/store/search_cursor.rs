//! The position of a search.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Cursor;
use super::scripts::search::Candidate;
use crate::ErrorCode;
use crate::model::Invalid;

/// A position among the results of a search. `signatures_match.lua` says why a page has to know all of this.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchCursor {
    /// When the search began; `None` where it begins now.
    pub(super) began: Option<Beginning>,
    /// Behind which conversation of the list those begin that are looked at; `None` for the first one.
    pub(super) window: Option<Cursor>,
    /// With which one they end; `None` on the first page of them.
    pub(super) until: Option<Cursor>,
    /// In which tier the page begins, and there behind which conversation, by its place in the list.
    pub(super) place: Option<(u32, Option<Cursor>)>,
    /// How many messages of this one are to be passed over, where it goes on within it.
    pub(super) part: Option<u32>,
}

/// The user's sequences when a search began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beginning {
    /// Of changes.
    pub changes: i64,
    /// Of conversations that were prepared for searching.
    pub prepared: i64,
}

impl SearchCursor {
    /// Behind this one, or within it.
    pub(super) fn behind(self, last: &Candidate, part: Option<u32>) -> Self {
        let place = Cursor {
            score: last.score,
            member: last.id.clone(),
        };
        Self {
            place: Some((last.tier, Some(place))),
            part,
            ..self
        }
    }

    /// Where the page begins within its tier.
    pub(super) fn after(&self) -> Option<&Cursor> {
        self.place.as_ref()?.1.as_ref()
    }

    /// How many messages of a conversation were passed over, where the page goes on within it and nothing of it has changed.
    pub(super) fn passed(&self, candidate: &Candidate) -> Option<u64> {
        let after = self.after()?;
        let is_same = after.member == candidate.id && after.score == candidate.score;
        self.part.filter(|_| is_same).map(u64::from)
    }

    /// The form clients get.
    pub fn encode(&self) -> String {
        let position = |cursor: Option<&Cursor>| {
            cursor.map_or_else(String::new, |at| format!("{}.{}", at.score, at.member))
        };
        let began = self.began.map_or_else(String::new, |began| {
            format!("{}.{}", began.changes, began.prepared)
        });
        let window = position(self.window.as_ref());
        let until = position(self.until.as_ref());
        let tier = self.place.as_ref().map(|(tier, _)| tier.to_string());
        let (tier, place) = (tier.unwrap_or_default(), position(self.after()));
        let part = self.part.map(|part| part.to_string()).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(format!("s2/{began}/{window}/{until}/{tier}/{place}/{part}"))
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
        let words: Vec<&str> = decoded.strip_prefix("s2/")?.split('/').collect();
        let [began, window, until, tier, place, part] = words[..] else {
            return None;
        };
        let after = optional(place, Cursor::read_position)?;
        let place = match optional(tier, |tier| tier.parse().ok())? {
            None if after.is_some() => return None,
            tier => tier.map(|tier| (tier, after)),
        };
        let cursor = Self {
            began: optional(began, Beginning::read)?,
            window: optional(window, Cursor::read_position)?,
            until: optional(until, Cursor::read_position)?,
            place,
            part: optional(part, |part| part.parse().ok())?,
        };
        (cursor.part.is_none() || cursor.after().is_some()).then_some(cursor)
    }
}

impl Beginning {
    fn read(text: &str) -> Option<Self> {
        let (changes, prepared) = text.split_once('.')?;
        Some(Self {
            changes: changes.parse().ok()?,
            prepared: prepared.parse().ok()?,
        })
    }
}

/// Nothing where the text is empty; `None` where it cannot be read.
fn optional<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    match text {
        "" => Some(None),
        text => read(text).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_place_that_no_conversation_has_is_refused() {
        let cursor = |part: u64| URL_SAFE_NO_PAD.encode(format!("s2////3/1.a/{part}"));
        assert!(SearchCursor::decode(&cursor(7)).is_ok());
        let error = SearchCursor::decode(&cursor(99_999_999_999_999_999)).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidCursor);
    }

    fn cursor() -> impl Strategy<Value = Cursor> {
        (any::<i64>(), "[A-Za-z0-9_-]{1,128}").prop_map(|(score, member)| Cursor { score, member })
    }

    proptest! {
        #[test]
        fn comes_back_as_it_was_given_out(
            began in proptest::option::of(any::<(i64, i64)>()),
            window in proptest::option::of(cursor()),
            until in proptest::option::of(cursor()),
            place in proptest::option::of((1..6u32, proptest::option::of(cursor()))),
            part: Option<u32>,
        ) {
            let began = began.map(|(changes, prepared)| Beginning { changes, prepared });
            let mut cursor = SearchCursor { began, window, until, place, part };
            cursor.part = part.filter(|_| cursor.after().is_some());
            prop_assert_eq!(SearchCursor::decode(&cursor.encode()), Ok(cursor));
        }

        #[test]
        fn anything_else_is_refused(text in ".*") {
            prop_assert!(SearchCursor::decode(&text).is_err());
        }
    }
}
