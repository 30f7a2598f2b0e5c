//! The conversation store: every operation is one request to Upstash.

mod agent_sessions;
mod budget;
mod call;
mod callers;
mod claim;
mod contract;
mod conversations;
mod cursor;
mod databases;
mod devices;
mod error;
mod export;
mod forks;
mod import;
mod keys;
mod limits;
mod messages;
mod metrics;
mod piggyback;
mod progress;
mod recovery;
mod refusal;
mod reply;
mod reply_reader;
mod scripts;
mod search;
mod search_cursor;
mod session;
mod shares;
mod streams;
mod sync;
mod trash;
mod upkeep;
mod usage;
mod user;
mod written;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

pub use agent_sessions::AppendedEntries;
pub use claim::Claim;
pub use conversations::{ConversationList, Deleted, Deletion, SaveMode};
pub use cursor::{Cursor, CursorKind};
pub use devices::{CODE_TTL, Redeemed};
pub use error::{Paused, PausedCalls, StoreError};
pub use export::{Exported, List};
pub use import::{ImportStatus, Imported};
pub use messages::{Order, Page, PageQuery, Truncation};
pub use progress::Progress;
pub use reply::{ChangeSequence, Outcome};
pub use search::{READ_AT_ONCE, SearchCursor, SearchScope, Searched, Step};
pub use session::Session;
pub use shares::{Share, SharedPage};
pub use streams::{StreamPlace, TakenPlace};
pub use sync::{Changes, SyncCursor};
pub use trash::{Trash, Trashed};
pub use usage::{Activity, ModelUsage};
pub use user::{Statistics, Totals};
pub use written::Written;

use crate::clock::Clock;
use crate::config::Config;
use crate::context::Caller;
use crate::identity::UserId;
use crate::metrics::Metrics;
use crate::model::EntityTags;
use crate::secret::Secret;
use crate::upstash::{CircuitState, Command, Upstash, UpstashError, Usage};
use budget::Budget;
use callers::Callers;
use databases::Databases;
use keys::Keys;
use limits::Limits;

const DAY_MS: i64 = 86_400_000;

/// All users' conversations.
#[derive(Debug)]
pub struct Store {
    databases: Databases,
    namespace: String,
    session_ttl: Duration,
    limits: Limits,
    clock: Clock,
    metrics: Option<Arc<Metrics>>,
    tags: EntityTags,
    callers: Callers,
    budget: Budget,
    upkeep: upkeep::Done,
    closed_streams: streams::ClosedStreams,
}

impl Store {
    /// A store in the database that `upstash` talks to, or spread over several.
    pub fn new(
        upstash: Vec<Upstash>,
        config: &Config,
        clock: Clock,
        metrics: Option<Arc<Metrics>>,
    ) -> Self {
        let secret = config.auth_secrets.first().cloned();
        let tag_secret = secret.unwrap_or_else(|| Secret::new(String::new()));
        Self {
            budget: Budget::new(config.daily_commands, upstash.len()),
            databases: Databases::new(upstash),
            namespace: config.namespace.clone(),
            session_ttl: config.session_ttl,
            limits: Limits::new(config),
            clock,
            metrics,
            tags: EntityTags::new(tag_secret),
            callers: Callers::default(),
            upkeep: upkeep::Done::default(),
            closed_streams: streams::ClosedStreams::default(),
        }
    }

    /// One user's part of the store: everything that a request can reach.
    pub fn for_user(&self, caller: &Caller) -> UserStore<'_> {
        UserStore {
            store: self,
            keys: Keys::new(&self.namespace, &caller.user),
            caller: caller.clone(),
            database: self.databases.index_of(caller.user.as_str()),
            counts_reads: true,
        }
    }

    /// The same for data in the database of a name (a code, a share) instead of the user's.
    fn for_name(&self, caller: &Caller, name: &str) -> UserStore<'_> {
        let database = self.databases.index_of(name);
        UserStore {
            database,
            ..self.for_user(caller)
        }
    }

    /// Makes a name that belongs to the user's database, by trying until one does: once where there is one
    /// database, on average as often as there are databases.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn generate_colocated<T, E>(
        &self,
        user: &UserId,
        mut make: impl FnMut() -> Result<(T, String), E>,
    ) -> Result<T, E> {
        let database = self.databases.index_of(user.as_str());
        loop {
            let (made, name) = make()?;
            if self.databases.index_of(&name) == database {
                return Ok(made);
            }
        }
    }

    /// Pings every database; returns how long the slowest took.
    ///
    /// # Errors
    /// See [`UpstashError`].
    pub async fn ping(&self, usage: &Usage) -> Result<Duration, UpstashError> {
        let started = Instant::now();
        let ping = Command::new("PING");
        let all = self.databases.all().iter();
        try_join_all(all.map(|database| database.command(usage, &ping))).await?;
        usage.add_commands(u32::try_from(self.databases.all().len()).unwrap_or(u32::MAX));
        Ok(started.elapsed())
    }

    /// The state of the circuit breaker; with several databases, the worst of them.
    pub fn circuit(&self) -> CircuitState {
        self.databases.circuit()
    }

    fn budget_key(&self, day: i64) -> String {
        format!("{}commands:{day}", self.namespace)
    }

    fn today(&self) -> i64 {
        self.clock.now_ms().div_euclid(DAY_MS)
    }
}

/// The store as one user sees it.
#[derive(Debug)]
pub struct UserStore<'a> {
    store: &'a Store,
    keys: Keys,
    caller: Caller,
    database: usize,
    counts_reads: bool,
}

impl UserStore<'_> {
    /// The same for an open stream, whose reads are not counted: opening it was, and so is each write that it reads.
    #[must_use]
    pub fn within_stream(self) -> Self {
        Self {
            counts_reads: false,
            ..self
        }
    }

    /// The same for a further request of one API call, which was counted with the first.
    fn within_call(&self) -> UserStore<'_> {
        UserStore {
            counts_reads: false,
            ..self.store.for_user(&self.caller)
        }
    }

    /// Where the cost of this user's request is noted.
    fn usage(&self) -> &Usage {
        &self.caller.context.usage
    }
}
