//! Upkeep that a call has found due, to be done after its response: reading writes nothing itself.

use crate::identity::UserId;
use crate::model::ConversationId;

/// An upkeep task.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Task {
    /// The expiry of a conversation that was read is renewed.
    Renew(UserId, ConversationId),
    /// The session was used.
    RenewSession(UserId),
    /// The user's recovery code has to be extended.
    RenewRecovery(UserId),
    /// Expired conversations are purged, and the account is recounted.
    Purge(UserId),
    /// The user has chosen a TTL at this time in ms: the same purge, each time.
    Extend(UserId, i64),
    /// The account's totals cannot be trusted: the same purge, even if one was done lately.
    Recount(UserId),
    /// These conversations have no signature, which a search needs.
    Index(UserId, Vec<ConversationId>),
    /// All conversations without a signature, as many as may be prepared at once: an earlier release has written the
    /// account.
    IndexMore(UserId),
}

impl Task {
    /// Whether it gives conversations signatures.
    pub fn is_indexing(&self) -> bool {
        matches!(self, Self::Index(..) | Self::IndexMore(_))
    }

    /// The user it concerns.
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
