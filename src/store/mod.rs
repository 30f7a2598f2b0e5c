//! The conversation store: every operation is one request to Upstash.

mod budget;
mod callers;
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
mod reply;
mod scripts;
mod session;
mod shares;
mod sync;
mod upkeep;
mod user;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

pub use claim::Claim;
pub use conversations::{ConversationList, Deleted, SaveMode};
pub use cursor::{Cursor, CursorKind};
pub use devices::{CODE_LIFE, Redeemed};
pub use error::{Paused, PausedCalls, Quota, StoreError};
pub use export::Exported;
pub use import::{ImportStatus, Imported};
pub use messages::{Order, Page, PageQuery, Truncation};
pub use reply::{Clocks, Outcome, Written};
pub use session::Session;
pub use shares::{Share, SharedPage};
pub use sync::{Changes, StreamPlace, SyncCursor};
pub use user::{Activity, Erasure, Statistics, Totals};

use crate::clock::Clock;
use crate::config::Config;
use crate::context::{Caller, RateLimitKey};
use crate::identity::UserId;
use crate::metrics::Metrics;
use crate::model::{ConversationId, EntityTags, NewMessage, Preconditions, TagList, Version};
use crate::rate::{self, RateStatus};
use crate::secret::Secret;
use crate::upstash::{CircuitState, Command, Reply, Script, Upstash, UpstashError, Usage};
use budget::Budget;
use callers::Callers;
use databases::Databases;
use keys::Keys;
use reply::ReplyReader;

const DAY_MS: i64 = 86_400_000;

/// How many bytes of an address are counted by one instance before they are added up.
const ADDRESS_BATCH: u64 = 1_000_000;

/// All users' conversations.
#[derive(Debug)]
pub struct Store {
    databases: Databases,
    namespace: String,
    session_life: Duration,
    limits: Limits,
    clock: Clock,
    metrics: Option<Arc<Metrics>>,
    tags: EntityTags,
    callers: Callers,
    budget: Budget,
    upkeep: upkeep::Done,
    closed_streams: sync::ClosedStreams,
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
    streams: u64,
    address_users: u64,
    address_bytes: u64,
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
            session_life: config.session_life,
            limits: Limits {
                conversation_life: config.conversation_life,
                rate: config.rate_limit,
                address_rate: config.address_rate_limit,
                reader_rate: config.share_rate_limit,
                conversations: config.max_conversations,
                messages: config.max_messages,
                bytes: config.max_bytes,
                streams: config.max_streams,
                address_users: config.address_users_per_day,
                address_bytes: config.address_bytes_per_day,
            },
            clock,
            metrics,
            tags: EntityTags::new(tag_secret),
            callers: Callers::default(),
            upkeep: upkeep::Done::default(),
            closed_streams: sync::ClosedStreams::default(),
        }
    }

    /// One user's part of it: all that a request can reach.
    pub fn for_user(&self, caller: &Caller) -> UserStore<'_> {
        UserStore {
            store: self,
            keys: Keys::new(&self.namespace, &caller.user),
            caller: caller.clone(),
            database: self.databases.index_of(caller.user.as_str()),
            counts_reads: true,
        }
    }

    /// The same for what is not in the user's database, but in that of a name: a code, a share.
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

    /// Asks every database for a sign of life; answers how long the slowest took.
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

    /// Whether the circuit breaker lets calls through; where there are several databases, the worst of them.
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

/// What a script is called with, beside what every script gets.
#[derive(Default)]
struct Call<'a> {
    conversation: Option<&'a ConversationId>,
    preconditions: Option<&'a Preconditions>,
    more_keys: Vec<String>,
    arguments: Vec<Cow<'a, str>>,
    /// Which of the parts that the API call is carried out in this one is.
    part: usize,
}

/// How often a script may ask to be called again with more keys.
const MOST_ROUNDS: usize = 4;

