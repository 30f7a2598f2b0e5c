//! Changes of a conversation's metadata.

use super::conversation::{COMPUTED, take_head, take_id};
use super::conversation_metadata::check_metadata;
use super::{ConversationId, Invalid, MessageId, Object, Record};
use crate::ErrorCode;

/// Whether the body of a PATCH is `{"trashed": false}`: what takes a conversation out of the trash.
///
/// # Errors
/// `invalid_field` where there is more than that, or `true`.
pub fn is_restoration(json: &[u8]) -> Result<bool, Invalid> {
    let mut object = Object::parse(json, "body")?;
    let Some(trashed) = object.take("trashed") else {
        return Ok(false);
    };
    match trashed.get() {
        "false" if object.is_empty() => Ok(true),
        _ => Err(Invalid::field(
            "body.trashed",
            "false, and nothing beside it",
        )),
    }
}

/// The metadata of a conversation to change.
#[derive(Debug)]
pub struct ConversationPatch {
    /// The fields; null removes one.
    pub record: Record,
    /// The new end of the active path, if that changes.
    pub head: Option<MessageId>,
    /// Fields, and the values that they must have; null for one that must not be there.
    pub expected: Record,
}

impl ConversationPatch {
    /// Checks a patch for the conversation `id`.
    ///
    /// # Errors
    /// See [`Invalid`].
    pub fn parse(json: &[u8], id: &ConversationId) -> Result<Self, Invalid> {
        let mut object = Object::parse(json, "body")?;
        if take_id(&mut object, "body.id")?.is_some_and(|sent| sent != *id) {
            return Err(Invalid::new(
                ErrorCode::IdMismatch,
                "body.id: differs from the id in the path",
            ));
        }
        let fixed = ["messages", "createdAt", "updatedAt", "totalTokens"];
        for name in fixed.iter().chain(&COMPUTED) {
            if object.get(name).is_some() {
                return Err(Invalid::field(
                    &format!("body.{name}"),
                    "no such field: it cannot be changed by PATCH",
                ));
            }
        }
        if object
            .get("title")
            .is_some_and(|title| title.get() == "null")
        {
            return Err(Invalid::field("body.title", "a string"));
        }
        let head = take_head(&mut object, "body.headId")?;
        let expected = take_expected(&mut object)?;
        if object.is_empty() && head.is_none() {
            return Err(Invalid::field("body", "at least one field to change"));
        }
        check_metadata(&object, "body")?;
        let mut record = Record::default();
        for (name, value) in object.members() {
            record.push(name, value.get());
        }
        Ok(Self {
            record,
            head,
            expected,
        })
    }
}

/// Takes the field `$expected`, an object of fields with the values that they must have.
fn take_expected(object: &mut Object<'_>) -> Result<Record, Invalid> {
    const PATH: &str = "body.$expected";
    let mut record = Record::default();
    if let Some(raw) = object.take("$expected") {
        let expected = Object::parse(raw.get().as_bytes(), PATH)
            .map_err(|_| Invalid::field(PATH, "an object of fields and their values"))?;
        expected.check_len(PATH)?;
        for (name, value) in expected.members() {
            record.push(name, value.get());
        }
    }
    Ok(record)
}
