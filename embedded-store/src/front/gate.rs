//! Refusing commands before they reach the store: rights, unavailable commands and pretended quotas.

use super::auth::Access;
use crate::backend::Backend;
use crate::kind::Kind;
use crate::reply::Command;
use crate::rules::CAPACITY_EXCEEDED;

/// A quota that a fault pretends is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortage {
    /// The store is full: commands that may add data are refused, and so are scripts that do not declare that
    /// they add none.
    Capacity,
    /// The store is full: commands that may add data are refused. Inside scripts the store refuses them.
    CapacityPerCommand,
    /// The day's requests are used up.
    DailyRequests,
    /// The month's requests are used up.
    MonthlyRequests,
}

impl Shortage {
    fn text(self) -> &'static str {
        match self {
            Self::Capacity | Self::CapacityPerCommand => CAPACITY_EXCEEDED,
            Self::DailyRequests => {
                "ERR max daily request limit exceeded. Limit: 10000, Usage: 10000. \
                 See https://upstash.com/docs/redis/troubleshooting/max_daily_request_limit \
                 for details"
            }
            Self::MonthlyRequests => {
                "ERR max requests limit exceeded. Limit: 500000, Usage: 500000. \
                 See https://upstash.com/docs/redis/troubleshooting/max_requests_limit for details"
            }
        }
    }

    fn refuses(self, kind: Kind, command: &[Vec<u8>], backend: &Backend) -> bool {
        match self {
            Self::Capacity if kind == Kind::Script => !backend.runs_when_full(command),
            Self::Capacity | Self::CapacityPerCommand => kind == Kind::Write,
            Self::DailyRequests | Self::MonthlyRequests => true,
        }
    }
}

/// The checks of one request.
#[derive(Clone, Copy)]
pub struct Gate<'a> {
    pub access: Access,
    pub shortage: Option<Shortage>,
    /// Knows the flags of scripts.
    pub backend: &'a Backend,
}

impl Gate<'_> {
    /// The error reply to the command, or `None` when it may run.
    pub fn refusal(self, command: &[Vec<u8>]) -> Option<String> {
        let Some(name) = command.first() else {
            return Some("ERR empty command".to_owned());
        };
        let kind = Kind::of(command);
        let refuses = |shortage: &Shortage| shortage.refuses(kind, command, self.backend);
        if let Some(shortage) = self.shortage.filter(refuses) {
            return Some(shortage.text().to_owned());
        }
        if kind == Kind::Unavailable {
            return Some(unavailable(name));
        }
        let allowed = self.access == Access::Full || kind == Kind::Read;
        (!allowed).then(|| not_permitted(name))
    }

    /// The error reply to the transaction, or `None` when all of its commands may run.
    pub fn transaction_refusal(self, commands: &[Command]) -> Option<String> {
        let refusal = commands.iter().find_map(|command| self.refusal(command))?;
        if self.shortage.is_some() {
            return Some(refusal);
        }
        Some("EXECABORT Transaction discarded because of previous errors.".to_owned())
    }
}

fn unavailable(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name).to_uppercase();
    format!(
        "ERR Command is not available: '{name}'. \
         See https://upstash.com/docs/redis/overall/rediscompatibility for details"
    )
}

/// Also the reply to a subscription with the read-only token.
pub fn not_permitted(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name).to_lowercase();
    format!("NOPERM this user has no permissions to run the '{name}' command or its subcommand")
}
