//! The conversation store (the plan's phase 2): every operation is one request to Upstash.

mod answer;
mod conversations;
mod cursor;
mod error;
mod export;
mod import;
mod keys;
mod messages;
mod scripts;
mod session;
mod user;

use std::borrow::Cow;
use std::time::{Duration, Instant};

pub use answer::{Outcome, Written};
pub use conversations::{ConversationList, Deleted, SaveMode};
pub use cursor::{Cursor, CursorKind};
pub use error::StoreError;
pub use export::Exported;
pub use import::{ImportStatus, Imported};
pub use messages::{Order, Page, PageQuery, Truncation};
pub use session::Session;
pub use user::{Activity, Erasure, Statistics, Totals};

use crate::clock::Clock;
use crate::config::Config;
use crate::identity::UserId;
use crate::model::{ConversationId, NewMessage};
use crate::upstash::{CircuitState, Command, Script, Upstash, UpstashError};
use answer::Answer;
use keys::Keys;

/// All users' conversations.
#[derive(Debug)]
pub struct Store {
    upstash: Upstash,
    namespace: String,
    conversation_life: Duration,
    session_life: Duration,
    clock: Clock,
}

impl Store {
    /// A store in the database that `upstash` talks to.
    pub fn new(upstash: Upstash, config: &Config, clock: Clock) -> Self {
        Self {
            upstash,
            namespace: config.namespace.clone(),
            conversation_life: config.conversation_life,
            session_life: config.session_life,
            clock,
        }
    }

    /// One user's part of it: all that a request can reach.
    pub fn of(&self, user: &UserId) -> UserStore<'_> {
        UserStore {
            store: self,
            keys: Keys::new(&self.namespace, user),
        }
    }

    /// Asks the database for a sign of life; answers how long it took.
    ///
    /// # Errors
    /// See [`UpstashError`].
    pub async fn ping(&self) -> Result<Duration, UpstashError> {
        let started = Instant::now();
        self.upstash.command(&Command::new("PING")).await?;
        Ok(started.elapsed())
    }

    /// Whether the circuit breaker lets calls through.
    pub fn circuit(&self) -> CircuitState {
        self.upstash.circuit()
    }
}

/// The store as one user sees it.
#[derive(Debug)]
pub struct UserStore<'a> {
    store: &'a Store,
    keys: Keys,
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
        let now = self.store.clock.now_ms().to_string();
        let life = self.store.conversation_life.as_millis().to_string();
        let expected = call
            .expected_revision
            .map(|revision| revision.to_string())
            .unwrap_or_default();
        let id = call.conversation.map_or("", ConversationId::as_str);

        let mut arguments = vec![now.as_str(), &life, id, &expected];
        arguments.extend(call.arguments.iter().map(AsRef::as_ref));
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let reply = self.store.upstash.script(script, &keys, &arguments).await?;
        Answer::new(reply)
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
