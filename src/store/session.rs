//! A user's session and current conversation.

use super::{Call, PausedCalls, StoreError, UserStore, scripts};
use crate::model::{ConversationId, Timestamp};
use crate::upkeep::Task;
use crate::upstash::{Reply, UpstashError};

/// A user's session.
#[derive(Debug)]
pub struct Session {
    /// When it began.
    pub created: Timestamp,
    /// When it was last used, to the day.
    pub last_seen: Timestamp,
    /// What the user had open last, where that still exists.
    pub current_conversation: Option<String>,
}

impl UserStore<'_> {
    /// Reads the session of a known user, and sees to it that it lives on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn read_session(&self) -> Result<Session, StoreError> {
        let call = Call {
            more_keys: vec![self.keys.current_conversation(), self.keys.session()],
            arguments: vec![self.session_life().into()],
            ..Call::default()
        };
        let mut reply = self.read(&scripts::SESSION, call).await?;
        let (created, last_seen) = (reply.text()?, reply.text()?);
        let current_conversation = match reply.next()? {
            Reply::Nil => None,
            id @ Reply::Bytes(_) => Some(id.into_text()?),
            Reply::Int(_) | Reply::List(_) => return Err(UpstashError::Malformed.into()),
        };
        if reply.flag()? {
            let task = Task::RenewSession(self.caller.user.clone());
            self.caller.context.add_upkeep(task);
        }
        // A session that has ended begins anew with this very call.
        let now = self.store.clock.now_ms();
        let time = |text: String| Timestamp::from_ms(text.parse().unwrap_or(now));
        Ok(Session {
            created: time(created),
            last_seen: time(last_seen),
            current_conversation,
        })
    }

    /// Begins the session of a new user.
    ///
    /// # Errors
    /// `OverQuota` where the address has made too many today; or the database failed.
    pub async fn begin_session(&self) -> Result<Session, StoreError> {
        self.admit(PausedCalls::Newcomers)?;
        let today = self.store.today();
        let most = self.store.limits.address_users.to_string();
        let call = Call {
            more_keys: vec![
                self.keys.current_conversation(),
                self.keys.session(),
                self.keys.address_day(&self.caller.address, today),
            ],
            arguments: vec![self.session_life().into(), most.into()],
            ..Call::default()
        };
        let mut reply = self.write(&scripts::BEGIN_SESSION, call).await?;
        self.count("users_total", 1);
        Ok(Session {
            created: Timestamp::from_ms(reply.number()?),
            last_seen: Timestamp::from_ms(reply.number()?),
            current_conversation: None,
        })
    }

    /// Sets the current conversation, or clears it.
    ///
    /// # Errors
    /// `NoConversation`; or the database failed.
    pub async fn set_current(&self, id: Option<&ConversationId>) -> Result<(), StoreError> {
        // Not as the call's conversation: the script needs none of its keys, only its id.
        let call = Call {
            more_keys: vec![self.keys.current_conversation()],
            arguments: vec![
                self.session_life().into(),
                id.map_or("", ConversationId::as_str).into(),
            ],
            ..Call::default()
        };
        let mut reply = self.write(&scripts::SET_CURRENT, call).await?;
        reply.outcome().map(|_| ())
    }

    pub(super) fn session_life(&self) -> String {
        self.store.session_life.as_millis().to_string()
    }
}
