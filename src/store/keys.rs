//! The names of keys. Every key begins with the user, except those of codes, addresses and shares.

use crate::context::RateLimitKey;
use crate::identity::UserId;
use crate::model::{ConversationId, ShareId, limits};

/// The keys of one user.
#[derive(Debug)]
pub(super) struct Keys {
    namespace: String,
    user: String,
}

impl Keys {
    pub(super) fn new(namespace: &str, user: &UserId) -> Self {
        Self {
            namespace: namespace.to_owned(),
            user: format!("{namespace}user:{user}:"),
        }
    }

    /// Sorted set: conversation ids by last change.
    pub(super) fn conversations(&self) -> String {
        format!("{}conversations", self.user)
    }

    /// Hash: per conversation its record and its counters; the user's change sequence and totals.
    pub(super) fn meta(&self) -> String {
        format!("{}conversations:meta", self.user)
    }

    /// Sorted set: ids of deleted conversations by the change sequence of their deletion.
    pub(super) fn deleted(&self) -> String {
        format!("{}deleted", self.user)
    }

    /// Sorted set: a conversation's messages by timestamp.
    pub(super) fn messages(&self, id: &ConversationId) -> String {
        format!("{}conversation:{id}:messages", self.user)
    }

    /// Hash: a conversation's messages by id.
    pub(super) fn bodies(&self, id: &ConversationId) -> String {
        format!("{}conversation:{id}:bodies", self.user)
    }

    /// Messages and bodies of each of these conversations.
    pub(super) fn of_conversations<'a>(
        &self,
        ids: impl IntoIterator<Item = &'a ConversationId>,
    ) -> Vec<String> {
        ids.into_iter()
            .flat_map(|id| [self.messages(id), self.bodies(id)])
            .collect()
    }

    /// String: the conversation that the user had open last.
    pub(super) fn current_conversation(&self) -> String {
        format!("{}current_conversation", self.user)
    }

    /// Where calls are counted: with the user's numbers; or, string, of an address in one window.
    pub(super) fn rate(&self, counted: &RateLimitKey, window: i64) -> String {
        match counted {
            RateLimitKey::User => self.meta(),
            RateLimitKey::Address(hash) => {
                format!("{}address:{hash}:rate:{window}", self.namespace)
            }
            RateLimitKey::Reader(hash) => {
                format!("{}address:{hash}:shares:{window}", self.namespace)
            }
        }
    }

    /// String of bits: calls that read, by minute of the day; of a user or of an address.
    pub(super) fn reads(&self, counted: &RateLimitKey, day: i64) -> String {
        match counted {
            RateLimitKey::User => format!("{}calls:{day}", self.user),
            RateLimitKey::Address(hash) => format!("{}address:{hash}:calls:{day}", self.namespace),
            RateLimitKey::Reader(hash) => format!("{}address:{hash}:reads:{day}", self.namespace),
        }
    }

    /// Hash: counters of an address per day: new users.
    pub(super) fn address_day(&self, address: &str, day: i64) -> String {
        format!("{}address:{address}:day:{day}", self.namespace)
    }

    /// String: bytes written from an address in a day.
    pub(super) fn address_bytes(&self, address: &str, day: i64) -> String {
        format!("{}address:{address}:bytes:{day}", self.namespace)
    }

    /// String: the user that a device code belongs to; `code` is a pseudonym of it.
    pub(super) fn link(&self, code: &str) -> String {
        format!("{}link:{code}", self.namespace)
    }

    /// String: the user that a recovery code belongs to; `code` is a pseudonym of it.
    pub(super) fn recovery(&self, code: &str) -> String {
        format!("{}recovery:{code}", self.namespace)
    }

    /// String: wrong codes tried from an address.
    pub(super) fn link_tries(&self, address: &str) -> String {
        format!("{}address:{address}:link", self.namespace)
    }

    /// Hash: a read-only snapshot, for any caller that knows its id.
    pub(super) fn share(&self, id: &ShareId) -> String {
        format!("{}{}", self.share_prefix(), id.key_part())
    }

    /// The keys of all shares that the user can make.
    pub(super) fn share_slots(&self) -> Vec<String> {
        let slots = (0..limits::SHARES).map(|slot| ShareId::slot(&self.user, slot));
        slots
            .map(|slot| format!("{}{slot}", self.share_prefix()))
            .collect()
    }

    /// What every such key begins with.
    pub(super) fn share_prefix(&self) -> String {
        format!("{}share:", self.namespace)
    }

    /// Channel: notices of changes.
    pub(super) fn events(&self) -> String {
        format!("{}events", self.user)
    }

    /// Hash: when the session began and was last used.
    pub(super) fn session(&self) -> String {
        format!("{}session", self.user)
    }
}