impl UserStore<'_> {
    /// The same for a stream that is open: its beginning was counted, and it reads only when the user has written, which
    /// is counted too.
    #[must_use]
    pub fn within_stream(self) -> Self {
        Self {
            counts_reads: false,
            ..self
        }
    }

    /// Where the cost of this user's request is noted.
    fn usage(&self) -> &Usage {
        &self.caller.context.usage
    }

    /// Calls a script that writes. One that lacks keys says so, and is called again with them.
    async fn write(&self, script: &Script, mut call: Call<'_>) -> Result<ReplyReader, StoreError> {
        self.admit_write(script)?;
        let key = self.caller.key.part(call.part).to_argument();
        for _ in 0..MOST_ROUNDS {
            let reply = self.write_once(script, &call, &key).await?;
            if reply.first_word() != Some("need") {
                return Ok(reply);
            }
            call.more_keys.extend(reply.texts()?.into_iter().skip(1));
        }
        Err(UpstashError::Malformed.into())
    }

    async fn write_once(
        &self,
        script: &Script,
        call: &Call<'_>,
        key: &str,
    ) -> Result<ReplyReader, StoreError> {
        let now = self.store.clock.now_ms();
        let window = Window::at(now);
        let mut keys = self.keys_of(call);
        keys.push(self.keys.rate(&self.caller.rate_limit_key, window.number));
        let conditions = self.conditions(call);
        let arguments = self.arguments(call, now, &conditions, key);
        let sent = arguments.iter().map(|argument| argument.len()).sum();
        let riders = self.riders_of_write(sent);
        let reply = self.run(script, &keys, &arguments, riders).await?;
        let (writes, reply) = ReplyReader::new(reply.0, self.usage())?;
        let known = self
            .store
            .callers
            .note_writes(&self.counter(), window.number, writes);
        self.validate(known.total(), &window, call, reply)
    }

    /// Calls a script that only reads; the call is counted by a command of its own, whose failure does not matter.
    async fn read(&self, script: &Script, call: Call<'_>) -> Result<ReplyReader, StoreError> {
        let now = self.store.clock.now_ms();
        let window = Window::at(now);
        self.admit(PausedCalls::Reads)?;
        let keys = self.keys_of(&call);
        let arguments = self.arguments(&call, now, "", "");
        let riders = self.riders_of_read(now);
        let (reply, reads) = self.run(script, &keys, &arguments, riders).await?;
        let (writes, reply) = ReplyReader::new(reply, self.usage())?;
        let (callers, counter) = (&self.store.callers, self.counter());
        callers.note_writes(&counter, window.number, writes);
        let known = match self.counts_reads {
            true => callers.note_read(&counter, window.number, reads),
            false => callers.calls(&counter, window.number),
        };
        self.validate(known.total(), &window, &call, reply)
    }

    /// Keys and leading arguments, as `src/lua/lib/base.lua` lists them.
    fn keys_of(&self, call: &Call<'_>) -> Vec<String> {
        let mut keys = vec![
            self.keys.conversations(),
            self.keys.meta(),
            self.keys.deleted(),
        ];
        if let Some(id) = call.conversation {
            keys.extend([self.keys.messages(id), self.keys.bodies(id)]);
        }
        keys.extend(call.more_keys.iter().cloned());
        keys
    }

    fn arguments<'c>(
        &self,
        call: &'c Call<'_>,
        now: i64,
        conditions: &'c str,
        key: &'c str,
    ) -> Vec<Cow<'c, str>> {
        let id = call.conversation.map_or("", ConversationId::as_str);
        let mut arguments: Vec<Cow<'c, str>> = vec![
            now.to_string().into(),
            self.settings().into(),
            id.into(),
            conditions.into(),
            key.into(),
        ];
        let own = call.arguments.iter();
        arguments.extend(own.map(|argument| Cow::Borrowed(argument.as_ref())));
        arguments
    }

    /// As the Lua table `setting_names` has them.
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
        match self.caller.rate_limit_key {
            RateLimitKey::User => self.store.limits.rate,
            RateLimitKey::Address(_) => self.store.limits.address_rate,
            RateLimitKey::Reader(_) => self.store.limits.reader_rate,
        }
    }

    /// What this process knows the caller's calls by.
    fn counter(&self) -> String {
        match &self.caller.rate_limit_key {
            RateLimitKey::User => format!("user:{}", self.caller.user),
            RateLimitKey::Address(hash) => format!("address:{hash}"),
            RateLimitKey::Reader(hash) => format!("reader:{hash}"),
        }
    }

    /// Refuses, without asking anybody, who is known to be over a limit.
    fn admit(&self, calls: PausedCalls) -> Result<(), StoreError> {
        let now = self.store.clock.now_ms();
        let window = Window::at(now);
        let known = self.store.callers.calls(&self.counter(), window.number);
        if known.total() >= self.rate_limit() {
            let status = self.note_status(known.total().saturating_add(1), &window);
            return Err(StoreError::Limited(status));
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

    /// What only frees is admitted whatever was spent or sent.
    fn admit_write(&self, script: &Script) -> Result<(), StoreError> {
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
            return Err(StoreError::OverQuota(Quota::AddressBytes));
        }
        Ok(())
    }

    /// Refuses a caller who is over a limit or refused for the day, before anything is read of what was sent.
    ///
    /// # Errors
    /// `Limited`; `Paused`; `OverQuota` for the address's bytes.
    pub fn check_writing(&self) -> Result<(), StoreError> {
        self.admit_write(&scripts::IMPORT)
    }

    /// Notes where the caller stands, and sorts out what scripts refuse.
    fn validate(
        &self,
        calls: u64,
        window: &Window,
        call: &Call<'_>,
        mut reply: ReplyReader,
    ) -> Result<ReplyReader, StoreError> {
        let status = self.note_status(calls, window);
        if reply.first_word() == Some("rate_limited") || calls > status.limit {
            return Err(StoreError::Limited(status));
        }
        let id = call.conversation.map_or("", ConversationId::as_str);
        match reply.refusal(|version| self.tag_of(id, version))? {
            Some(error) => Err(error),
            None => Ok(reply),
        }
    }

    fn note_status(&self, calls: u64, window: &Window) -> RateStatus {
        let status = RateStatus {
            limit: self.rate_limit(),
            used: calls,
            reset: window.left,
        };
        self.caller.context.note_rate(status);
        status
    }

    /// The entity tag of a conversation's version: of this user, and nobody else's.
    fn tag_of(&self, conversation: &str, version: Version) -> String {
        let thing = format!("{}/{conversation}", self.caller.user);
        self.store.tags.encode(&thing, version)
    }

    /// The preconditions as scripts take them: versions instead of tags.
    fn conditions(&self, call: &Call<'_>) -> String {
        let Some(preconditions) = call.preconditions else {
            return String::new();
        };
        let id = call.conversation.map_or("", ConversationId::as_str);
        let words = |list: &Option<TagList>| match list {
            None => String::new(),
            Some(TagList::Any) => "*".to_owned(),
            Some(TagList::Tags(tags)) => self.versions(id, tags),
        };
        let (yes, no) = (&preconditions.if_match, &preconditions.if_none_match);
        format!("{};{}", words(yes), words(no))
    }

    /// The versions that these tags stand for, or a word that is none.
    fn versions(&self, conversation: &str, tags: &[String]) -> String {
        let thing = format!("{}/{conversation}", self.caller.user);
        let versions = tags
            .iter()
            .filter_map(|tag| self.store.tags.decode(&thing, tag))
            .map(Version::to_word);
        let words: Vec<String> = versions.collect();
        match words.is_empty() {
            true => "-".to_owned(),
            false => words.join(" "),
        }
    }
}

