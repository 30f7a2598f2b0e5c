//! What can go wrong, and the exit codes for it.

use std::fmt;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

/// Why a command did not complete.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// Anything else.
    #[error("{0}")]
    Failed(String),
    /// There is no token, or the service takes it no more.
    #[error("{0}")]
    NotSignedIn(String),
    /// The service is unreachable or busy: running the command again later continues.
    #[error("{0}")]
    Unavailable(String),
    /// The service does not take it.
    #[error("{0}")]
    Refused(String),
}

impl Failure {
    /// Anything without its own exit code.
    pub fn other(error: impl fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }

    /// A file that cannot be read or written.
    pub fn file(path: &Path, error: &io::Error) -> Self {
        Self::Failed(format!("{}: {error}", path.display()))
    }

    /// The exit code; 0 is success, and 2 are wrong options.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::NotSignedIn(_) => 3,
            Self::Unavailable(_) => 4,
            Self::Refused(_) => 5,
        }
    }

    /// For callers that read JSON.
    pub fn to_json(&self) -> Value {
        let code = match self {
            Self::Failed(_) => "failed",
            Self::NotSignedIn(_) => "not_signed_in",
            Self::Unavailable(_) => "unavailable",
            Self::Refused(_) => "refused",
        };
        json!({ "code": code, "message": self.to_string() })
    }
}
