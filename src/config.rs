//! Configuration, read from environment variables once per process.

mod databases;
mod namespace;
mod origins;
mod provider;
mod variables;

use std::time::Duration;

use crate::identity::ProviderConfig;
use crate::model::limits;
use crate::secret::Secret;
use crate::upstash::UpstashConfig;
use variables::{Variables, invalid};

pub use variables::ConfigError;

/// Everything that can be configured; the table in docs/configuration.md explains each.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address and timeouts of Redis: one database, or several that users are spread over.
    pub databases: Vec<UpstashConfig>,
    /// `AUTH_SECRET`: the first signs tokens, all verify them.
    pub auth_secrets: Vec<Secret>,
    /// `TOKEN_TTL_DAYS`: how long a token is valid.
    pub token_ttl: Duration,
    /// `AUTH_JWT_...`, `AUTH_JWKS_URL`: an auth provider whose tokens are accepted beside ours.
    pub provider: Option<ProviderConfig>,
    /// `CONVERSATION_TTL_DAYS`: the sliding time to live of a conversation (90 days by default).
    pub conversation_ttl: Duration,
    /// `MAX_CONVERSATION_TTL_DAYS`: the longest that a user may choose instead; `None` for no bound, so that conversations
    /// can be kept forever.
    pub max_conversation_ttl: Option<Duration>,
    /// `TRASH_DAYS`: how long a deleted conversation can be restored (30 days by default); zero where there is no trash.
    pub trash_ttl: Duration,
    /// `SESSION_TTL_DAYS`: the time to live of a session (7 days by default).
    pub session_ttl: Duration,
    /// What every key begins with: nothing in production, the branch in previews, `development:` in development.
    pub namespace: String,
    /// `SYNC_STREAM_SECONDS`: how long a stream of changes stays open; less than the function's
    /// `maxDuration` in vercel.json.
    pub stream_duration: Duration,
    /// `RATE_LIMIT_PER_MINUTE`: calls of one user.
    pub rate_limit: u64,
    /// `ADDRESS_RATE_LIMIT_PER_MINUTE`: calls without a token from one address.
    pub address_rate_limit: u64,
    /// `SHARE_RATE_LIMIT_PER_MINUTE`: calls by which one address reads shares.
    pub share_rate_limit: u64,
    /// `MAX_CONVERSATIONS`: of one user.
    pub max_conversations: u64,
    /// `MAX_MESSAGES_PER_CONVERSATION`.
    pub max_messages: u64,
    /// `MAX_USER_BYTES`: of everything one user keeps, as it is stored.
    pub max_bytes: u64,
    /// `MAX_STREAMS_PER_USER`: streams of changes that one user may have open.
    pub max_streams: u64,
    /// `NEW_USERS_PER_ADDRESS_PER_DAY`: anonymous users that one address may begin in a day.
    pub address_users_per_day: u64,
    /// `BYTES_PER_ADDRESS_PER_DAY`: what one address may write in a day.
    pub address_bytes_per_day: u64,
    /// `DAILY_COMMAND_BUDGET`: commands that the whole deployment may spend in a day; `None` for no limit.
    pub daily_commands: Option<u64>,
    /// `REDIS_ENABLED`: the feature flag.
    pub redis_enabled: bool,
    /// `REDIS_ROLLOUT_PERCENT`: the share of users that the flag applies to.
    pub rollout_percent: u8,
    /// `METRICS_TOKEN`: required to read the metrics; without it nothing is measured.
    pub metrics_token: Option<Secret>,
    /// `DATABASE_LIMIT_BYTES`: how large the database may become.
    pub database_limit: Option<u64>,
    /// `ALLOWED_ORIGINS`: further origins whose pages may use the API from a browser.
    pub allowed_origins: Vec<String>,
}

/// The shortest secret that is accepted, in bytes: as long as the MAC it keys.
const SHORTEST_SECRET: usize = 32;

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// The first variable that is missing or invalid.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads variables from `lookup`. An empty variable counts as absent.
    ///
    /// # Errors
    /// The first variable that is missing or invalid.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let variables = Variables(&lookup);
        let conversation_ttl = variables.days("CONVERSATION_TTL_DAYS", 90)?;
        Ok(Self {
            databases: variables.databases()?,
            auth_secrets: variables.auth_secrets()?,
            token_ttl: variables.days("TOKEN_TTL_DAYS", 180)?,
            provider: variables.provider()?,
            conversation_ttl,
            max_conversation_ttl: variables.max_conversation_ttl(conversation_ttl)?,
            trash_ttl: Duration::from_secs(variables.number("TRASH_DAYS", 30, 0..=3_650)? * 86_400),
            session_ttl: variables.days("SESSION_TTL_DAYS", 7)?,
            namespace: variables.namespace()?,
            stream_duration: Duration::from_secs(variables.number(
                "SYNC_STREAM_SECONDS",
                285,
                1..=785,
            )?),
            rate_limit: variables.number("RATE_LIMIT_PER_MINUTE", 600, 1..=1_000_000)?,
            address_rate_limit: variables.number(
                "ADDRESS_RATE_LIMIT_PER_MINUTE",
                30,
                1..=1_000_000,
            )?,
            share_rate_limit: variables.number(
                "SHARE_RATE_LIMIT_PER_MINUTE",
                120,
                1..=1_000_000,
            )?,
            max_conversations: variables.number("MAX_CONVERSATIONS", 5_000, 1..=100_000)?,
            max_messages: variables.number("MAX_MESSAGES_PER_CONVERSATION", 20_000, 1..=100_000)?,
            max_bytes: variables.number("MAX_USER_BYTES", 100_000_000, 1..=10_000_000_000)?,
            max_streams: variables.number("MAX_STREAMS_PER_USER", 8, 1..=100)?,
            address_users_per_day: variables.number(
                "NEW_USERS_PER_ADDRESS_PER_DAY",
                200,
                1..=1_000_000,
            )?,
            address_bytes_per_day: variables.number(
                "BYTES_PER_ADDRESS_PER_DAY",
                500_000_000,
                1..=1_000_000_000_000,
            )?,
            daily_commands: match variables.number("DAILY_COMMAND_BUDGET", 0, 0..=u64::MAX)? {
                0 => None,
                commands => Some(commands),
            },
            redis_enabled: variables.flag("REDIS_ENABLED", true)?,
            rollout_percent: variables.percent("REDIS_ROLLOUT_PERCENT", 100)?,
            metrics_token: variables.metrics_token()?,
            database_limit: match variables.number("DATABASE_LIMIT_BYTES", 0, 0..=u64::MAX)? {
                0 => None,
                bytes => Some(bytes),
            },
            allowed_origins: variables.origins("ALLOWED_ORIGINS")?,
        })
    }
}