/// A command that goes along with a script, and what to make of its reply.
enum Rider {
    /// Counts a read.
    Count,
    /// Bounds the life of a key of this day.
    Bound(String),
    /// Adds up what this instance has spent of the day's budget.
    Budget(u64),
    /// Adds up what the address has sent.
    AddressBytes(u64),
}

impl UserStore<'_> {
    /// Runs a script, with what goes along; returns its reply, and how many reads were counted.
    async fn run(
        &self,
        script: &Script,
        keys: &[String],
        arguments: &[Cow<'_, str>],
        riders: Vec<(Rider, Command<'_>)>,
    ) -> Result<(Reply, Option<u64>), StoreError> {
        let store = self.store;
        let (riders, mut commands): (Vec<Rider>, Vec<Command<'_>>) = riders.into_iter().unzip();
        let metrics = store.metrics.as_ref();
        let due = metrics.and_then(|metrics| metrics.due(self.database, false));
        let metrics_key = store.metrics_key();
        commands.extend(
            due.as_ref()
                .map(|delivery| metrics::command(delivery, &metrics_key)),
        );
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
        let upstash = store.databases.get(self.database);
        let (reply, mut results) = upstash
            .script_behind(self.usage(), commands, script, &keys, &arguments)
            .await;
        if let Some(delivery) = due {
            let last = results.pop().unwrap_or(Err(UpstashError::Malformed));
            metrics::settle(delivery, &last, self.usage());
        }
        let mut reads = None;
        for (rider, result) in riders.into_iter().zip(results) {
            reads = reads.or(self.settle(rider, result));
        }
        let reply = reply?;
        store
            .budget
            .add(self.database, store.today(), commands_of(&reply));
        Ok((reply, reads))
    }

    fn riders_of_read(&self, now: i64) -> Vec<(Rider, Command<'static>)> {
        let day = now.div_euclid(DAY_MS);
        if !self.counts_reads {
            return self.budget_riders(day);
        }
        let minute = now.rem_euclid(DAY_MS) / 60_000;
        let key = self.keys.reads(&self.caller.rate_limit_key, day);
        let count = Command::new("BITFIELD")
            .arg(key.clone())
            .arg("OVERFLOW")
            .arg("SAT")
            .arg("INCRBY")
            .arg("u32")
            .arg(format!("#{minute}"))
            .arg("1");
        let mut riders = vec![(Rider::Count, count)];
        riders.extend(self.bound(key, day));
        riders.extend(self.budget_riders(day));
        riders
    }

    fn riders_of_write(&self, sent: usize) -> Vec<(Rider, Command<'static>)> {
        let (store, day) = (self.store, self.store.today());
        let mut riders = self.budget_riders(day);
        let address = &self.caller.address;
        let sent = u64::try_from(sent).unwrap_or(u64::MAX);
        let bytes = store
            .callers
            .add_address_bytes(address, day, sent, ADDRESS_BATCH);
        if bytes > 0 {
            let key = self.keys.address_bytes(address, day);
            let add = Command::new("INCRBY")
                .arg(key.clone())
                .arg(bytes.to_string());
            riders.push((Rider::AddressBytes(bytes), add));
            riders.extend(self.bound(key, day));
        }
        riders
    }

    fn budget_riders(&self, day: i64) -> Vec<(Rider, Command<'static>)> {
        let Some(due) = self.store.budget.due(self.database, day) else {
            return Vec::new();
        };
        let add = Command::new("INCRBY")
            .arg(self.store.budget_key(day))
            .arg(due.to_string());
        let mut riders = vec![(Rider::Budget(due), add)];
        riders.extend(self.bound(self.store.budget_key(day), day));
        riders
    }

    /// Gives a key of this day an expiry, unless this process has done so.
    fn bound(&self, key: String, day: i64) -> Option<(Rider, Command<'static>)> {
        if !self.store.callers.is_unbounded(&key, day) {
            return None;
        }
        let at = (day + 2) * DAY_MS;
        let command = Command::new("PEXPIREAT")
            .arg(key.clone())
            .arg(at.to_string());
        Some((Rider::Bound(key), command))
    }

    /// Draws the conclusion from what became of a rider; returns how many reads it has counted.
    fn settle(&self, rider: Rider, result: Result<Reply, UpstashError>) -> Option<u64> {
        let (store, day) = (self.store, self.store.today());
        if result.is_ok() {
            self.usage().add_commands(1);
            store.budget.add(self.database, day, 1);
        }
        let number = result.ok().and_then(first_number);
        match rider {
            Rider::Count => return number,
            Rider::Bound(key) if number.is_some() => store.callers.note_bounded(key, day),
            Rider::Bound(_) => {}
            Rider::Budget(sent) => store.budget.note(self.database, day, sent, number),
            Rider::AddressBytes(sent) => {
                let address = &self.caller.address;
                store.callers.note_address_bytes(address, day, sent, number);
            }
        }
        None
    }
}

/// What a reply of a script says that it was billed.
fn commands_of(reply: &Reply) -> u64 {
    match reply {
        Reply::List(parts) => match parts.get(2) {
            Some(Reply::Int(commands)) => u64::try_from(*commands).unwrap_or(0),
            _ => 0,
        },
        _ => 0,
    }
}

/// A number, or the only number of a list.
fn first_number(reply: Reply) -> Option<u64> {
    match reply {
        Reply::Int(number) => u64::try_from(number).ok(),
        Reply::List(items) => items.into_iter().next().and_then(first_number),
        Reply::Nil | Reply::Bytes(_) => None,
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
