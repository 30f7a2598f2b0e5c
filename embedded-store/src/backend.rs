//! The store behind the REST front: the embedded engine or a Redis server, behind one interface.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::broadcast::{self, error::RecvError};

use crate::engine::Engine;
use crate::redis_backend::RedisBackend;
use crate::reply::{Command, Messages, Reply, Unavailable};
use crate::rules::Rules;

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
    /// [`Unavailable`] when the store sent no reply, as for the other methods: it is then unknown whether
    /// the command took effect.
    pub async fn execute(&self, command: &[Vec<u8>]) -> Result<Reply, Unavailable> {
        match self {
            Self::Embedded(engine) => Ok(engine.execute(command)),
            Self::Redis(redis) => redis.execute(command).await,
        }
    }

    /// Runs the commands in order; commands of other callers may run between them.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when the store sent no complete reply.
    pub async fn pipeline(&self, commands: &[Command]) -> Result<Vec<Reply>, Unavailable> {
        self.pipeline_under(commands, &mut Rules::default()).await
    }

    /// As [`Backend::pipeline`], under these rules.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when the store sent no complete reply.
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
    /// [`Unavailable`] when the store sent no reply.
    pub async fn transaction(
        &self,
        commands: &[Command],
    ) -> Result<Result<Vec<Reply>, Reply>, Unavailable> {
        self.transaction_under(commands, &mut Rules::default())
            .await
    }

    /// As [`Backend::transaction`], under these rules.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when the store sent no reply.
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

    /// Whether the command runs a script whose flags let it start in a full store.
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
    /// [`Unavailable`] when the store sent no reply.
    pub async fn command_counts(&self) -> Result<BTreeMap<String, u64>, Unavailable> {
        match self {
            Self::Embedded(engine) => Ok(engine.command_counts()),
            Self::Redis(redis) => redis.command_counts().await,
        }
    }

    /// Commands that Upstash would have billed since the store started, including those inside scripts.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when the store sent no reply.
    pub async fn billed_commands(&self) -> Result<u64, Unavailable> {
        let counts = self.command_counts().await?.into_iter();
        let billed = counts.filter(|(name, _)| !UNBILLED.contains(&name.as_str()));
        Ok(billed.map(|(_, calls)| calls).sum())
    }
}

/// How the errors of unknown commands begin, as in Redis.
const UNKNOWN: [&str; 3] = [
    "ERR unknown command",
    "ERR unknown subcommand",
    "ERR Unknown Redis command called from script",
];

/// Adds a hint to the error of a command that the embedded store does not know and Redis may know.
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

/// Commands of connections and transactions, and the one that reads the counts: Upstash does not bill them.
const UNBILLED: [&str; 7] = [
    "info",
    "hello",
    "client",
    "client|setinfo",
    "select",
    "multi",
    "exec",
];

/// The receiver as a stream. A subscriber that falls behind silently loses messages; with Redis it would lose
/// its connection.
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
