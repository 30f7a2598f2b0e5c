//! Everything that can go wrong between the service and Redis.

use std::time::Duration;

use thiserror::Error;

/// A failed call. What it displays is safe to log: no URL, no token, no key, no text of a user.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UpstashError {
    /// No connection, a broken one, or a response with a 5xx status. Whether the commands ran is unknown.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// No response in time. Whether the commands ran is unknown.
    #[error("the database did not respond in time")]
    Timeout,
    /// The token was refused.
    #[error("the database refused the token")]
    Unauthorized,
    /// 429: too many requests at once.
    #[error("the database is asked too often")]
    Throttled {
        /// How long the response said to wait.
        retry_after: Option<Duration>,
    },
    /// The number of requests that the database allows is used up.
    #[error("the database's request quota is used up")]
    Quota,
    /// The database is full: writes are refused, reads still work.
    #[error("the database is full")]
    Capacity,
    /// The request is larger than Upstash takes.
    #[error("the request is too large for the database")]
    TooLarge,
    /// Redis refused a command. The text is Redis's own and stays out of `Display`.
    #[error("the database refused a command: {}", first_word(.0))]
    Command(String),
    /// The response is not what the protocol says.
    #[error("the database's response was malformed")]
    Malformed,
    /// Too many calls failed in a row: not even tried.
    #[error("the database failed repeatedly; not tried")]
    CircuitOpen {
        /// When the next attempt is allowed.
        retry_after: Duration,
    },
}

impl UpstashError {
    /// Sorts an error text of Redis or Upstash.
    pub(super) fn from_text(text: &str) -> Self {
        const TRANSIENT: [&str; 5] = [
            "LOADING",
            "READONLY",
            "MASTERDOWN",
            "CLUSTERDOWN",
            "TRYAGAIN",
        ];
        match text {
            _ if text.starts_with("WRONGPASS") || text.starts_with("NOAUTH") => Self::Unauthorized,
            _ if text == "Unauthorized" => Self::Unauthorized,
            _ if text.contains("max request size exceeded") => Self::TooLarge,
            _ if text.contains("DB capacity quota exceeded") => Self::Capacity,
            _ if text.starts_with("OOM") => Self::Capacity,
            // Redis's text when a script is not even started.
            _ if text.starts_with("ERR OOM") => Self::Capacity,
            _ if text.contains("request limit exceeded") => Self::Quota,
            _ if text.contains("requests limit exceeded") => Self::Quota,
            // A restart or a change of leader: the command did not run, and soon would.
            _ if TRANSIENT.contains(&first_word(text)) => {
                Self::Unreachable(first_word(text).to_owned())
            }
            _ => Self::Command(text.to_owned()),
        }
    }

    /// Whether a script was called by a digest that the database does not know.
    pub(super) fn is_unknown_script(&self) -> bool {
        matches!(self, Self::Command(text) if text.starts_with("NOSCRIPT"))
    }

    /// Whether the database does not know the flag by which a script says that it frees.
    pub(super) fn is_unknown_flag(&self) -> bool {
        matches!(self, Self::Command(text) if text.contains("allow-oom") && text.contains("flag"))
    }

    /// Whether the same request may succeed a moment later.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Timeout | Self::Throttled { .. } => true,
            Self::Unauthorized
            | Self::Quota
            | Self::Capacity
            | Self::TooLarge
            | Self::Command(_)
            | Self::Malformed
            | Self::CircuitOpen { .. } => false,
        }
    }

    /// Whether this says that the database is unwell, as opposed to a definite refusal by a healthy one.
    pub(super) fn is_failure(&self) -> bool {
        self.is_transient() || matches!(self, Self::Malformed)
    }
}

/// `WRONGTYPE` of `WRONGTYPE Operation against a key...`.
fn first_word(text: &str) -> &str {
    text.split(' ').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_documented_texts() {
        let cases = [
            (
                "WRONGPASS invalid or missing auth token",
                UpstashError::Unauthorized,
            ),
            (
                "ERR max daily request limit exceeded. Limit: 10000",
                UpstashError::Quota,
            ),
            (
                "ERR max request size exceeded. Limit: 10485760",
                UpstashError::TooLarge,
            ),
            (
                "ERR DB capacity quota exceeded. Limit: 1",
                UpstashError::Capacity,
            ),
            (
                "LOADING Redis is loading",
                UpstashError::Unreachable("LOADING".into()),
            ),
        ];
        for (text, error) in cases {
            assert_eq!(UpstashError::from_text(text), error);
        }
    }

    #[test]
    fn shows_no_more_of_a_refusal_than_its_code() {
        let error = UpstashError::from_text("ERR about user:1234");
        assert!(!error.to_string().contains("1234"));
    }
}
