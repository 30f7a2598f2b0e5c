//! A client of Upstash's REST interface to Redis.
//!
//! One call is one HTTPS request: a command, several commands, or a script. Retries and the circuit breaker are in here,
//! so that no caller needs its own. What a call costs is noted in the [`Usage`] that it is given.

mod breaker;
mod command;
mod error;
mod reply;
mod retry;
mod script;
mod subscribe;
mod transport;
mod usage;

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use crate::clock::Clock;
use crate::secret::Secret;

pub use breaker::CircuitState;
pub use command::Command;
pub(crate) use command::encoded_len;
pub use error::UpstashError;
pub use reply::Reply;
pub use script::Script;
pub use subscribe::Subscription;
pub use usage::Usage;

use breaker::CircuitBreaker;
use reply::Entry;
use retry::Backoff;
use transport::Transport;

/// The address and timeouts of Redis.
#[derive(Clone, Debug)]
pub struct UpstashConfig {
    /// Base URL, without a trailing slash.
    pub url: String,
    /// Bearer token.
    pub token: Secret,
    /// The longest a call may take, retries included.
    pub deadline: Duration,
    /// The longest one attempt may take.
    pub attempt_timeout: Duration,
    /// The first retry waits at most this long; each further one up to twice as long.
    pub first_backoff: Duration,
    /// How often a call is attempted at most.
    pub attempts: u32,
    /// This many failed calls in a row open the circuit (5 by default).
    pub failure_threshold: u32,
    /// How long the circuit stays open (60 s by default).
    pub reset_timeout: Duration,
}

impl UpstashConfig {
    /// The defaults for a database at `url`.
    pub fn new(url: impl Into<String>, token: Secret) -> Self {
        Self {
            url: url.into().trim_end_matches('/').to_owned(),
            token,
            deadline: Duration::from_secs(8),
            attempt_timeout: Duration::from_secs(4),
            first_backoff: Duration::from_millis(50),
            attempts: 4,
            failure_threshold: 5,
            reset_timeout: Duration::from_secs(60),
        }
    }

    /// Sets the deadline of a call; an attempt gets half of it.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self.attempt_timeout = deadline / 2;
        self
    }
}

/// The client. It should last as long as the process, so that its connections do.
#[derive(Debug)]
pub struct Upstash {
    transport: Transport,
    breaker: CircuitBreaker,
    config: UpstashConfig,
    /// Whether this database has refused the flag of scripts that free.
    refuses_flag: AtomicBool,
}

impl Upstash {
    /// Makes a client; no request is sent yet.
    ///
    /// # Errors
    /// [`UpstashError::Unreachable`] when TLS cannot be set up.
    pub fn new(config: &UpstashConfig, clock: Clock) -> Result<Self, UpstashError> {
        Ok(Self {
            transport: Transport::new(config)?,
            breaker: CircuitBreaker::new(config.failure_threshold, config.reset_timeout, clock),
            config: config.clone(),
            refuses_flag: AtomicBool::new(false),
        })
    }

