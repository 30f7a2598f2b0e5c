//! What has changed since a cursor, and who listens to it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::{Call, Cursor, StoreError, UserStore, optional, scripts};
use crate::ErrorCode;
use crate::model::{Invalid, ObjectWriter, Summary, Version};
use crate::upkeep::Task;
use crate::upstash::{Command, Subscription, UpstashError, note_commands};

/// What a registered stream is known by.
#[derive(Debug)]
pub struct StreamName(String);

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

    /// Reads what a client sent back, or the clock of a write's answer.
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
    /// conversations.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn changes(
        &self,
        cursor: Option<&SyncCursor>,
        limit: usize,
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
            ],
            ..Call::default()
        };
        let mut reply = self.read(&scripts::SYNC, call).await?;
        let clock = reply.number()?;
        if reply.flag()? {
            self.caller
                .upkeep
                .add(Task::Purge(self.caller.user.clone()));
        }
        let (reset, has_more) = (reply.flag()?, reply.flag()?);
        let (mode, began) = (reply.text()?, reply.number()?);
        let next = match (mode.as_str(), reply.cursor()?) {
            ("since", _) => SyncCursor::Since(began),
            (_, Some(behind)) => SyncCursor::All { began, behind },
            (_, None) => return Err(UpstashError::Malformed.into()),
        };
        let deleted = (0..reply.number::<usize>()?)
            .map(|_| reply.text())
            .collect::<Result<_, _>>()?;
        let mut changed = Vec::with_capacity(limit);
        while !reply.is_empty() {
            let id = reply.text()?;
            changed.push(reply.summary(id, &|id, version| self.tag_of(id, version))?);
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

    /// Registers a stream of changes that lasts at most `life`, and has notices of changes sent for as long: each costs a
    /// command, which a user without an open stream is spared. A database that is full takes no registration, and the
    /// stream goes on without.
    ///
    /// # Errors
    /// `OverQuota` where too many are open; or the database failed.
    pub async fn open_stream(&self, life: Duration) -> Result<StreamName, StoreError> {
        // Not the call's own name: a client that chose it could have any number of streams under one.
        let name = Uuid::new_v4().to_string();
        let life = i64::try_from(life.as_millis()).unwrap_or(i64::MAX);
        let until = self.store.clock.now_ms().saturating_add(life);
        let call = Call {
            more_keys: vec![self.keys.streams()],
            arguments: vec![
                name.as_str().into(),
                until.to_string().into(),
                self.store.limits.streams.to_string().into(),
            ],
            ..Call::default()
        };
        match self.write(&scripts::OPEN_STREAM, call).await {
            Ok(_) | Err(StoreError::Upstash(UpstashError::Capacity) | StoreError::Paused(_)) => {
                Ok(StreamName(name))
            }
            Err(error) => Err(error),
        }
    }

    /// Makes room for another stream. That this fails does no harm: a registration ends by itself.
    pub async fn close_stream(&self, name: StreamName) {
        let database = self.store.databases.get(self.database);
        let command = Command::new("ZREM").arg(self.keys.streams()).arg(name.0);
        if database.command(&command).await.is_ok() {
            note_commands(1);
        }
    }

    /// The entity tag of a sync that begins and ends at this clock.
    pub fn sync_tag(&self, clock: i64) -> String {
        let revision = u64::try_from(clock).unwrap_or_default();
        self.tag_of("", Version { born: 0, revision })
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
        fn a_clock_is_a_cursor(clock in 0i64..) {
            prop_assert_eq!(SyncCursor::decode(&clock.to_string()), Ok(SyncCursor::Since(clock)));
        }

        #[test]
        fn anything_else_is_refused(text in ".*[^0-9].*") {
            prop_assert!(SyncCursor::decode(&text).is_err());
        }
    }
}
