//! What every function needs, built once per process.

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Config;
use crate::health::Health;
use crate::identity::{Provider, Scope, TokenError, Tokens, UserId, Verified};
use crate::log::Log;
use crate::metrics::Metrics;
use crate::shutdown::Shutdown;
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
    /// Verifies the tokens of an auth provider, where one is configured.
    pub provider: Option<Provider>,
    /// The clock used by all of it.
    pub clock: Clock,
    /// Where the line of each request goes.
    pub log: Log,
    /// The metrics; `None` if nobody could read them.
    pub metrics: Option<Arc<Metrics>>,
    /// The result of the last check of the database.
    pub health: Health,
    /// Tells open streams that the process is about to end.
    pub shutdown: Shutdown,
}

impl App {
    /// Puts a service together. No request is sent yet.
    ///
    /// # Errors
    /// When the configured URL is invalid, or TLS cannot be set up.
    pub fn new(config: Config, clock: Clock) -> Result<Self, UpstashError> {
        let databases = config.databases.iter();
        let databases: Result<Vec<Upstash>, UpstashError> = databases
            .map(|database| Upstash::new(database, clock.clone()))
            .collect();
        let provider = config.provider.as_ref();
        let provider = provider.map(|provider| Provider::new(provider, clock.clone()));
        let is_measured = config.metrics_token.is_some();
        let metrics = is_measured.then(|| Arc::new(Metrics::new(clock.clone())));
        Ok(Self {
            store: Store::new(databases?, &config, clock.clone(), metrics.clone()),
            tokens: Tokens::new(config.auth_secrets.clone(), config.token_ttl, clock.clone()),
            provider: provider
                .transpose()
                .map_err(|_| UpstashError::Unreachable("TLS cannot be set up".into()))?,
            config,
            clock,
            log: Log::default(),
            metrics,
            health: Health::default(),
            shutdown: Shutdown::default(),
        })
    }

    /// Sends log lines elsewhere than to the standard output.
    #[must_use]
    pub fn with_log(self, log: Log) -> Self {
        Self { log, ..self }
    }

    /// The user that a token speaks for. A token of this service costs no request; an auth provider's may.
    ///
    /// Signing out everywhere voids tokens of this service only, so a provider's counts as issued now.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn verify(&self, token: &str) -> Result<Verified, TokenError> {
        match &self.provider {
            Some(provider) if !Tokens::are_ours(token) => Ok(Verified {
                user: provider.verify(token).await?,
                issued_at: self.clock.now_ms(),
                scope: Scope::All,
            }),
            _ => self.tokens.verify(token),
        }
    }

    /// Whether storage is switched on for `user`: by the feature flag, and by the gradual rollout.
    pub fn is_enabled_for(&self, user: &UserId) -> bool {
        self.config.redis_enabled && user.is_in_rollout(self.config.rollout_percent)
    }
}
