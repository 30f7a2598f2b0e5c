//! A user's session and current conversation.

use super::scripts::sessions::{SessionBegin, SessionRead, SessionSetCurrent};
use super::{PausedCalls, StoreError, UserStore};
use crate::model::{ConversationId, Timestamp};
use crate::upkeep::Task;

/// A user's session.
#[derive(Debug)]
pub struct Session {
    /// When it began.
    pub created: Timestamp,
    /// When it was last used, to the day.
    pub last_seen: Timestamp,
    /// The conversation that was open last, if it still exists.
    pub current_conversation: Option<String>,
}

impl UserStore<'_> {
    /// Reads the session of a known user, and renews it if that is due.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn read_session(&self) -> Result<Session, StoreError> {
        let session_ttl = self.store.session_ttl;
        let reply = self.read(SessionRead { session_ttl }).await?;
        if reply.is_renewal_due {
            let task = Task::RenewSession(self.caller.user.clone());
            self.caller.context.add_upkeep(task);
        }
        // An expired session starts over with this call.
        let now = self.store.clock.now_ms();
        let time = |text: String| Timestamp::from_ms(text.parse().unwrap_or(now));
        Ok(Session {
            created: time(reply.created),
            last_seen: time(reply.last_seen),
            current_conversation: reply.current,
        })
    }

    /// Begins the session of a new user.
    ///
    /// # Errors
    /// `TooManyNewUsers` where the address has made too many today; or the database failed.
    pub async fn begin_session(&self) -> Result<Session, StoreError> {
        self.admit(PausedCalls::Newcomers)?;
        let today = self.store.today();
        let call = SessionBegin {
            session_ttl: self.store.session_ttl,
            max_users: Some(self.store.limits.address_users),
            address_day: Some(self.keys.address_day(&self.caller.address, today)),
        };
        let reply = self.write(call).await?;
        self.count("users_total", 1);
        Ok(Session {
            created: reply.created,
            last_seen: reply.last_seen,
            current_conversation: None,
        })
    }

    /// Sets the current conversation, or clears it.
    ///
    /// # Errors
    /// `ConversationNotFound`; or the database failed.
    pub async fn set_current(&self, id: Option<&ConversationId>) -> Result<(), StoreError> {
        // Not as the call's conversation: the script needs none of its keys, only its id.
        let call = SessionSetCurrent {
            session_ttl: self.store.session_ttl,
            wanted: id,
        };
        self.write(call).await.map(drop)
    }
}
