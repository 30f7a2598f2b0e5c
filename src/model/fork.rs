//! What a new conversation is a fork of.

use super::json::text_of;
use super::{ConversationId, Invalid, MessageId, Object};

/// The conversation, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    /// The conversation to go on from.
    pub conversation: ConversationId,
    /// The message to end with; without it the head.
    pub message: Option<MessageId>,
}

impl Fork {
    /// Takes the field `forkOf`: `{"conversationId": id, "messageId"?: id}`.
    ///
    /// # Errors
    /// `invalid_field`, `invalid_id`.
    pub(super) fn take(object: &mut Object<'_>, path: &str) -> Result<Option<Self>, Invalid> {
        let path = format!("{path}.forkOf");
        let Some(raw) = object.take("forkOf").filter(|raw| raw.get() != "null") else {
            return Ok(None);
        };
        let mut fork = Object::parse(raw.get().as_bytes(), &path)
            .map_err(|_| Invalid::field(&path, "an object with a conversationId"))?;
        let at = format!("{path}.conversationId");
        let conversation = fork
            .take("conversationId")
            .and_then(|raw| text_of(raw.get()))
            .ok_or_else(|| Invalid::id(&at))?;
        let conversation = ConversationId::parse(&conversation, &at)?;
        let at = format!("{path}.messageId");
        let message = fork
            .take("messageId")
            .filter(|raw| raw.get() != "null")
            .map(|raw| {
                let id = text_of(raw.get()).ok_or_else(|| Invalid::id(&at))?;
                MessageId::parse(&id, &at)
            })
            .transpose()?;
        Ok(Some(Self {
            conversation,
            message,
        }))
    }
}
