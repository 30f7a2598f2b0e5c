//! The variables of the database, or of several.

use std::time::Duration;

use super::{ConfigError, Variables, invalid};
use crate::secret::Secret;
use crate::upstash::UpstashConfig;

/// The most databases.
const MOST_DATABASES: usize = 64;
const NUMBERED_URL: &str = "UPSTASH_REDIS_REST_URL_<n>";
const NUMBERED_TOKEN: &str = "UPSTASH_REDIS_REST_TOKEN_<n>";

impl Variables<'_> {
    /// The database, and those numbered from 2 on, as long as there is a next one.
    pub(super) fn databases(&self) -> Result<Vec<UpstashConfig>, ConfigError> {
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
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

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
}
