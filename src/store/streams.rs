//! Streams of changes: the places they take up among those of their user, and what they need to know of the user.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::scripts::sessions::{StreamOpen, StreamSlot};
use super::{StoreError, SyncCursor, UserStore};
use crate::identity::UserId;
use crate::upstash::{Command, Reply, Subscription, UpstashError};

/// For how much longer than a stream lasts its place is taken: clocks of instances differ.
const SLACK: Duration = Duration::from_secs(60);

/// For this many consecutive streams, notices are sent when a place is taken.
const STREAMS_IN_A_ROW: u32 = 4;

/// The place that a registered stream takes up among the user's; none where it could not be registered.
#[derive(Debug)]
pub struct StreamPlace(Option<TakenPlace>);

/// A place among those of the user's streams, as a client brings it back to take it up again. It is not signed: a made-up one
/// gets its maker no more than a place of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenPlace {
    slot: StreamSlot,
    /// Until when notices are sent, ms.
    notices_until: i64,
}

impl TakenPlace {
    /// The form clients get.
    pub fn encode(&self) -> String {
        let StreamSlot { number, expires_at } = self.slot;
        format!("{number}.{expires_at}.{}", self.notices_until)
    }

    /// Reads what a client sent back; `None` for anything else.
    pub fn decode(text: &str) -> Option<Self> {
        let mut words = text.split('.');
        let place = Self {
            slot: StreamSlot {
                number: words.next()?.parse().ok()?,
                expires_at: words.next()?.parse().ok()?,
            },
            notices_until: words.next()?.parse().ok()?,
        };
        (place.encode() == text).then_some(place)
    }

    /// The same for a stream that lasts `ttl` ms from now, where that may be: its time is up, so that one place is one
    /// stream's, and notices are sent for long enough.
    fn renewed(self, now: i64, ttl: i64) -> Option<Self> {
        let expires_at = now + ttl;
        let is_over = self.slot.expires_at <= now + ms(SLACK);
        let is_recent = self.slot.expires_at > now - ttl * i64::from(STREAMS_IN_A_ROW);
        (is_over && is_recent && expires_at <= self.notices_until).then_some(Self {
            slot: StreamSlot {
                expires_at,
                ..self.slot
            },
            ..self
        })
    }
}

impl StreamPlace {
    /// The place that the client may resume with after the stream's time limit.
    pub fn to_take_up_again(&self) -> Option<&TakenPlace> {
        self.0.as_ref()
    }
}

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

