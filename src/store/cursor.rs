//! Cursors: opaque positions in an ordered list, which stay valid when entries are added or removed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::ErrorCode;
use crate::model::Invalid;

/// The list that a cursor belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CursorKind {
    /// The list of conversations.
    Conversations,
    /// The messages of a conversation.
    Messages,
    /// The trash.
    Trash,
}

/// A position: behind the entry with this score and member, which need not exist any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(super) score: i64,
    pub(super) member: String,
}

/// No member is longer: an id, and 8 digits before it.
const LONGEST_MEMBER: usize = 136;

impl Cursor {
    /// The score of the entry, ms.
    pub fn score(&self) -> i64 {
        self.score
    }

    /// The form clients get.
    pub fn encode(&self, kind: CursorKind) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}{}.{}", prefix(kind), self.score, self.member))
    }

    /// Reads what a client sent back.
    ///
    /// # Errors
    /// `invalid_cursor` for anything that [`Cursor::encode`] does not make.
    pub fn decode(text: &str, kind: CursorKind) -> Result<Self, Invalid> {
        Self::read(text, kind).ok_or_else(|| {
            Invalid::new(
                ErrorCode::InvalidCursor,
                "cursor: not one that this list has given out",
            )
        })
    }

    fn read(text: &str, kind: CursorKind) -> Option<Self> {
        let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        Self::read_position(decoded.strip_prefix(prefix(kind))?)
    }

    /// Reads `score.member`.
    pub(super) fn read_position(text: &str) -> Option<Self> {
        let (score, member) = text.split_once('.')?;
        let is_member = (1..=LONGEST_MEMBER).contains(&member.len())
            && member
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        is_member.then_some(Self {
            score: score.parse().ok()?,
            member: member.to_owned(),
        })
    }
}

fn prefix(kind: CursorKind) -> &'static str {
    match kind {
        CursorKind::Conversations => "c1.",
        CursorKind::Messages => "m1.",
        CursorKind::Trash => "t1.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn comes_back_as_it_was_given_out(score: i64, member in "[A-Za-z0-9_-]{1,136}") {
            let cursor = Cursor { score, member };
            let text = cursor.encode(CursorKind::Messages);
            prop_assert_eq!(Cursor::decode(&text, CursorKind::Messages), Ok(cursor));
            prop_assert!(Cursor::decode(&text, CursorKind::Conversations).is_err());
        }

        #[test]
        fn anything_else_is_refused(text in ".*") {
            prop_assert!(Cursor::decode(&text, CursorKind::Messages).is_err());
        }
    }
}