    /// The form of a script that this database takes, as far as is known.
    fn form_of<'s>(&self, script: &'s Script) -> &'s Script {
        match script.without_flag() {
            Some(other) if self.refuses_flag.load(Relaxed) => other,
            _ => script,
        }
    }

    /// Sends one command.
    ///
    /// # Errors
    /// See [`UpstashError`].
    pub async fn command(
        &self,
        usage: &Usage,
        command: &Command<'_>,
    ) -> Result<Reply, UpstashError> {
        let parse = |json: &[u8]| Entry::parse_one(json)?.into_reply();
        self.send(usage, &[], command.to_json(), parse).await
    }

    /// Runs a script by its digest, and where the database does not hold it (yet, or any more), by its
    /// text: the same call once more, this time with `EVAL`.
    ///
    /// # Errors
    /// See [`UpstashError`].
    pub async fn script(
        &self,
        usage: &Usage,
        script: &Script,
        keys: &[&str],
        arguments: &[&str],
    ) -> Result<Reply, UpstashError> {
        let form = self.form_of(script);
        match self.run_form(usage, form, keys, arguments).await {
            Err(error) if error.is_unknown_flag() && !self.refuses_flag.swap(true, Relaxed) => {
                self.run_form(usage, self.form_of(script), keys, arguments)
                    .await
            }
            result => result,
        }
    }

    async fn run_form(
        &self,
        usage: &Usage,
        script: &Script,
        keys: &[&str],
        arguments: &[&str],
    ) -> Result<Reply, UpstashError> {
        match self
            .command(usage, &script.by_digest(keys, arguments))
            .await
        {
            Err(error) if error.is_unknown_script() => {
                usage.add_commands(1);
                self.command(usage, &script.by_text(keys, arguments)).await
            }
            result => result,
        }
    }

    /// Runs a script, and before it, in the same request, other commands. The script does not depend on them, and they are
    /// not retried on their own.
    ///
    /// # Errors
    /// See [`UpstashError`], for the script and for each of the commands.
    pub async fn script_behind(
        &self,
        usage: &Usage,
        commands: Vec<Command<'_>>,
        script: &Script,
        keys: &[&str],
        arguments: &[&str],
    ) -> (
        Result<Reply, UpstashError>,
        Vec<Result<Reply, UpstashError>>,
    ) {
        let count = commands.len();
        if count == 0 {
            return (
                self.script(usage, script, keys, arguments).await,
                Vec::new(),
            );
        }
        let mut all = commands;
        let form = self.form_of(script);
        all.push(form.by_digest(keys, arguments));
        let mut replies = match self.pipeline(usage, &all).await {
            Ok(replies) => replies,
            Err(error) => return (Err(error.clone()), vec![Err(error); count]),
        };
        let reply = replies.pop().unwrap_or(Err(UpstashError::Malformed));
        let reply = match reply {
            Err(error) if error.is_unknown_script() => {
                usage.add_commands(1);
                // By its text at once; and should that be refused for its flag, without.
                match self.command(usage, &form.by_text(keys, arguments)).await {
                    Err(error) if error.is_unknown_flag() => {
                        self.refuses_flag.store(true, Relaxed);
                        self.run_form(usage, self.form_of(script), keys, arguments)
                            .await
                    }
                    reply => reply,
                }
            }
            Err(error) if error.is_transient() || error.is_unknown_flag() => {
                self.script(usage, script, keys, arguments).await
            }
            reply => reply,
        };
        (reply, replies)
    }

    /// Sends independent commands in one request, each of which may fail on its own. They run in order, but commands of
    /// other clients may run between them.
    ///
    /// # Errors
    /// See [`UpstashError`]: of the request, and within it of each command.
    pub async fn pipeline(
        &self,
        usage: &Usage,
        commands: &[Command<'_>],
    ) -> Result<Vec<Result<Reply, UpstashError>>, UpstashError> {
        let parse = |json: &[u8]| {
            let entries = Entry::parse_all(json)?;
            if entries.len() != commands.len() {
                return Err(UpstashError::Malformed);
            }
            Ok(entries.into_iter().map(Entry::into_reply).collect())
        };
        let body = Command::list_to_json(commands);
        self.send(usage, &["pipeline"], body, parse).await
    }

    /// Subscribes to a channel. The stream lasts until either side ends it.
    ///
    /// # Errors
    /// See [`UpstashError`]. Subscribing is tried once, not again.
    pub async fn subscribe(
        &self,
        usage: &Usage,
        channel: &str,
    ) -> Result<Subscription, UpstashError> {
        self.breaker.admit()?;
        let attempt = usage.start_attempt();
        let result = self.transport.subscribe(channel).await;
        drop(attempt);
        self.breaker.record(result.as_ref().err());
        result.map(|response| Subscription::new(response, channel))
    }

    /// Whether calls are allowed at the moment.
    pub fn circuit(&self) -> CircuitState {
        self.breaker.state()
    }

    /// One call: through the breaker, with retries inside the deadline.
    async fn send<T>(
        &self,
        usage: &Usage,
        path: &[&str],
        body: Vec<u8>,
        parse: impl Fn(&[u8]) -> Result<T, UpstashError>,
    ) -> Result<T, UpstashError> {
        transport::check_size(&body)?;
        self.breaker.admit()?;
        let mut backoff = Backoff::new(&self.config);
        let body = bytes::Bytes::from(body);
        let result = loop {
            let timeout = backoff.attempt_timeout();
            let attempt = usage.start_attempt();
            let reply = self.transport.post(path, body.clone(), timeout).await;
            drop(attempt);
            match reply.and_then(|json| parse(&json)) {
                Err(error) => match backoff.next_delay(&error) {
                    Some(delay) => {
                        tokio::time::sleep(delay).await;
                        usage.add_retry();
                    }
                    None => break Err(error),
                },
                success => break success,
            }
        };
        self.breaker.record(result.as_ref().err());
        result
    }
}