impl UserStore<'_> {
    /// Registers a stream of changes that lasts at most `duration`, and has notices of changes sent to it and to the streams that
    /// may follow it: each notice costs a command, which a user without an open stream is spared. A database that is full takes
    /// no registration, and the stream goes on without.
    ///
    /// # Errors
    /// `TooManyStreams` where too many are open; or the database failed.
    pub async fn open_stream(&self, duration: Duration) -> Result<StreamPlace, StoreError> {
        let now = self.store.clock.now_ms();
        let expires_at = now + ms(duration + SLACK);
        let notices_until = now + ms((duration + SLACK / 2) * STREAMS_IN_A_ROW);
        let call = StreamOpen {
            expires_at,
            notices_until,
            max_streams: self.store.limits.streams,
            closed: self.store.closed_streams.take(&self.caller.user),
        };
        match self.write(call).await {
            Ok(reply) => Ok(StreamPlace(Some(TakenPlace {
                slot: StreamSlot {
                    number: reply.slot,
                    expires_at,
                },
                notices_until,
            }))),
            Err(StoreError::Upstash(UpstashError::Capacity) | StoreError::Paused(_)) => {
                Ok(StreamPlace(None))
            }
            Err(error) => Err(error),
        }
    }

    /// Takes up again the place of a stream whose time is up, for one command instead of three. `None` where that cannot be, as
    /// when another stream has taken it since.
    pub async fn resume_stream(&self, old: TakenPlace, duration: Duration) -> Option<StreamPlace> {
        let renewed = old.renewed(self.store.clock.now_ms(), ms(duration + SLACK))?;
        let StreamSlot { number, expires_at } = renewed.slot;
        if !(1..=self.store.limits.streams).contains(&number) {
            return None;
        }
        let by = expires_at - old.slot.expires_at;
        // Of several that bring the same place back, one alone finds it as it was left.
        if self.extend_place(number, by).await.ok()? == expires_at {
            return Some(StreamPlace(Some(renewed)));
        }
        let _ = self.extend_place(number, -by).await;
        None
    }

    /// Until when the place is taken then, ms.
    async fn extend_place(&self, number: u64, by: i64) -> Result<i64, StoreError> {
        let command = Command::new("HINCRBY")
            .arg(self.keys.meta())
            .arg(format!(":stream:{number}"))
            .arg(by.to_string());
        match self.one_command(&command).await? {
            Reply::Int(expires_at) => Ok(expires_at),
            _ => Err(UpstashError::Malformed.into()),
        }
    }

    /// Makes room for another stream: the next one that this process opens for the user takes the place. Where there is
    /// none, the registration ends by itself, so that closing costs nothing.
    pub fn close_stream(&self, place: StreamPlace) {
        if let Some(place) = place.0 {
            self.store
                .closed_streams
                .add(self.caller.user.clone(), place.slot);
        }
    }

    /// Whether anything may have changed since `cursor`, for one command; true also where the caller's token is void, which
    /// reading the changes finds.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn may_have_changed(&self, cursor: Option<&SyncCursor>) -> Result<bool, StoreError> {
        let Some(SyncCursor::Since(known)) = cursor else {
            return Ok(true);
        };
        let command = Command::new("HGET").arg(self.keys.meta()).arg(":user");
        let Reply::Bytes(numbers) = self.one_command(&command).await? else {
            return Ok(true);
        };
        // As `user_names` has them: the change sequence comes first, third from when on cursors count, and eighth before
        // when tokens are void.
        let numbers = String::from_utf8_lossy(&numbers);
        let mut words = numbers.split([' ', ';']);
        let mut number = |skipped| words.nth(skipped).and_then(|word| word.parse::<i64>().ok());
        let (change_sequence, floor, epoch) = (number(0), number(1), number(4));
        Ok(change_sequence != Some(*known)
            || floor.is_none_or(|floor| *known < floor)
            || epoch.is_none_or(|epoch| self.caller.issued_at < epoch))
    }

    async fn one_command(&self, command: &Command<'_>) -> Result<Reply, StoreError> {
        let (database, usage) = (self.store.databases.get(self.database), self.usage());
        let reply = database.command(usage, command).await?;
        usage.add_commands(1);
        self.store.budget.add(self.database, self.store.today(), 1);
        Ok(reply)
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

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: i64 = 345_000;

    fn place(expires_at: i64) -> TakenPlace {
        let slot = StreamSlot {
            number: 3,
            expires_at,
        };
        TakenPlace {
            slot,
            notices_until: 1_000_000,
        }
    }

    #[test]
    fn a_place_comes_back_as_it_was_given_out() {
        let given = place(345_000);
        assert_eq!(TakenPlace::decode(&given.encode()), Some(given));
        for text in ["", "1.2", "1.2.3.4", "01.2.3", "+1.2.3", "x.2.3", "1.2."] {
            assert_eq!(TakenPlace::decode(text), None, "{text}");
        }
    }

    #[test]
    fn a_place_is_taken_up_again_when_its_stream_has_ended() {
        assert_eq!(place(345_000).renewed(285_000, TTL), Some(place(630_000)));
    }

    #[test]
    fn a_place_is_not_taken_up_again_sooner_or_much_later_or_unheard() {
        assert_eq!(place(345_000).renewed(284_999, TTL), None);
        assert_eq!(place(345_000).renewed(345_000 + 4 * TTL, TTL), None);
        assert_eq!(place(700_000).renewed(655_001, TTL), None);
    }
}
