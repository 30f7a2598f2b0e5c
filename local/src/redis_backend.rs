//! A Redis server as the store: one shared connection that comes back after a restart.

mod reply;
mod script;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, ErrorKind, Pipeline, RedisError, ServerErrorKind};

use crate::backend::{Command, Messages, Reply, Unavailable};
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
        let outgoing = self.scripts.outgoing(command);
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
    pub async fn pipeline(&self, commands: &[Command]) -> Result<Vec<Reply>, Unavailable> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let outgoing = self.all_outgoing(commands);
        let pipeline = all_packed(&outgoing);
        let mut connection = self.connection.clone();
        let values = connection.req_packed_commands(&pipeline, 0, commands.len());
        Ok(restored(&outgoing, values.await?))
    }

    /// Runs the commands in a MULTI/EXEC; the inner `Err` is the error of a discarded transaction.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when the server gave no answer.
    pub async fn transaction(
        &self,
        commands: &[Command],
    ) -> Result<Result<Vec<Reply>, Reply>, Unavailable> {
        let outgoing = self.all_outgoing(commands);
        let mut pipeline = all_packed(&outgoing);
        // MULTI to EXEC go out in one write, so nothing of other callers comes between.
        pipeline.atomic();
        let mut connection = self.connection.clone();
        let answers = connection.req_packed_commands(&pipeline, commands.len() + 1, 1);
        match answers.await {
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
        let mut connection = self.connection.clone();
        let mut info = redis::cmd("INFO");
        info.arg("commandstats");
        let text: String = info.query_async(&mut connection).await?;
        Ok(text.lines().filter_map(command_count).collect())
    }

    fn all_outgoing<'a>(&self, commands: &'a [Command]) -> Vec<Outgoing<'a>> {
        let outgoing = commands.iter().map(|c| self.scripts.outgoing(c));
        outgoing.collect()
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
