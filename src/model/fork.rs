//! The source of a fork.

use super::json::text_of;
use super::{ConversationId, Invalid, MessageId, Object, ShareId};

/// The source of a new conversation's messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fork {
    /// A conversation of the user.
    Conversation {
        /// The conversation to go on from.
        id: ConversationId,
        /// The message to end with; without it the head.
        message: Option<MessageId>,
    },
    /// Any user's share; `None` for a malformed id.
    Share(Option<ShareId>),
}

impl Fork {
    /// Takes the field `forkOf`: `{"conversationId": id, "messageId"?: id}` or `{"shareId": id}`.
    ///
    /// # Errors
    /// `invalid_field`, `invalid_id`.
    pub(super) fn take(object: &mut Object<'_>, path: &str) -> Result<Option<Self>, Invalid> {
        let path = format!("{path}.forkOf");
        let Some(raw) = object.take("forkOf").filter(|raw| raw.get() != "null") else {
            return Ok(None);
        };
        let expected = "an object with a conversationId or a shareId";
        let mut fork = Object::parse(raw.get().as_bytes(), &path)
            .map_err(|_| Invalid::field(&path, expected))?;
        match fork.take("shareId").filter(|raw| raw.get() != "null") {
            None => Self::of_conversation(&mut fork, &path).map(Some),
            Some(_)
                if ["conversationId", "messageId"].map(|name| is_sent(&fork, name))
                    != [false; 2] =>
            {
                Err(Invalid::field(&path, "a shareId and nothing beside it"))
            }
            Some(raw) => {
                let expected = || Invalid::field(&format!("{path}.shareId"), "the id of a share");
                let id = text_of(raw.get()).ok_or_else(expected)?;
                Ok(Some(Self::Share(ShareId::parse(&id))))
            }
        }
    }

    fn of_conversation(fork: &mut Object<'_>, path: &str) -> Result<Self, Invalid> {
        let at = format!("{path}.conversationId");
        let id = fork
            .take("conversationId")
            .and_then(|raw| text_of(raw.get()))
            .ok_or_else(|| Invalid::id(&at))?;
        let id = ConversationId::parse(&id, &at)?;
        let at = format!("{path}.messageId");
        let message = fork
            .take("messageId")
            .filter(|raw| raw.get() != "null")
            .map(|raw| {
                let id = text_of(raw.get()).ok_or_else(|| Invalid::id(&at))?;
                MessageId::parse(&id, &at)
            })
            .transpose()?;
        Ok(Self::Conversation { id, message })
    }
}

fn is_sent(object: &Object<'_>, name: &str) -> bool {
    object.get(name).is_some_and(|raw| raw.get() != "null")
}
