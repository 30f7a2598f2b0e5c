//! Reading variables.

use std::ops::RangeInclusive;
use std::time::Duration;

use thiserror::Error;

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
        /// What it should be.
        reason: String,
    },
}

/// The process's environment, or a substitute.
pub(super) struct Variables<'a>(pub(super) &'a dyn Fn(&str) -> Option<String>);

impl Variables<'_> {
    pub(super) fn optional(&self, name: &str) -> Option<String> {
        (self.0)(name)
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    }

    pub(super) fn flag(&self, name: &'static str, default: bool) -> Result<bool, ConfigError> {
        match self.optional(name).as_deref() {
            None => Ok(default),
            Some("true" | "1") => Ok(true),
            Some("false" | "0") => Ok(false),
            Some(_) => Err(invalid(name, "true or false")),
        }
    }

    pub(super) fn percent(&self, name: &'static str, default: u8) -> Result<u8, ConfigError> {
        let percent = self.number(name, default.into(), 0..=100)?;
        Ok(u8::try_from(percent).unwrap_or(default))
    }

    pub(super) fn days(&self, name: &'static str, default: u64) -> Result<Duration, ConfigError> {
        let days = self.number(name, default, 1..=3_650)?;
        Ok(Duration::from_secs(days * 86_400))
    }

    pub(super) fn number(
        &self,
        name: &'static str,
        default: u64,
        range: RangeInclusive<u64>,
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

pub(super) fn invalid(name: &'static str, reason: impl Into<String>) -> ConfigError {
    ConfigError::Invalid {
        name,
        reason: reason.into(),
    }
}
