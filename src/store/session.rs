//! The plan's session data and current conversation.

use super::{Call, StoreError, UserStore, scripts};
use crate::identity::Counted;
use crate::model::{ConversationId, Timestamp};
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
    /// Reads the session, begins it where there is none, and lets it live on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_session(&self) -> Result<Session, StoreError> {
        let call = Call {
            more_keys: vec![self.keys.current_conversation(), self.keys.session()],
            arguments: vec![self.session_life().into()],
            ..Call::default()
        };
        let mut answer = self.call(&scripts::SESSION, call).await?;
        if matches!(self.caller.counted_as, Counted::Address(_)) {
            self.count("users_total", 1);
        }
        Ok(Session {
            created: Timestamp::from_ms(answer.number()?),
            last_seen: Timestamp::from_ms(answer.number()?),
            current_conversation: match answer.next()? {
                Reply::Nil => None,
                id @ Reply::Bytes(_) => Some(id.into_text()?),
                Reply::Int(_) | Reply::List(_) => return Err(UpstashError::Malformed.into()),
            },
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
        let mut answer = self.call(&scripts::SET_CURRENT, call).await?;
        answer.outcome().map(|_| ())
    }

    fn session_life(&self) -> String {
        self.store.session_life.as_millis().to_string()
    }
}
