//! A Redis server as the store: one shared connection that recovers after a restart.

mod reply;
mod script;
mod wrapper;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, ErrorKind, Pipeline, RedisError, ServerErrorKind};

use crate::engine::Header;
use crate::reply::{Command, Messages, Reply, Unavailable};
use crate::rules::Rules;
use script::{Outgoing, Scripts};

/// The longest wait for a reply: well over the client's default, since scripts can take long.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// What Redis replies to the EXEC of a transaction with a command that it refused to queue.
const EXECABORT: &str = "EXECABORT Transaction discarded because of previous errors.";

impl From<RedisError> for Unavailable {
    fn from(error: RedisError) -> Self {
        Self::new(error.to_string())
    }
}

/// A handle to one Redis server; clones share the connection.
///
/// The caller must not send commands that block the connection or change its state (`SELECT`, `SUBSCRIBE`).
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
        // While the server is down each caller waits for the pending attempts, so they are kept short.
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
    /// [`Unavailable`] when the server sent no reply.
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
    /// [`Unavailable`] when the server sent no complete reply.
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
    /// [`Unavailable`] when the server sent no reply.
    pub async fn transaction(
        &self,
        commands: &[Command],
        rules: &mut Rules,
    ) -> Result<Result<Vec<Reply>, Reply>, Unavailable> {
        let outgoing = self.all_outgoing(commands, rules);
        let signals = self.signals(&outgoing).await?;
        let mut pipeline = all_packed(&outgoing);
        // MULTI to EXEC go out in one write, so no command of another caller comes between.
        pipeline.atomic();
        let mut connection = self.connection.clone();
        let replies = connection.req_packed_commands(&pipeline, commands.len() + 1, 1);
        let replies = replies.await;
        rules.fired |= signals < self.signals(&outgoing).await?;
        match replies {
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
    /// [`Unavailable`] when the server sent no reply.
    pub async fn command_counts(&self) -> Result<BTreeMap<String, u64>, Unavailable> {
        let text = self.command_statistics().await?;
        Ok(text.lines().filter_map(command_count).collect())
    }

    /// Whether the command runs a known script whose flags let it start in a full store.
    pub(crate) fn runs_when_full(&self, command: &[Vec<u8>]) -> bool {
        let header = self.scripts.source(command).as_deref().and_then(Header::of);
        header.is_some_and(Header::runs_when_full)
    }

    /// How often wrapped scripts have signalled that a failure met its command; 0 if none of these can.
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

/// The replies inside the reply to EXEC.
fn executed(outgoing: &[Outgoing<'_>], replies: Vec<redis::Value>) -> Result<Vec<Reply>, Reply> {
    match replies.into_iter().next() {
        Some(redis::Value::Array(values)) => Ok(restored(outgoing, values)),
        Some(redis::Value::ServerError(error)) => Err(Reply::Error(reply::error_text(&error))),
        // Redis replies with nil when a watched key has changed, and nothing here uses WATCH.
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
