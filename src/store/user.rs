//! A user as a whole: statistics, settings, and erasure.

use std::time::Duration;

use super::export::stored_ids;
use super::scripts::users::{ErasureStep, StatisticsRead, StoredStatistics, UserErase, UserSetTtl};
use super::usage::{Activity, ModelUsage, last_days, models_of};
use super::{Progress, StoreError, UserStore};
use crate::context::RateLimitKey;
use crate::model::{ConversationId, Timestamp};
use crate::upkeep::Task;
use crate::upstash::UpstashError;

/// How many conversations one request erases.
const ERASED_AT_ONCE: usize = 100;
/// How many times an erasure waits for a clock, which may stand still.
const MOST_WAITS: u32 = 3;

/// Conversations, messages, tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Conversations.
    pub conversations: u64,
    /// Messages in them.
    pub messages: u64,
    /// Tokens of these.
    pub tokens: u64,
}

/// Statistics of a user.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// Current totals.
    pub current: Totals,
    /// All-time totals, including deleted data.
    pub lifetime: Totals,
    /// The size of everything in the database: messages, metadata, logs, snapshots.
    pub bytes: u64,
    /// Messages in the largest conversation.
    pub most_messages: u64,
    /// The TTL of unused conversations; `None` for no expiry.
    pub conversation_ttl: Option<Duration>,
    /// How many expire within 14 days.
    pub expiring_soon: u64,
    /// Conversations in the trash.
    pub trashed: u64,
    /// What they take up in the database; part of `bytes`.
    pub trashed_bytes: u64,
    /// When the user's recovery code was made, if there is one.
    pub recovery_created: Option<Timestamp>,
    /// When the user's read token was made, if there is one.
    pub read_token_created: Option<Timestamp>,
    /// The last 30 days, the oldest first, those without activity included.
    pub activity: Vec<Activity>,
    /// The messages of each model, the one with the most first.
    pub models: Vec<ModelUsage>,
}

/// A time, ms since the epoch.
fn time_of(ms: u64) -> Option<Timestamp> {
    i64::try_from(ms).ok().map(Timestamp::from_ms)
}

impl UserStore<'_> {
    /// The user's statistics.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn statistics(&self) -> Result<Statistics, StoreError> {
        let reply = self.read(StatisticsRead {}).await?;
        self.describe_statistics(reply)
    }

    /// Sets how long the user's conversations live, `None` for no expiry, or as long as the deployment allows; returns the
    /// statistics then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_conversation_ttl(
        &self,
        ttl: Option<Duration>,
    ) -> Result<Statistics, StoreError> {
        let wanted_ttl = ttl.unwrap_or_default();
        let reply = self.write(UserSetTtl { wanted_ttl }).await?;
        // Existing conversations may have to be extended.
        let task = Task::Extend(self.caller.user.clone(), self.store.clock.now_ms());
        self.caller.context.add_upkeep(task);
        self.describe_statistics(reply)
    }

    /// The longest TTL that a user may choose; `None` for no limit.
    pub fn max_conversation_ttl(&self) -> Option<Duration> {
        self.store.limits.max_conversation_ttl
    }

    fn describe_statistics(&self, reply: StoredStatistics) -> Result<Statistics, StoreError> {
        let statistics = Statistics {
            current: Totals {
                conversations: reply.conversations,
                messages: reply.messages,
                tokens: reply.tokens,
            },
            bytes: reply.bytes,
            conversation_ttl: Some(Duration::from_millis(reply.conversation_ttl))
                .filter(|ttl| !ttl.is_zero()),
            expiring_soon: reply.expiring_soon,
            trashed: reply.trashed,
            trashed_bytes: reply.trashed_bytes,
            recovery_created: reply.recovery_created.and_then(time_of),
            read_token_created: reply.read_token_created.and_then(time_of),
            most_messages: reply.largest,
            lifetime: Totals {
                conversations: reply.lifetime_conversations,
                messages: reply.lifetime_messages,
                tokens: reply.lifetime_tokens,
            },
            activity: last_days(&reply.activity, self.store.clock.now_ms())
                .ok_or(UpstashError::Malformed)?,
            models: models_of(&reply.models).ok_or(UpstashError::Malformed)?,
        };
        // Recounted by this call, and by every further one until the totals are written.
        if reply.is_recount_due {
            let task = Task::Recount(self.caller.user.clone());
            self.caller.context.add_upkeep(task);
        }
        Ok(statistics)
    }

    /// Erases the user in steps, until nothing is left or `budget` is used up. Erasing again continues an unfinished
    /// erasure; a write in between finds each conversation whole or not at all.
    ///
    /// # Errors
    /// When the database fails; what was erased until then stays so.
    pub async fn erase(&self, budget: Duration) -> Result<Progress, StoreError> {
        let began = self.store.clock.elapsed();
        let (mut ids, mut waits) = (Vec::new(), 0);
        loop {
            let step = self.erase_some(&ids, waits < MOST_WAITS).await?;
            ids = stored_ids(&step.ids)?;
            if step.wait > 0 {
                waits += 1;
                tokio::time::sleep(Duration::from_millis(step.wait)).await;
            } else if ids.is_empty() {
                return Ok(Progress::Complete);
            }
            if self.store.clock.elapsed() - began >= budget {
                return Ok(Progress::Unfinished {
                    remaining: step.remaining,
                });
            }
        }
    }

    /// Erases these conversations; returns how many are left, and the next ones of them. `may_wait`: whether the end may be
    /// put off until the database's clock has passed the account's last change.
    async fn erase_some(
        &self,
        ids: &[ConversationId],
        may_wait: bool,
    ) -> Result<ErasureStep, StoreError> {
        let today = self.store.today();
        let mut last = vec![
            self.keys.current_conversation(),
            self.keys.session(),
            self.keys.reads(&RateLimitKey::User, today),
            self.keys.reads(&RateLimitKey::User, today - 1),
        ];
        last.extend(self.keys.share_slots());
        let call = UserErase {
            max_named: ERASED_AT_ONCE,
            share_prefix: self.keys.share_prefix(),
            last_keys: last.len(),
            may_wait,
            ids,
            last,
        };
        self.write(call).await
    }
}
