//! What the Upstash REST front needs of the store behind it: commands in, RESP2 replies out.

use std::collections::BTreeMap;
use std::fmt;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::engine::Engine;
use crate::redis_backend::RedisBackend;
use crate::rules::Rules;

/// One command with its arguments, as bytes: `["SET", "key", "value"]`.
pub type Command = Vec<Vec<u8>>;

/// The messages of one channel, from the moment of the subscription on.
pub type Messages = BoxStream<'static, Vec<u8>>;

/// A reply in RESP2's terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A null bulk string or null array.
    Nil,
    /// A simple string such as `OK`.
    Status(String),
    /// An integer.
    Int(i64),
    /// A binary-safe string.
    Bulk(Vec<u8>),
    /// A list of replies.
    Array(Vec<Reply>),
    /// An error with its code first, such as `WRONGTYPE Operation against ...`.
    Error(String),
}

impl Reply {
    /// The plain `OK`.
    pub fn ok() -> Self {
        Self::Status("OK".to_owned())
    }
}

/// The store gave no answer, so whether the command took effect is unknown.
#[derive(Debug)]
pub struct Unavailable(String);

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store is unavailable: {}", self.0)
    }
}

impl std::error::Error for Unavailable {}

impl Unavailable {
    /// With the cause, for the log.
    pub fn new(cause: impl Into<String>) -> Self {
        Self(cause.into())
    }
}

/// The store behind the front.
#[derive(Clone)]
pub enum Backend {
    /// The in-process engine.
    Embedded(Engine),
    /// A Redis server.
    Redis(RedisBackend),
}

impl Backend {
    /// Runs one command; a refusal by the store is a [`Reply::Error`].
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when the store gave no answer, as for the other methods: whether the command
    /// took effect is then unknown.
    pub async fn execute(&self, command: &[Vec<u8>]) -> Result<Reply, Unavailable> {
        match self {
            Self::Embedded(engine) => Ok(engine.execute(command)),
            Self::Redis(redis) => redis.execute(command).await,
        }
    }

    /// Runs the commands in order, with those of other callers possibly between them.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when the store gave no complete answer.
    pub async fn pipeline(&self, commands: &[Command]) -> Result<Vec<Reply>, Unavailable> {
        self.pipeline_under(commands, &mut Rules::default()).await
    }

    /// As [`Backend::pipeline`], with these rules.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when the store gave no complete answer.
    pub async fn pipeline_under(
        &self,
        commands: &[Command],
        rules: &mut Rules,
    ) -> Result<Vec<Reply>, Unavailable> {
        match self {
            Self::Embedded(engine) => {
                let replies = commands.iter();
                let replies = replies.map(|c| with_hint(engine.execute_under(c, rules)));
                Ok(replies.collect())
            }
            Self::Redis(redis) => redis.pipeline(commands, rules).await,
        }
    }

    /// Runs the commands atomically; the inner `Err` is the error of a discarded transaction.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when the store gave no answer.
    pub async fn transaction(
        &self,
        commands: &[Command],
    ) -> Result<Result<Vec<Reply>, Reply>, Unavailable> {
        self.transaction_under(commands, &mut Rules::default())
            .await
    }

    /// As [`Backend::transaction`], with these rules.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when the store gave no answer.
    pub async fn transaction_under(
        &self,
        commands: &[Command],
        rules: &mut Rules,
    ) -> Result<Result<Vec<Reply>, Reply>, Unavailable> {
        match self {
            Self::Embedded(engine) => Ok(engine.transaction_under(commands, rules)),
            Self::Redis(redis) => redis.transaction(commands, rules).await,
        }
    }

    /// Whether the command runs a script that a full store lets begin, by the script's flags.
    pub(crate) fn runs_when_full(&self, command: &[Vec<u8>]) -> bool {
        match self {
            Self::Embedded(engine) => engine.runs_when_full(command),
            Self::Redis(redis) => redis.runs_when_full(command),
        }
    }

    /// Subscribes to a channel; the subscription is in force when this returns.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when the store could not be reached.
    pub async fn subscribe(&self, channel: &[u8]) -> Result<Messages, Unavailable> {
        match self {
            Self::Embedded(engine) => Ok(received(engine.subscribe(channel))),
            Self::Redis(redis) => redis.subscribe(channel).await,
        }
    }

    /// Calls per command since the store started.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when the store gave no answer.
    pub async fn command_counts(&self) -> Result<BTreeMap<String, u64>, Unavailable> {
        match self {
            Self::Embedded(engine) => Ok(engine.command_counts()),
            Self::Redis(redis) => redis.command_counts().await,
        }
    }

    /// Commands that Upstash would have billed since the store started, those inside scripts included.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when the store gave no answer.
    pub async fn billed_commands(&self) -> Result<u64, Unavailable> {
        let counts = self.command_counts().await?.into_iter();
        let billed = counts.filter(|(name, _)| !UNBILLED.contains(&name.as_str()));
        Ok(billed.map(|(_, calls)| calls).sum())
    }
}

/// What the engine says of a command it does not know, as Redis does.
const UNKNOWN: [&str; 3] = [
    "ERR unknown command",
    "ERR unknown subcommand",
    "ERR Unknown Redis command called from script",
];

/// The reply, with what can be done where the embedded store does not know a command that Redis knows.
fn with_hint(reply: Reply) -> Reply {
    match reply {
        Reply::Error(text) if UNKNOWN.iter().any(|start| text.starts_with(start)) => {
            Reply::Error(format!(
                "{} (the embedded store has a subset of Redis's commands, see docs/development.md; \
                 --redis <url> has all of them)",
                text.trim_end()
            ))
        }
        reply => reply,
    }
}

/// What a connection costs, and asking for the counts: nobody is billed for it.
const UNBILLED: [&str; 7] = [
    "info",
    "hello",
    "client",
    "client|setinfo",
    "select",
    "multi",
    "exec",
];

/// The receiver as a stream. A subscriber that falls behind loses messages, as with Redis it would
/// lose its connection; it is not told.
fn received(receiver: broadcast::Receiver<Vec<u8>>) -> Messages {
    stream::unfold(receiver, |mut receiver| async {
        loop {
            match receiver.recv().await {
                Ok(message) => return Some((message, receiver)),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    })
    .boxed()
}
