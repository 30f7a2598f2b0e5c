//! The conversation store (the plan's phase 2): every operation is one request to Upstash.

mod answer;
mod claim;
mod conversations;
mod cursor;
mod databases;
mod devices;
mod error;
mod export;
mod import;
mod keys;
mod messages;
mod metrics;
mod scripts;
mod session;
mod shares;
mod sync;
mod user;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

pub use answer::{Outcome, Written};
pub use claim::Claim;
pub use conversations::{ConversationList, Deleted, SaveMode};
pub use cursor::{Cursor, CursorKind};
pub use devices::{CODE_LIFE, Redeemed};
pub use error::{Quota, StoreError};
pub use export::Exported;
pub use import::{ImportStatus, Imported};
pub use messages::{Order, Page, PageQuery, Truncation};
pub use session::Session;
pub use shares::{Share, SharedPage};
pub use sync::{Changes, SyncCursor};
pub use user::{Activity, Erasure, Statistics, Totals};

use crate::clock::Clock;
use crate::config::Config;
use crate::identity::{Caller, Counted, UserId};
use crate::metrics::Metrics;
use crate::model::{ConversationId, NewMessage};
use crate::rate::{self, RateStatus};
use crate::upstash::{CircuitState, Command, Reply, Script, Upstash, UpstashError, note_commands};
use answer::Answer;
use databases::Databases;
use keys::Keys;

/// All users' conversations.
#[derive(Debug)]
pub struct Store {
    databases: Databases,
    namespace: String,
    session_life: Duration,
    limits: Limits,
    clock: Clock,
    metrics: Option<Arc<Metrics>>,
}

/// What the scripts are told of the configuration.
#[derive(Debug)]
struct Limits {
    conversation_life: Duration,
    rate: u64,
    address_rate: u64,
    reader_rate: u64,
    conversations: u64,
    messages: u64,
    bytes: u64,
}

impl Store {
    /// A store in the database that `upstash` talks to, or spread over several.
    pub fn new(
        upstash: Vec<Upstash>,
        config: &Config,
        clock: Clock,
        metrics: Option<Arc<Metrics>>,
    ) -> Self {
        Self {
            databases: Databases::new(upstash),
            namespace: config.namespace.clone(),
            session_life: config.session_life,
            limits: Limits {
                conversation_life: config.conversation_life,
                rate: config.rate_limit,
                address_rate: config.address_rate_limit,
                reader_rate: config.share_rate_limit,
                conversations: config.max_conversations,
                messages: config.max_messages,
                bytes: config.max_bytes,
            },
            clock,
            metrics,
        }
    }

    /// One user's part of it: all that a request can reach.
    pub fn of(&self, caller: &Caller) -> UserStore<'_> {
        UserStore {
            store: self,
            keys: Keys::new(&self.namespace, &caller.user),
            caller: caller.clone(),
            database: self.databases.index_of(caller.user.as_str()),
        }
    }

    /// The same for what is not in the user's database, but in that of a name: a code, a share.
    fn of_name(&self, caller: &Caller, name: &str) -> UserStore<'_> {
        let database = self.databases.index_of(name);
        UserStore {
            database,
            ..self.of(caller)
        }
    }

    /// Makes a name that belongs to the user's database, by trying until one does: once where there is one
    /// database, on average as often as there are databases.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn name_near<T, E>(
        &self,
        user: &UserId,
        mut make: impl FnMut(u32) -> Result<(T, String), E>,
    ) -> Result<T, E> {
        let database = self.databases.index_of(user.as_str());
        let mut attempt = 0;
        loop {
            let (made, name) = make(attempt)?;
            if self.databases.index_of(&name) == database {
                return Ok(made);
            }
            attempt += 1;
        }
    }

    /// Runs a script, with a batch of metrics behind it where one is due.
    async fn run(
        &self,
        database: usize,
        script: &Script,
        keys: &[&str],
        arguments: &[&str],
    ) -> Result<Reply, UpstashError> {
        let upstash = self.databases.get(database);
        let metrics = self.metrics.as_ref();
        let due = metrics.and_then(|metrics| metrics.due(database, false));
        let Some(delivery) = due else {
            return upstash.script(script, keys, arguments).await;
        };
        let key = self.metrics_key();
        let rider = metrics::command(&delivery, &key);
        let (reply, ridden) = upstash.script_with(script, keys, arguments, rider).await;
        metrics::settle(delivery, &ridden);
        reply
    }

    /// Asks every database for a sign of life; answers how long the slowest took.
    ///
    /// # Errors
    /// See [`UpstashError`].
    pub async fn ping(&self) -> Result<Duration, UpstashError> {
        let started = Instant::now();
        let ping = Command::new("PING");
        let all = self.databases.all().iter();
        try_join_all(all.map(|database| database.command(&ping))).await?;
        note_commands(u32::try_from(self.databases.all().len()).unwrap_or(u32::MAX));
        Ok(started.elapsed())
    }

    /// Whether the circuit breaker lets calls through; where there are several databases, the worst of them.
    pub fn circuit(&self) -> CircuitState {
        self.databases.circuit()
    }
}

