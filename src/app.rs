//! What every function needs, put together once per process.

use crate::clock::Clock;
use crate::config::Config;
use crate::identity::{Provider, TokenError, Tokens, UserId};
use crate::store::Store;
use crate::upstash::{Upstash, UpstashError};

/// A configured service: its store, its token signer, its clock.
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
    /// The clock that all of it goes by.
    pub clock: Clock,
}

impl App {
    /// Puts a service together. No request is sent yet.
    ///
    /// # Errors
    /// When the configured URL is none, or TLS cannot be set up.
    pub fn new(config: Config, clock: Clock) -> Result<Self, UpstashError> {
        let upstash = Upstash::new(&config.upstash, clock.clone())?;
        let provider = config.provider.as_ref();
        let provider = provider.map(|provider| Provider::new(provider, clock.clone()));
        Ok(Self {
            store: Store::new(upstash, &config, clock.clone()),
            tokens: Tokens::new(
                config.auth_secrets.clone(),
                config.token_life,
                clock.clone(),
            ),
            provider: provider
                .transpose()
                .map_err(|_| UpstashError::Unreachable("TLS cannot be set up".into()))?,
            config,
            clock,
        })
    }

    /// The user a token speaks for, be it one of ours or an auth provider's. Ours cost no request.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn verify(&self, token: &str) -> Result<UserId, TokenError> {
        match &self.provider {
            Some(provider) if !Tokens::are_ours(token) => provider.verify(token).await,
            _ => self.tokens.verify(token),
        }
    }

    /// Whether `user` is on Redis: the plan's feature flag and gradual rollout.
    pub fn is_enabled_for(&self, user: &UserId) -> bool {
        self.config.redis_enabled && user.is_in_rollout(self.config.rollout_percent)
    }
}
