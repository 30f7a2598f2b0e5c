//! Changes of a message.

use super::message_fields::{MessageFields, take_timestamp, too_large};
use super::packing::unpack_record;
use super::text::search_text;
use super::{Invalid, MessageId, Object, Record, Timestamp, limits};
use crate::ErrorCode;

/// The fields of a message to change.
#[derive(Debug)]
pub struct MessagePatch {
    /// The tokens it accounts for from now on, where they change.
    pub tokens: Option<u64>,
    /// The new time, where it changes.
    pub timestamp: Option<Timestamp>,
    /// All other fields to change, as they are stored; null removes one.
    pub record: Record,
}

impl MessagePatch {
    /// The searchable text of the change.
    pub(crate) fn search_text(&self) -> String {
        let record = unpack_record(self.record.as_str());
        record.map_or_else(String::new, |record| search_text(&record))
    }

    /// Checks a patch for the message `id`.
    ///
    /// # Errors
    /// See [`Invalid`]; `message_too_large` above the limits.
    pub fn parse(json: &[u8], id: &MessageId) -> Result<Self, Invalid> {
        if json.len() > limits::MESSAGE {
            return Err(too_large("body", "the JSON", limits::MESSAGE));
        }
        let mut object = Object::parse(json, "body")?;
        if let Some(sent) = object.take("id")
            && sent.get() != format!("\"{id}\"")
        {
            return Err(Invalid::new(
                ErrorCode::IdMismatch,
                "body.id: differs from the id in the path",
            ));
        }
        let timestamp = take_timestamp(&mut object, "body")?;
        // The place of a message does not change: a client may send back what it received.
        for name in ["parentId", "siblingIds"] {
            object.take(name);
        }
        if object.is_empty() && timestamp.is_none() {
            return Err(Invalid::field("body", "at least one field to change"));
        }
        let fields = MessageFields::parse(object, "body", json.len())?;
        Ok(Self {
            tokens: fields.tokens("body")?,
            timestamp,
            record: fields.to_record(),
        })
    }
}