impl Variables<'_> {
    fn auth_secrets(&self) -> Result<Vec<Secret>, ConfigError> {
        const NAME: &str = "AUTH_SECRET";
        let value = self.optional(NAME).ok_or(ConfigError::Missing(NAME))?;
        let secrets: Vec<&str> = value.split(',').map(str::trim).collect();
        if secrets.iter().any(|secret| secret.len() < SHORTEST_SECRET) {
            return Err(invalid(
                NAME,
                "each of the comma-separated secrets has at least 32 characters",
            ));
        }
        Ok(secrets.into_iter().map(Secret::new).collect())
    }

    fn max_conversation_ttl(&self, default: Duration) -> Result<Option<Duration>, ConfigError> {
        const NAME: &str = "MAX_CONVERSATION_TTL_DAYS";
        let days = self.number(NAME, 0, 1..=limits::TTL_DAYS);
        let Some(days) = self.optional(NAME).map(|_| days).transpose()? else {
            return Ok(None);
        };
        let longest = Duration::from_secs(days * 86_400);
        if longest < default {
            return Err(invalid(NAME, "it is not less than CONVERSATION_TTL_DAYS"));
        }
        Ok(Some(longest))
    }

    fn metrics_token(&self) -> Result<Option<Secret>, ConfigError> {
        const NAME: &str = "METRICS_TOKEN";
        let Some(token) = self.optional(NAME) else {
            return Ok(None);
        };
        if token.len() < SHORTEST_SECRET {
            return Err(invalid(NAME, "it has at least 32 characters"));
        }
        Ok(Some(Secret::new(token)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    /// A configuration with the required variables and these.
    pub(super) fn read(extra: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let base = [
            ("UPSTASH_REDIS_REST_URL", "https://db.example"),
            ("UPSTASH_REDIS_REST_TOKEN", "token"),
            ("AUTH_SECRET", SECRET),
        ];
        let find = |list: &[(&str, &str)], name: &str| {
            list.iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Config::from_lookup(|name| find(extra, name).or_else(|| find(&base, name)))
    }

    #[test]
    fn needs_only_the_database_and_a_secret() {
        let config = read(&[]).unwrap();
        assert_eq!(config.namespace, "");
        assert_eq!(config.conversation_ttl, Duration::from_secs(90 * 86_400));
        assert!(config.redis_enabled);
    }

    #[test]
    fn names_what_is_missing_or_invalid_but_never_its_value() {
        let cases = [
            (("AUTH_SECRET", ""), "AUTH_SECRET"),
            (("AUTH_SECRET", "short"), "AUTH_SECRET"),
            (("METRICS_TOKEN", "brief"), "METRICS_TOKEN"),
            (("UPSTASH_REDIS_REST_URL", "ftp-secret"), "KV_REST_API_URL"),
            (("CONVERSATION_TTL_DAYS", "soon"), "CONVERSATION_TTL_DAYS"),
            (
                ("MAX_CONVERSATION_TTL_DAYS", "89"),
                "MAX_CONVERSATION_TTL_DAYS",
            ),
            (
                ("MAX_CONVERSATION_TTL_DAYS", "many"),
                "MAX_CONVERSATION_TTL_DAYS",
            ),
            (("REDIS_ENABLED", "maybe"), "REDIS_ENABLED"),
            (("REDIS_ROLLOUT_PERCENT", "101"), "REDIS_ROLLOUT_PERCENT"),
            (("KEY_NAMESPACE", "a b"), "KEY_NAMESPACE"),
            (("ALLOWED_ORIGINS", "*"), "ALLOWED_ORIGINS"),
            (("ALLOWED_ORIGINS", "null"), "ALLOWED_ORIGINS"),
            (("VERCEL_ENV", "preview"), "VERCEL_GIT_COMMIT_REF"),
            (("VERCEL_ENV", "unheard-of"), "VERCEL_ENV"),
        ];
        for (variable, name) in cases {
            let error = read(&[variable]).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
            assert!(
                variable.1.is_empty() || !error.contains(variable.1),
                "{error}"
            );
        }
    }

    #[test]
    fn several_secrets_allow_rotation() {
        let both = format!("{SECRET}, another-secret-of-32-characters!");
        assert_eq!(
            read(&[("AUTH_SECRET", &both)]).unwrap().auth_secrets.len(),
            2
        );
    }
}
