//! What a call has found to be due, to be done after its response: reading writes nothing itself.

use crate::identity::UserId;
use crate::model::ConversationId;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Task {
    /// A conversation that was read gets a new life.
    Renew(UserId, ConversationId),
    /// The session was used.
    RenewSession(UserId),
    /// The user's recovery code is to be kept longer.
    RenewRecovery(UserId),
    /// What has expired is cleared away, and the account counted anew.
    Purge(UserId),
    /// The user has chosen, at this time in ms, how long conversations live: the same, each time.
    Extend(UserId, i64),
    /// The account's totals are not to be trusted: the same, but not put off because a purge was done lately.
    Recount(UserId),
    /// These conversations have no signature, which a search needs.
    Index(UserId, Vec<ConversationId>),
    /// The same of those that have none, as many as may be prepared at once: an earlier release has written the account.
    IndexMore(UserId),
}

impl Task {
    /// Whether it gives conversations signatures.
    pub fn is_indexing(&self) -> bool {
        matches!(self, Self::Index(..) | Self::IndexMore(_))
    }

    /// Whose data it concerns.
    pub fn user(&self) -> &UserId {
        match self {
            Self::Renew(user, _)
            | Self::RenewSession(user)
            | Self::RenewRecovery(user)
            | Self::Purge(user)
            | Self::Extend(user, _)
            | Self::Recount(user)
            | Self::IndexMore(user)
            | Self::Index(user, _) => user,
        }
    }
}
