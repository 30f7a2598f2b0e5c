//! Configuration, read from environment variables once per process.

mod provider;

use std::time::Duration;

use thiserror::Error;

use crate::identity::ProviderConfig;
use crate::secret::Secret;
use crate::upstash::UpstashConfig;

/// A variable that is missing or cannot be used. Names the variable, never its value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// None of the named variables is set.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// The variable is set to something that cannot be used.
    #[error("{name} is not valid: {reason}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// What is expected of it.
        reason: String,
    },
}

/// Everything that can be configured; the table in README.md explains each.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where Redis is, and how patient to be with it: one database, or several that users are spread over.
    pub databases: Vec<UpstashConfig>,
    /// `AUTH_SECRET`: the first signs tokens, all verify them.
    pub auth_secrets: Vec<Secret>,
    /// `TOKEN_TTL_DAYS`: how long a token is valid.
    pub token_life: Duration,
    /// `AUTH_JWT_...`, `AUTH_JWKS_URL`: an auth provider whose tokens are accepted beside ours.
    pub provider: Option<ProviderConfig>,
    /// `CONVERSATION_TTL_DAYS`: the sliding life of a conversation (the plan's 90 days).
    pub conversation_life: Duration,
    /// `SESSION_TTL_DAYS`: the life of a session (the plan's 7 days).
    pub session_life: Duration,
    /// What every key begins with: nothing in production, the branch in previews.
    pub namespace: String,
    /// `SYNC_STREAM_SECONDS`: how long a stream of changes stays open; less than the function's
    /// `maxDuration` in vercel.json.
    pub stream_life: Duration,
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
    /// `MAX_USER_BYTES`: of all messages of one user, as they are stored.
    pub max_bytes: u64,
    /// `REDIS_ENABLED`: the plan's feature flag.
    pub redis_enabled: bool,
    /// `REDIS_ROLLOUT_PERCENT`: the share of users that the flag applies to.
    pub rollout_percent: u8,
    /// `METRICS_TOKEN`: who reads the metrics; without it nothing is measured.
    pub metrics_token: Option<Secret>,
    /// `DATABASE_LIMIT_BYTES`: how large the database may become.
    pub database_limit: Option<u64>,
    /// `ALLOWED_ORIGINS`: whose pages may ask from a browser, beside our own.
    pub allowed_origins: Vec<String>,
}

/// The shortest secret that is accepted, in bytes: as long as the MAC it keys.
const SHORTEST_SECRET: usize = 32;

