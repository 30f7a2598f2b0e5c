//! What has changed since a cursor, and streams of changes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::scripts::conversations::ListedConversation;
use super::scripts::sessions::{StreamOpen, StreamSlot};
use super::scripts::users::ChangesList;
use super::{Cursor, StoreError, UserStore};
use crate::ErrorCode;
use crate::identity::UserId;
use crate::model::{Invalid, ObjectWriter, Summary, Version};
use crate::upkeep::Task;
use crate::upstash::{Command, Reply, Subscription, UpstashError};

/// The place that a registered stream takes up among the user's; none where it could not be registered.
#[derive(Debug)]
pub struct StreamPlace(Option<StreamSlot>);

/// Places of streams that this process has closed, by user.
#[derive(Debug, Default)]
pub(super) struct ClosedStreams(Mutex<HashMap<UserId, Vec<StreamSlot>>>);

impl ClosedStreams {
    /// How many users are remembered at most; past that all are forgotten, and their places end by themselves.
    const MOST: usize = 10_000;

    fn add(&self, user: UserId, place: StreamSlot) {
        let mut closed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if closed.len() >= Self::MOST {
            closed.clear();
        }
        closed.entry(user).or_default().push(place);
    }

    fn take(&self, user: &UserId) -> Vec<StreamSlot> {
        let mut closed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        closed.remove(user).unwrap_or_default()
    }
}

/// How far a client has come.
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
    /// From where to go on.
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
            .display_array("deleted", &self.deleted)
            .string("nextCursor", &self.next.encode())
            .plain("hasMore", self.has_more)
            .plain("reset", self.reset)
            .plain("clock", self.change_sequence)
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
        if reply.is_purge_due {
            self.caller
                .context
                .add_upkeep(Task::Purge(self.caller.user.clone()));
        }
        let next = match (reply.mode.as_str(), reply.next) {
            ("since", _) => SyncCursor::Since(reply.since),
            (_, Some(behind)) => SyncCursor::All {
                began: reply.since,
                behind,
            },
            (_, None) => return Err(UpstashError::Malformed.into()),
        };
        Ok(Changes {
            changed: ListedConversation::into_summaries(reply.conversations, &|id, version| {
                self.tag_of(id, version)
            })?,
            deleted: reply.deleted.0,
            next,
            has_more: reply.has_more,
            reset: reply.reset,
            change_sequence: reply.change_sequence,
        })
    }

    /// Registers a stream of changes that lasts at most `ttl`, and has notices of changes sent for as long: each costs a
    /// command, which a user without an open stream is spared. A database that is full takes no registration, and the
    /// stream goes on without.
    ///
    /// # Errors
    /// `OverQuota` where too many are open; or the database failed.
    pub async fn open_stream(&self, ttl: Duration) -> Result<StreamPlace, StoreError> {
        let ttl = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
        let expires_at = self.store.clock.now_ms().saturating_add(ttl);
        let call = StreamOpen {
            expires_at,
            max_streams: self.store.limits.streams,
            closed: self.store.closed_streams.take(&self.caller.user),
        };
        match self.write(call).await {
            Ok(reply) => Ok(StreamPlace(Some(StreamSlot {
                number: reply.slot,
                expires_at,
            }))),
            Err(StoreError::Upstash(UpstashError::Capacity) | StoreError::Paused(_)) => {
                Ok(StreamPlace(None))
            }
            Err(error) => Err(error),
        }
    }

    /// Makes room for another stream: the next one that this process opens for the user takes the place. Where there is
    /// none, the registration ends by itself, so that closing costs nothing.
    pub fn close_stream(&self, place: StreamPlace) {
        if let Some(place) = place.0 {
            self.store
                .closed_streams
                .add(self.caller.user.clone(), place);
        }
    }

    /// Whether anything may have changed since `cursor`, for one command.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn may_have_changed(&self, cursor: Option<&SyncCursor>) -> Result<bool, StoreError> {
        let Some(SyncCursor::Since(known)) = cursor else {
            return Ok(true);
        };
        let command = Command::new("HGET").arg(self.keys.meta()).arg(":user");
        let (database, usage) = (self.store.databases.get(self.database), self.usage());
        let reply = database.command(usage, &command).await?;
        usage.add_commands(1);
        self.store.budget.add(self.database, self.store.today(), 1);
        let Reply::Bytes(numbers) = reply else {
            return Ok(true);
        };
        // As `user_names` has them: the change sequence comes first, and third, from when on cursors count.
        let numbers = String::from_utf8_lossy(&numbers);
        let mut words = numbers.split([' ', ';']);
        let mut number = |skipped| words.nth(skipped).and_then(|word| word.parse::<i64>().ok());
        let (change_sequence, floor) = (number(0), number(1));
        Ok(change_sequence != Some(*known) || floor.is_none_or(|floor| *known < floor))
    }

    /// The entity tag of a sync that begins and ends at this value of the change sequence.
    pub fn sync_tag(&self, change_sequence: i64) -> String {
        let revision = u64::try_from(change_sequence).unwrap_or_default();
        self.tag_of("", Version { born: 0, revision })
    }

    /// Listens for notices of the user's changes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn subscribe(&self) -> Result<Subscription, StoreError> {
        let database = self.store.databases.get(self.database);
        Ok(database
            .subscribe(self.usage(), &self.keys.events())
            .await?)
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
