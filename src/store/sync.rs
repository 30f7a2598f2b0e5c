//! The plan's periodic sync: what has changed since a cursor.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Call, Cursor, StoreError, UserStore, optional, scripts};
use crate::ErrorCode;
use crate::model::{Invalid, ObjectWriter, Summary};
use crate::upstash::{Subscription, UpstashError};

/// How far a client has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncCursor {
    /// It knows every change up to this value of the user's clock.
    Since(i64),
    /// It is reading everything, page by page.
    All {
        /// The clock when it began.
        began: i64,
        /// The last conversation it has got.
        behind: Cursor,
    },
}

impl SyncCursor {
    /// The form clients get.
    pub fn encode(&self) -> String {
        let text = match self {
            Self::Since(clock) => format!("s1.{clock}"),
            Self::All { began, behind } => format!("a1.{began}.{}.{}", behind.score, behind.member),
        };
        URL_SAFE_NO_PAD.encode(text)
    }

    /// Reads what a client sent back.
    ///
    /// # Errors
    /// `invalid_cursor` for anything that [`SyncCursor::encode`] does not make.
    pub fn decode(text: &str) -> Result<Self, Invalid> {
        Self::read(text).ok_or_else(|| {
            Invalid::new(
                ErrorCode::InvalidCursor,
                "cursor: not one that a sync has given out",
            )
        })
    }

    fn read(text: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        if let Some(clock) = text.strip_prefix("s1.") {
            return clock
                .parse()
                .ok()
                .filter(|clock| *clock >= 0)
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
    /// From where to go on.
    pub next: SyncCursor,
    /// Whether more is there already.
    pub has_more: bool,
    /// Whether the cursor was too old: the client forgets what it has, and this is its first page.
    pub reset: bool,
    /// The user's change clock, ms.
    pub clock: i64,
}

impl Changes {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.deleted.is_empty() && !self.reset
    }

    /// As clients get it.
    pub fn to_json(&self) -> String {
        let changed = self
            .changed
            .iter()
            .map(|summary| summary.to_object(0).finish());
        ObjectWriter::with_capacity(self.changed.len() * 400 + 200)
            .array("changed", changed)
            .array("deleted", self.deleted.iter().map(|id| format!("\"{id}\"")))
            .string("nextCursor", &self.next.encode())
            .plain("hasMore", self.has_more)
            .plain("reset", self.reset)
            .plain("clock", self.clock)
            .finish()
    }
}

impl UserStore<'_> {
    /// What has changed since `cursor`, or without one the first page of everything; at most `limit`
    /// conversations. Notices of changes are sent for as long from now on as `listening` says somebody
    /// listens: each costs a command, which a user without an open stream is spared.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn changes(
        &self,
        cursor: Option<&SyncCursor>,
        limit: usize,
        listening: Duration,
    ) -> Result<Changes, StoreError> {
        let (mode, clock, behind) = match cursor {
            None => ("all", None, None),
            Some(SyncCursor::Since(clock)) => ("since", Some(*clock), None),
            Some(SyncCursor::All { began, behind }) => ("all", Some(*began), Some(behind)),
        };
        let call = Call {
            arguments: vec![
                limit.to_string().into(),
                mode.into(),
                optional(clock),
                optional(behind.map(|cursor| cursor.score)),
                behind.map_or("", |cursor| &cursor.member).into(),
                listening.as_millis().to_string().into(),
            ],
            ..Call::default()
        };
        let mut answer = self.call(&scripts::SYNC, call).await?;
        let clock = answer.number()?;
        let (reset, has_more) = (answer.text()? == "1", answer.text()? == "1");
        let (mode, began) = (answer.text()?, answer.number()?);
        let (score, member) = (answer.text()?, answer.text()?);
        let next = match mode.as_str() {
            "since" => SyncCursor::Since(began),
            _ => SyncCursor::All {
                began,
                behind: Cursor {
                    score: score.parse().map_err(|_| UpstashError::Malformed)?,
                    member,
                },
            },
        };
        let deleted = (0..answer.number::<usize>()?)
            .map(|_| answer.text())
            .collect::<Result<_, _>>()?;
        let mut changed = Vec::with_capacity(limit);
        while !answer.is_empty() {
            let id = answer.text()?;
            changed.push(answer.summary(id)?);
        }
        Ok(Changes {
            changed,
            deleted,
            next,
            has_more,
            reset,
            clock,
        })
    }

    /// Listens for notices of the user's changes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn subscribe(&self) -> Result<Subscription, StoreError> {
        let database = self.store.databases.get(self.database);
        Ok(database.subscribe(&self.keys.events()).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn comes_back_as_it_was_given_out(clock in 0i64.., score: i64, member in "[A-Za-z0-9_-]{1,128}") {
            let behind = Cursor { score, member };
            for cursor in [SyncCursor::Since(clock), SyncCursor::All { began: clock, behind }] {
                prop_assert_eq!(SyncCursor::decode(&cursor.encode()), Ok(cursor));
            }
        }

        #[test]
        fn anything_else_is_refused(text in ".*") {
            prop_assert!(SyncCursor::decode(&text).is_err());
        }
    }
}
