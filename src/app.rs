//! What every function needs, put together once per process.

use crate::clock::Clock;
use crate::config::Config;
use crate::identity::{Tokens, UserId};
use crate::log::Log;
use crate::store::Store;
use crate::upstash::{Upstash, UpstashError};

/// A configured service: its store, its token signer, its clock, its log.
#[derive(Debug)]
pub struct App {
    /// The configuration this was made from.
    pub config: Config,
    /// Conversations, messages and sessions.
    pub store: Store,
    /// Issues and verifies the tokens that say who is asking.
    pub tokens: Tokens,
    /// The clock that all of it goes by.
    pub clock: Clock,
    /// Where the line of each request goes.
    pub log: Log,
}

impl App {
    /// Puts a service together. No request is sent yet.
    ///
    /// # Errors
    /// When the configured URL is none, or TLS cannot be set up.
    pub fn new(config: Config, clock: Clock) -> Result<Self, UpstashError> {
        let upstash = Upstash::new(&config.upstash, clock.clone())?;
        Ok(Self {
            store: Store::new(upstash, &config, clock.clone()),
            tokens: Tokens::new(
                config.auth_secrets.clone(),
                config.token_life,
                clock.clone(),
            ),
            config,
            clock,
            log: Log::default(),
        })
    }

    /// Sends log lines elsewhere than to the standard output.
    #[must_use]
    pub fn with_log(self, log: Log) -> Self {
        Self { log, ..self }
    }

    /// Whether `user` is on Redis: the plan's feature flag and gradual rollout.
    pub fn is_enabled_for(&self, user: &UserId) -> bool {
        self.config.redis_enabled && user.is_in_rollout(self.config.rollout_percent)
    }
}