/// The most databases.
const MOST_DATABASES: usize = 64;
const NUMBERED_URL: &str = "UPSTASH_REDIS_REST_URL_<n>";
const NUMBERED_TOKEN: &str = "UPSTASH_REDIS_REST_TOKEN_<n>";

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
        Ok(Self {
            databases: variables.databases()?,
            auth_secrets: variables.auth_secrets()?,
            token_life: variables.days("TOKEN_TTL_DAYS", 180)?,
            provider: variables.provider()?,
            conversation_life: variables.days("CONVERSATION_TTL_DAYS", 90)?,
            session_life: variables.days("SESSION_TTL_DAYS", 7)?,
            namespace: variables.namespace()?,
            stream_life: Duration::from_secs(variables.number(
                "SYNC_STREAM_SECONDS",
                285,
                1..=780,
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

struct Variables<'a>(&'a dyn Fn(&str) -> Option<String>);

impl Variables<'_> {
    fn optional(&self, name: &str) -> Option<String> {
        (self.0)(name)
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    }

    /// The database, and those numbered from 2 on, as long as there is a next one.
    fn databases(&self) -> Result<Vec<UpstashConfig>, ConfigError> {
        const URL: &str = "UPSTASH_REDIS_REST_URL (or KV_REST_API_URL)";
        const TOKEN: &str = "UPSTASH_REDIS_REST_TOKEN (or KV_REST_API_TOKEN)";
        let first = |name: &str, other: &str| self.optional(name).or_else(|| self.optional(other));
        let url = first("UPSTASH_REDIS_REST_URL", "KV_REST_API_URL");
        let token = first("UPSTASH_REDIS_REST_TOKEN", "KV_REST_API_TOKEN");
        let mut databases = vec![self.database(
            url.ok_or(ConfigError::Missing(URL))?,
            token.ok_or(ConfigError::Missing(TOKEN))?,
            URL,
        )?];
        for number in 2..=MOST_DATABASES {
            let url = self.optional(&format!("UPSTASH_REDIS_REST_URL_{number}"));
            let token = self.optional(&format!("UPSTASH_REDIS_REST_TOKEN_{number}"));
            match (url, token) {
                (None, None) => break,
                (Some(url), Some(token)) => {
                    databases.push(self.database(url, token, NUMBERED_URL)?);
                }
                (Some(_), None) => return Err(ConfigError::Missing(NUMBERED_TOKEN)),
                (None, Some(_)) => return Err(ConfigError::Missing(NUMBERED_URL)),
            }
        }
        let is_behind_a_gap = |number: &usize| {
            self.optional(&format!("UPSTASH_REDIS_REST_URL_{number}"))
                .is_some()
        };
        if (databases.len() + 1..=MOST_DATABASES).any(|number| is_behind_a_gap(&number)) {
            let reason = "numbered from 2 on without a gap: users belong to databases by number";
            return Err(invalid(NUMBERED_URL, reason));
        }
        Ok(databases)
    }

    fn database(
        &self,
        url: String,
        token: String,
        name: &'static str,
    ) -> Result<UpstashConfig, ConfigError> {
        if !url.starts_with("https://") && !url.starts_with("http://") {
            return Err(invalid(name, "it begins with https:// (or http://)"));
        }
        let timeout = self.number("UPSTASH_TIMEOUT_MS", 8_000, 100..=60_000)?;
        Ok(UpstashConfig::new(url, Secret::new(token))
            .with_deadline(Duration::from_millis(timeout)))
    }

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

    /// `KEY_NAMESPACE`, or the branch of a preview deployment, so that branches that share a database
    /// never see each other.
    fn namespace(&self) -> Result<String, ConfigError> {
        if let Some(namespace) = self.optional("KEY_NAMESPACE") {
            if namespace.len() > 100 || !namespace.chars().all(is_namespace_char) {
                return Err(invalid(
                    "KEY_NAMESPACE",
                    "at most 100 characters of A-Z a-z 0-9 _ - . / :",
                ));
            }
            return Ok(namespace);
        }
        let environment = self.optional("VERCEL_ENV");
        // A project can hide this variable from its deployments. Then a preview would not know itself for
        // one, and write among the conversations of production.
        if environment.is_none() && self.optional("VERCEL_IPC_PATH").is_some() {
            return Err(ConfigError::Missing("VERCEL_ENV (or KEY_NAMESPACE)"));
        }
        if environment.as_deref() != Some("preview") {
            return Ok(String::new());
        }
        let branch = self
            .optional("VERCEL_GIT_COMMIT_REF")
            .ok_or(ConfigError::Missing(
                "VERCEL_GIT_COMMIT_REF (or KEY_NAMESPACE)",
            ))?;
        Ok(format!("preview:{branch}:"))
    }

    /// Origins as browsers write them: anything else would be accepted here and then never match.
    fn origins(&self, name: &'static str) -> Result<Vec<String>, ConfigError> {
        let value = self.optional(name).unwrap_or_default();
        let origins = value.split(',').map(str::trim);
        let origins: Vec<String> = origins
            .filter(|origin| !origin.is_empty())
            .map(str::to_owned)
            .collect();
        if origins.iter().any(|origin| origin.contains('*')) {
            let reason =
                "a wildcard would hand answers to anybody's page: list each origin in full";
            return Err(invalid(name, reason));
        }
        if !origins.iter().all(|origin| is_origin(origin)) {
            let reason = "comma-separated origins in lower case, such as https://chat.example.com, \
                          without a path, a slash at the end or the scheme's own port";
            return Err(invalid(name, reason));
        }
        Ok(origins)
    }

    fn flag(&self, name: &'static str, default: bool) -> Result<bool, ConfigError> {
        match self.optional(name).as_deref() {
            None => Ok(default),
            Some("true" | "1") => Ok(true),
            Some("false" | "0") => Ok(false),
            Some(_) => Err(invalid(name, "true or false")),
        }
    }

    fn percent(&self, name: &'static str, default: u8) -> Result<u8, ConfigError> {
        let percent = self.number(name, default.into(), 0..=100)?;
        Ok(u8::try_from(percent).unwrap_or(default))
    }

    fn days(&self, name: &'static str, default: u64) -> Result<Duration, ConfigError> {
        let days = self.number(name, default, 1..=3_650)?;
        Ok(Duration::from_secs(days * 86_400))
    }

    fn number(
        &self,
        name: &'static str,
        default: u64,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<u64, ConfigError> {
        let Some(value) = self.optional(name) else {
            return Ok(default);
        };
        value
            .parse()
            .ok()
            .filter(|number| range.contains(number))
            .ok_or_else(|| {
                let reason = format!("a whole number from {} to {}", range.start(), range.end());
                invalid(name, reason)
            })
    }
}

fn invalid(name: &'static str, reason: impl Into<String>) -> ConfigError {
    ConfigError::Invalid {
        name,
        reason: reason.into(),
    }
}

fn is_origin(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "https" | "http") && url.origin().ascii_serialization() == text
    })
}

