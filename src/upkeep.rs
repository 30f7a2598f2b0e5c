//! What a call has found to be due, to be done after its answer: reading writes nothing itself.

use std::sync::{Arc, Mutex, PoisonError};

use crate::identity::UserId;
use crate::model::ConversationId;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Task {
    /// A conversation that was read gets a new life.
    Renew(UserId, ConversationId),
    /// The session was used.
    RenewSession(UserId),
    /// What has expired is cleared away, and the account counted anew.
    Purge(UserId),
    /// The account's totals are not to be trusted: the same, but not put off because a purge was done lately.
    Recount(UserId),
}

impl Task {
    /// Whose data it concerns.
    pub fn user(&self) -> &UserId {
        match self {
            Self::Renew(user, _)
            | Self::RenewSession(user)
            | Self::Purge(user)
            | Self::Recount(user) => user,
        }
    }
}

/// What one call has found; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Upkeep(Arc<Mutex<Vec<Task>>>);

impl Upkeep {
    /// Notes something to do.
    pub fn add(&self, task: Task) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !tasks.contains(&task) {
            tasks.push(task);
        }
    }

    /// What was noted.
    pub fn take(&self) -> Vec<Task> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
