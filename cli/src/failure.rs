//! What can go wrong, and the exit codes for it.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Why a command did not complete.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// Anything else.
    #[error("{0}")]
    Failed(String),
    /// A file cannot be read, written or understood.
    #[error("{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// There is no token, or the service takes it no more.
    #[error("{0}")]
    NotSignedIn(String),
    /// The service is unreachable or busy: running the command again later continues.
    #[error("{0}")]
    Unavailable(String),
    /// The service does not take it.
    #[error("{message}")]
    Refused {
        /// The service's error code. A conversation that an import rejected has its code in the message.
        code: Option<String>,
        /// Why not.
        message: String,
    },
}

impl Failure {
    /// Anything without its own exit code.
    pub fn other(error: impl fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }

    /// A file that cannot be read, written or understood.
    pub fn file(path: &Path, error: &dyn fmt::Display) -> Self {
        Self::File {
            path: path.to_owned(),
            why: error.to_string(),
        }
    }

    /// A conversation that the service did not take.
    pub fn rejected(why: &str) -> Self {
        Self::Refused {
            code: None,
            message: why.to_owned(),
        }
    }

    /// The exit code; 0 is success, and 2 are wrong options.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Failed(_) | Self::File { .. } => 1,
            Self::NotSignedIn(_) => 3,
            Self::Unavailable(_) => 4,
            Self::Refused { .. } => 5,
        }
    }

    /// For callers that read JSON.
    pub fn to_json(&self) -> Value {
        let code = match self {
            Self::Failed(_) | Self::File { .. } => "failed",
            Self::NotSignedIn(_) => "not_signed_in",
            Self::Unavailable(_) => "unavailable",
            Self::Refused { .. } => "refused",
        };
        json!({ "code": code, "message": self.to_string() })
    }
}
