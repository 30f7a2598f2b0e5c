//! What has changed since a cursor.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::scripts::conversations::ListedConversation;
use super::scripts::users::ChangesList;
use super::{Cursor, StoreError, UserStore};
use crate::ErrorCode;
use crate::model::{Invalid, Summary, Version};
use crate::upstash::UpstashError;

/// A client's progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncCursor {
    /// It knows every change up to this value of the user's change sequence.
    Since(i64),
    /// It is reading everything, page by page.
    All {
        /// The change sequence when it began.
        began: i64,
        /// The last conversation it has got.
        behind: Cursor,
    },
}

impl SyncCursor {
    /// The form clients get.
    pub fn encode(&self) -> String {
        let text = match self {
            Self::Since(since) => format!("s1.{since}"),
            Self::All { began, behind } => format!("a1.{began}.{}.{}", behind.score, behind.member),
        };
        URL_SAFE_NO_PAD.encode(text)
    }

    /// Reads what a client sent back, or the change sequence of a write's response.
    ///
    /// # Errors
    /// `invalid_cursor` for anything else.
    pub fn decode(text: &str) -> Result<Self, Invalid> {
        Self::read(text).ok_or_else(|| {
            Invalid::new(
                ErrorCode::InvalidCursor,
                "cursor: not one that a sync has given out",
            )
        })
    }

    fn read(text: &str) -> Option<Self> {
        // No cursor made here is all digits: the first characters are "czEu" or "YTEu".
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().ok().map(Self::Since);
        }
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        if let Some(since) = text.strip_prefix("s1.") {
            return since
                .parse()
                .ok()
                .filter(|since| *since >= 0)
                .map(Self::Since);
        }
        let (began, behind) = text.strip_prefix("a1.")?.split_once('.')?;
        Some(Self::All {
            began: began.parse().ok()?,
            behind: Cursor::read_position(behind)?,
        })
    }
}

/// A step of a sync.
#[derive(Debug)]
pub struct Changes {
    /// Conversations that changed, or a page of all of them.
    pub changed: Vec<Summary>,
    /// Ids of conversations that were deleted.
    pub deleted: Vec<String>,
    /// The next cursor.
    pub next: SyncCursor,
    /// Whether more is there already.
    pub has_more: bool,
    /// Whether the cursor was too old: the client forgets what it has, and this is its first page.
    pub reset: bool,
    /// The user's change sequence.
    pub change_sequence: i64,
}

impl Changes {
    /// None since `known`.
    pub fn none(known: SyncCursor) -> Self {
        let change_sequence = match known {
            SyncCursor::Since(since) => since,
            SyncCursor::All { began, .. } => began,
        };
        Self {
            changed: Vec::new(),
            deleted: Vec::new(),
            next: known,
            has_more: false,
            reset: false,
            change_sequence,
        }
    }

    /// Whether there are no changes.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.deleted.is_empty() && !self.reset
    }
}

impl UserStore<'_> {
    /// What has changed since `cursor`, or without one the first page of everything; at most `limit`
    /// conversations.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn changes(
        &self,
        cursor: Option<&SyncCursor>,
        limit: usize,
    ) -> Result<Changes, StoreError> {
        let (mode, since, after) = match cursor {
            None => ("all", None, None),
            Some(SyncCursor::Since(since)) => ("since", Some(*since), None),
            Some(SyncCursor::All { began, behind }) => ("all", Some(*began), Some(behind)),
        };
        let call = ChangesList {
            limit,
            mode,
            since,
            after,
        };
        let reply = self.read(call).await?;
        self.purge_where(reply.is_purge_due);
        let next = match (reply.mode.as_str(), reply.next) {
            ("since", _) => SyncCursor::Since(reply.since),
            (_, Some(behind)) => SyncCursor::All {
                began: reply.since,
                behind,
            },
            (_, None) => return Err(UpstashError::Malformed.into()),
        };
        Ok(Changes {
            changed: ListedConversation::into_summaries(reply.conversations, &self.tags())?,
            deleted: reply.deleted.0,
            next,
            has_more: reply.has_more,
            reset: reply.reset,
            change_sequence: reply.change_sequence,
        })
    }

    /// The entity tag of a sync that begins and ends at this value of the change sequence.
    pub fn sync_tag(&self, change_sequence: i64) -> String {
        let revision = u64::try_from(change_sequence).unwrap_or_default();
        self.tag_of("", Version { born: 0, revision })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn comes_back_as_it_was_given_out(since in 0i64.., score: i64, member in "[A-Za-z0-9_-]{1,128}") {
            let behind = Cursor { score, member };
            for cursor in [SyncCursor::Since(since), SyncCursor::All { began: since, behind }] {
                prop_assert_eq!(SyncCursor::decode(&cursor.encode()), Ok(cursor));
            }
        }

        #[test]
        fn a_change_sequence_is_a_cursor(since in 0i64..) {
            prop_assert_eq!(SyncCursor::decode(&since.to_string()), Ok(SyncCursor::Since(since)));
        }

        #[test]
        fn anything_else_is_refused(text in ".*[^0-9].*") {
            prop_assert!(SyncCursor::decode(&text).is_err());
        }
    }
}