fn is_namespace_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-./:".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn read(extra: &[(&str, &str)]) -> Result<Config, ConfigError> {
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
        assert_eq!(config.conversation_life, Duration::from_secs(90 * 86_400));
        assert!(config.redis_enabled);
    }

    #[test]
    fn takes_the_names_of_the_marketplace_integration() {
        let config = read(&[
            ("UPSTASH_REDIS_REST_URL", ""),
            ("KV_REST_API_URL", "https://kv.example"),
        ]);
        assert_eq!(config.unwrap().databases[0].url, "https://kv.example");
    }

    #[test]
    fn takes_several_databases_but_no_gap_between_them() {
        let second = [
            ("UPSTASH_REDIS_REST_URL_2", "https://two.example"),
            ("UPSTASH_REDIS_REST_TOKEN_2", "token"),
        ];
        let urls: Vec<String> = read(&second)
            .unwrap()
            .databases
            .into_iter()
            .map(|database| database.url)
            .collect();
        assert_eq!(urls, ["https://db.example", "https://two.example"]);
        let without_token = read(&second[..1]).unwrap_err().to_string();
        assert!(without_token.contains("TOKEN_<n>"), "{without_token}");
        let gap = [("UPSTASH_REDIS_REST_URL_3", "https://three.example")];
        let gap = read(&gap).unwrap_err().to_string();
        assert!(gap.contains("without a gap"), "{gap}");
    }

    #[test]
    fn names_what_is_missing_or_invalid_but_never_its_value() {
        let cases = [
            (("AUTH_SECRET", ""), "AUTH_SECRET"),
            (("AUTH_SECRET", "short"), "AUTH_SECRET"),
            (("METRICS_TOKEN", "brief"), "METRICS_TOKEN"),
            (("UPSTASH_REDIS_REST_URL", "ftp-secret"), "KV_REST_API_URL"),
            (("CONVERSATION_TTL_DAYS", "soon"), "CONVERSATION_TTL_DAYS"),
            (("REDIS_ENABLED", "maybe"), "REDIS_ENABLED"),
            (("REDIS_ROLLOUT_PERCENT", "101"), "REDIS_ROLLOUT_PERCENT"),
            (("KEY_NAMESPACE", "a b"), "KEY_NAMESPACE"),
            (("ALLOWED_ORIGINS", "*"), "ALLOWED_ORIGINS"),
            (("ALLOWED_ORIGINS", "null"), "ALLOWED_ORIGINS"),
            (("VERCEL_ENV", "preview"), "VERCEL_GIT_COMMIT_REF"),
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
    fn a_deployment_that_cannot_tell_whether_it_is_a_preview_does_not_start() {
        let deployed = ("VERCEL_IPC_PATH", "/tmp/ipc.sock");
        let error = read(&[deployed]).unwrap_err().to_string();
        assert!(error.contains("VERCEL_ENV"), "{error}");
        for told in [("VERCEL_ENV", "production"), ("KEY_NAMESPACE", "own:")] {
            assert!(read(&[deployed, told]).is_ok(), "{told:?}");
        }
    }

    #[test]
    fn a_preview_has_its_branch_as_namespace() {
        let config = read(&[
            ("VERCEL_ENV", "preview"),
            ("VERCEL_GIT_COMMIT_REF", "feature/x"),
        ]);
        assert_eq!(config.unwrap().namespace, "preview:feature/x:");
    }

    #[test]
    fn origins_are_taken_as_browsers_write_them_only() {
        let origins = |value| read(&[("ALLOWED_ORIGINS", value)]).map(|read| read.allowed_origins);
        let two = origins("https://a.example, http://localhost:5173,").unwrap();
        assert_eq!(two, ["https://a.example", "http://localhost:5173"]);
        assert!(read(&[]).unwrap().allowed_origins.is_empty());
        let wildcard = origins("https://*.example").unwrap_err().to_string();
        assert!(wildcard.contains("wildcard"), "{wildcard}");
        for wrong in [
            "a.example",
            "https://a.example/",
            "https://A.example",
            "https://a.example:443",
            "https://a.example/path",
            "https://user@a.example",
            "ftp://a.example",
            "https://a.example https://b.example",
        ] {
            assert!(origins(wrong).is_err(), "{wrong}");
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