/// The store as one user sees it.
#[derive(Debug)]
pub struct UserStore<'a> {
    store: &'a Store,
    keys: Keys,
    caller: Caller,
    database: usize,
}

/// What a script is called with, beside what every script gets.
#[derive(Default)]
struct Call<'a> {
    conversation: Option<&'a ConversationId>,
    expected_revision: Option<u64>,
    more_keys: Vec<String>,
    arguments: Vec<Cow<'a, str>>,
}

impl UserStore<'_> {
    /// Calls a script: keys and leading arguments as the Lua prelude lists them.
    async fn call(&self, script: &Script, call: Call<'_>) -> Result<Answer, StoreError> {
        let mut keys = vec![
            self.keys.conversations(),
            self.keys.meta(),
            self.keys.deleted(),
        ];
        if let Some(id) = call.conversation {
            keys.extend([self.keys.messages(id), self.keys.bodies(id)]);
        }
        keys.extend(call.more_keys);
        let now = self.store.clock.now_ms();
        let window = Window::at(now);
        keys.push(self.keys.rate(&self.caller.counted_as, window.number));

        let (now, settings) = (now.to_string(), self.settings());
        let expected = optional(call.expected_revision);
        let id = call.conversation.map_or("", ConversationId::as_str);
        let mut arguments = vec![now.as_str(), &settings, id, &expected];
        arguments.extend(call.arguments.iter().map(AsRef::as_ref));
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let store = self.store;
        let reply = store.run(self.database, script, &keys, &arguments).await?;
        let (calls, answer) = Answer::new(reply)?;
        self.judge(calls, &window, answer)
    }

    /// As the Lua prelude's `setting_names` has them.
    fn settings(&self) -> String {
        let limits = &self.store.limits;
        format!(
            "{} {} {} {} {} {} {}",
            limits.conversation_life.as_millis(),
            self.rate_limit(),
            rate::WINDOW.as_millis(),
            self.caller.issued_at,
            limits.conversations,
            limits.messages,
            limits.bytes,
        )
    }

    fn rate_limit(&self) -> u64 {
        match self.caller.counted_as {
            Counted::User => self.store.limits.rate,
            Counted::Address(_) => self.store.limits.address_rate,
            Counted::Reader(_) => self.store.limits.reader_rate,
        }
    }

    /// Notes where the caller stands, and sorts out what the prelude refuses.
    fn judge(&self, calls: u64, window: &Window, answer: Answer) -> Result<Answer, StoreError> {
        let status = RateStatus {
            limit: self.rate_limit(),
            used: calls,
            reset: window.left,
        };
        self.caller.rate.set(status);
        match answer {
            answer if answer.is_refusal("limited") => Err(StoreError::Limited(status)),
            answer if answer.is_refusal("signed out") => Err(StoreError::SignedOut),
            answer => Ok(answer),
        }
    }
}

/// A window of the rate limit.
struct Window {
    number: i64,
    left: Duration,
}

impl Window {
    fn at(now_ms: i64) -> Self {
        let length = i64::try_from(rate::WINDOW.as_millis()).unwrap_or(i64::MAX);
        let left = length - now_ms.rem_euclid(length);
        Self {
            number: now_ms.div_euclid(length),
            left: Duration::from_millis(left.unsigned_abs()),
        }
    }
}

/// Messages as the scripts take them.
fn push_messages<'a>(arguments: &mut Vec<Cow<'a, str>>, messages: &'a [NewMessage]) {
    for message in messages {
        arguments.extend([
            message.id.as_str().into(),
            message.timestamp.as_ms().to_string().into(),
            message.tokens.to_string().into(),
            message.digest.as_str().into(),
            message.record.as_str().into(),
        ]);
    }
}

fn optional(number: Option<impl ToString>) -> Cow<'static, str> {
    number
        .map(|number| number.to_string())
        .unwrap_or_default()
        .into()
}
