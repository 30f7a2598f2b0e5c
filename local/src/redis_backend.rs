//! A Redis server as the store: one shared connection that comes back after a restart.

mod reply;
mod script;
mod wrapper;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, ErrorKind, Pipeline, RedisError, ServerErrorKind};

use crate::backend::{Command, Messages, Reply, Unavailable};
use crate::engine::Header;
use crate::rules::Rules;
use script::{Outgoing, Scripts};

/// Longest wait for an answer; a script may take its time, so well over the client's default.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// What Redis answers to the EXEC of a transaction with a command it would not queue.
const EXECABORT: &str = "EXECABORT Transaction discarded because of previous errors.";

impl From<RedisError> for Unavailable {
    fn from(error: RedisError) -> Self {
        Self::new(error.to_string())
    }
}

/// A handle to one Redis server; clones share the connection.
///
/// The commands that change the state of a connection (`SELECT`, `SUBSCRIBE`, ...) or block it are
/// the caller's to keep away.
#[derive(Clone)]
pub struct RedisBackend {
    client: Client,
    connection: ConnectionManager,
    scripts: Arc<Scripts>,
}

impl RedisBackend {
    /// Connects to `redis://host:port/db`.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] for a malformed URL and when the server cannot be reached.
    pub async fn connect(url: &str) -> Result<Self, Unavailable> {
        let client = Client::open(url)?;
        // While the server is down each caller waits for the attempts under way: keep that short.
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_min_delay(Duration::from_millis(20))
            .set_max_delay(Duration::from_millis(100))
            .set_number_of_retries(3)
            .set_pipeline_buffer_size(1024);
        let connection = ConnectionManager::new_with_config(client.clone(), config).await?;
        let scripts = Arc::default();
        Ok(Self {
            client,
            connection,
            scripts,
        })
    }

    /// Runs one command.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when the server gave no answer.
    pub async fn execute(&self, command: &[Vec<u8>]) -> Result<Reply, Unavailable> {
        let outgoing = self.scripts.outgoing(command, &mut Rules::default());
        let packed = packed(&outgoing);
        let mut connection = self.connection.clone();
        let value = connection.send_packed_command(&packed).await?;
        Ok(outgoing.restored(reply::from_value(value)))
    }

    /// Runs the commands in order, in one write.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when the server gave no complete answer.
    pub async fn pipeline(
        &self,
        commands: &[Command],
        rules: &mut Rules,
    ) -> Result<Vec<Reply>, Unavailable> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let outgoing = self.all_outgoing(commands, rules);
        let signals = self.signals(&outgoing).await?;
        let pipeline = all_packed(&outgoing);
        let mut connection = self.connection.clone();
        let values = connection.req_packed_commands(&pipeline, 0, commands.len());
        let values = values.await?;
        rules.fired |= signals < self.signals(&outgoing).await?;
        Ok(restored(&outgoing, values))
    }

    /// Runs the commands in a MULTI/EXEC; the inner `Err` is the error of a discarded transaction.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when the server gave no answer.
    pub async fn transaction(
        &self,
        commands: &[Command],
        rules: &mut Rules,
    ) -> Result<Result<Vec<Reply>, Reply>, Unavailable> {
        let outgoing = self.all_outgoing(commands, rules);
        let signals = self.signals(&outgoing).await?;
        let mut pipeline = all_packed(&outgoing);
        // MULTI to EXEC go out in one write, so nothing of other callers comes between.
        pipeline.atomic();
        let mut connection = self.connection.clone();
        let answers = connection.req_packed_commands(&pipeline, commands.len() + 1, 1);
        let answers = answers.await;
        rules.fired |= signals < self.signals(&outgoing).await?;
        match answers {
            Ok(values) => Ok(executed(&outgoing, values)),
            Err(error) if discarded(&error) => Ok(Err(Reply::Error(EXECABORT.to_owned()))),
            Err(error) => Err(error.into()),
        }
    }

    /// Subscribes to a channel, on a connection of its own; the stream ends with that connection.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when the server could not be reached.
    pub async fn subscribe(&self, channel: &[u8]) -> Result<Messages, Unavailable> {
        let mut pubsub = self.client.get_async_pubsub().await?;
        pubsub.subscribe(channel).await?;
        let messages = pubsub.into_on_message();
        Ok(messages
            .map(|message| message.get_payload_bytes().to_vec())
            .boxed())
    }

    /// Calls per command since the server started, under the names of `INFO commandstats`:
    /// lower case, a subcommand after a bar.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when the server gave no answer.
    pub async fn command_counts(&self) -> Result<BTreeMap<String, u64>, Unavailable> {
        let text = self.command_statistics().await?;
        Ok(text.lines().filter_map(command_count).collect())
    }

    /// Whether the command runs a script that is known and that a full store lets begin.
    pub(crate) fn runs_when_full(&self, command: &[Vec<u8>]) -> bool {
        let header = self.scripts.source(command).as_deref().and_then(Header::of);
        header.is_some_and(Header::runs_when_full)
    }

    /// How often scripts have said that a failure met its command, where any of these could.
    async fn signals(&self, outgoing: &[Outgoing<'_>]) -> Result<u64, Unavailable> {
        if !outgoing.iter().any(Outgoing::may_signal) {
            return Ok(0);
        }
        let text = self.command_statistics().await?;
        Ok(text.lines().find_map(wrapper::signals).unwrap_or(0))
    }

    async fn command_statistics(&self) -> Result<String, Unavailable> {
        let mut connection = self.connection.clone();
        let mut info = redis::cmd("INFO");
        info.arg("commandstats");
        Ok(info.query_async(&mut connection).await?)
    }

    fn all_outgoing<'a>(&self, commands: &'a [Command], rules: &mut Rules) -> Vec<Outgoing<'a>> {
        let outgoing = commands.iter();
        outgoing
            .map(|command| self.scripts.outgoing(command, rules))
            .collect()
    }
}

fn packed(outgoing: &Outgoing<'_>) -> Cmd {
    let words = outgoing.words();
    let bytes = words.iter().map(Vec::len).sum();
    let mut packed = Cmd::with_capacity(words.len(), bytes);
    for word in words {
        packed.arg(word.as_slice());
    }
    packed
}

fn all_packed(outgoing: &[Outgoing<'_>]) -> Pipeline {
    let mut pipeline = Pipeline::with_capacity(outgoing.len());
    for command in outgoing {
        pipeline.add_command(packed(command));
    }
    pipeline
}

fn restored(outgoing: &[Outgoing<'_>], values: Vec<redis::Value>) -> Vec<Reply> {
    let pairs = outgoing.iter().zip(values);
    pairs
        .map(|(command, value)| command.restored(reply::from_value(value)))
        .collect()
}

/// The replies in the one answer of EXEC.
fn executed(outgoing: &[Outgoing<'_>], answers: Vec<redis::Value>) -> Result<Vec<Reply>, Reply> {
    match answers.into_iter().next() {
        Some(redis::Value::Array(values)) => Ok(restored(outgoing, values)),
        Some(redis::Value::ServerError(error)) => Err(Reply::Error(reply::error_text(&error))),
        // A watched key has changed; nothing here watches.
        _ => Err(Reply::Error(EXECABORT.to_owned())),
    }
}

fn discarded(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::ExecAbort)
}

/// Name and calls of a line such as `cmdstat_get:calls=7,usec=...`.
fn command_count(line: &str) -> Option<(String, u64)> {
    let (name, fields) = line.strip_prefix("cmdstat_")?.split_once(':')?;
    let calls = fields.split(',').next()?.strip_prefix("calls=")?;
    Some((name.to_owned(), calls.parse().ok()?))
}
