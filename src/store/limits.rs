//! The limits of a caller: calls in a window, bytes of an address, the day's commands.

use std::time::Duration;

use super::contract::Scripted;
use super::error::{Paused, PausedCalls};
use super::scripts::import::ConversationsImport;
use super::{DAY_MS, StoreError, UserStore};
use crate::ErrorCode;
use crate::config::Config;
use crate::context::RateLimitKey;
use crate::identity::Scope;
use crate::rate::{self, RateStatus};
use crate::upstash::Script;

/// The configuration in the form of the scripts' arguments.
#[derive(Debug)]
pub(super) struct Limits {
    pub(super) conversation_ttl: Duration,
    pub(super) max_conversation_ttl: Option<Duration>,
    pub(super) trash_ttl: Duration,
    pub(super) rate: u64,
    pub(super) address_rate: u64,
    pub(super) reader_rate: u64,
    pub(super) conversations: u64,
    pub(super) messages: u64,
    pub(super) bytes: u64,
    pub(super) streams: u64,
    pub(super) address_users: u64,
    pub(super) address_bytes: u64,
}

impl Limits {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            conversation_ttl: config.conversation_ttl,
            max_conversation_ttl: config.max_conversation_ttl,
            // A tombstone lasts as long as a conversation, and what is in the trash has one.
            trash_ttl: config.trash_ttl.min(config.conversation_ttl),
            rate: config.rate_limit,
            address_rate: config.address_rate_limit,
            reader_rate: config.share_rate_limit,
            conversations: config.max_conversations,
            messages: config.max_messages,
            bytes: config.max_bytes,
            streams: config.max_streams,
            address_users: config.address_users_per_day,
            address_bytes: config.address_bytes_per_day,
        }
    }
}

/// A window of the rate limit.
pub(super) struct Window {
    pub(super) number: i64,
    pub(super) left: Duration,
}

impl Window {
    pub(super) fn at(now_ms: i64) -> Self {
        let length = i64::try_from(rate::WINDOW.as_millis()).unwrap_or(i64::MAX);
        let left = length - now_ms.rem_euclid(length);
        Self {
            number: now_ms.div_euclid(length),
            left: Duration::from_millis(left.unsigned_abs()),
        }
    }
}

impl UserStore<'_> {
    /// As the Lua table `setting_names` has them.
    pub(super) fn settings(&self) -> String {
        let limits = &self.store.limits;
        format!(
            "{} {} {} {} {} {} {} {} {}",
            limits.conversation_ttl.as_millis(),
            self.rate_limit(),
            rate::WINDOW.as_millis(),
            self.caller.issued_at,
            limits.conversations,
            limits.messages,
            limits.bytes,
            limits.max_conversation_ttl.unwrap_or_default().as_millis(),
            u8::from(self.caller.scope == Scope::Read),
        )
    }

    pub(super) fn rate_limit(&self) -> u64 {
        match self.caller.rate_limit_key {
            RateLimitKey::User => self.store.limits.rate,
            RateLimitKey::Address(_) => self.store.limits.address_rate,
            RateLimitKey::Reader(_) => self.store.limits.reader_rate,
        }
    }

    /// The key of the caller's calls in this process.
    pub(super) fn counter(&self) -> String {
        match &self.caller.rate_limit_key {
            RateLimitKey::User => format!("user:{}", self.caller.user),
            RateLimitKey::Address(hash) => format!("address:{hash}"),
            RateLimitKey::Reader(hash) => format!("reader:{hash}"),
        }
    }

    /// Refuses a caller that is known to be over a limit, without a request to the database.
    pub(super) fn admit(&self, calls: PausedCalls) -> Result<(), StoreError> {
        let now = self.store.clock.now_ms();
        let window = Window::at(now);
        let known = self.store.callers.calls(&self.counter(), window.number);
        if known.total() >= self.rate_limit() {
            let status = self.note_status(known.total().saturating_add(1), &window);
            return Err(StoreError::RateLimited(status));
        }
        match self.store.budget.paused(self.store.today()) {
            Some(paused) if paused >= calls => Err(StoreError::Paused(Paused {
                what: match paused {
                    PausedCalls::Reads => PausedCalls::Reads,
                    PausedCalls::Newcomers | PausedCalls::Writes => calls,
                },
                left: Duration::from_millis((DAY_MS - now.rem_euclid(DAY_MS)).unsigned_abs()),
            })),
            _ => Ok(()),
        }
    }

    /// A script that only frees memory is always admitted.
    pub(super) fn admit_write(&self, script: &Script) -> Result<(), StoreError> {
        if script.frees() {
            // Deletions have their limit too.
            return match self.admit(PausedCalls::Reads) {
                Err(StoreError::Paused(_)) => Ok(()),
                result => result,
            };
        }
        self.admit(PausedCalls::Writes)?;
        let (store, today) = (self.store, self.store.today());
        if store.callers.address_bytes(&self.caller.address, today) >= store.limits.address_bytes {
            return Err(StoreError::Refused(ErrorCode::TooMuchFromAddress));
        }
        Ok(())
    }

    /// Refuses a caller that is over a limit or refused for the day, before the body is read.
    ///
    /// # Errors
    /// `RateLimited`; `Paused`; `TooMuchFromAddress`.
    pub fn check_writing(&self) -> Result<(), StoreError> {
        self.admit_write(ConversationsImport::script())
    }

    pub(super) fn note_status(&self, calls: u64, window: &Window) -> RateStatus {
        let status = RateStatus {
            limit: self.rate_limit(),
            used: calls,
            reset: window.left,
        };
        self.caller.context.note_rate(status);
        status
    }
}
