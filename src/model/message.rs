//! Messages: `{id, type, content, timestamp, streaming?, tokens?, editable?}` and whatever else a client
//! puts into them.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::json::{text_of, whole_number};
use super::packing::{pack_record, unpack_record};
use super::{
    Invalid, MessageId, Object, ObjectWriter, Parent, Record, Timestamp, array_of, limits,
};
use crate::ErrorCode;

/// A message as a client sent it, checked.
#[derive(Debug)]
pub struct NewMessage {
    /// Chosen by the client.
    pub id: MessageId,
    /// When it was written; now, where the client did not say.
    pub timestamp: Timestamp,
    /// Tokens it accounts for.
    pub tokens: u64,
    /// Tells a repetition of this message from another one with its id, however they are stored.
    pub digest: String,
    /// All other fields, as they are stored.
    pub record: Record,
    /// What it follows.
    pub parent: Parent,
    is_user: bool,
}

impl NewMessage {
    /// Checks a message; `path` says where it stands in the request.
    ///
    /// # Errors
    /// See [`Invalid`]; `message_too_large` above the limits.
    pub fn parse(raw: &RawValue, path: &str, now: Timestamp) -> Result<Self, Invalid> {
        if raw.get().len() > limits::MESSAGE {
            return Err(too_large(path, "the JSON", limits::MESSAGE));
        }
        let mut object = Object::parse(raw.get().as_bytes(), path)?;
        let id = required_id(&mut object, path)?;
        let sent_timestamp = take_timestamp(&mut object, path)?;
        let parent = Parent::take(&mut object, path)?;
        // What responses add: a client may send it back, to no effect.
        object.take("siblingIds");
        let kind = required(&object, "type", path)?;
        required(&object, "content", path)?;
        check_fields(&object, path)?;
        let sent = record_of(&object);
        Ok(Self {
            id,
            timestamp: sent_timestamp.unwrap_or(now),
            tokens: tokens_of(&object, path)?.unwrap_or(0),
            digest: digest_of(&[
                sent_timestamp
                    .map_or_else(String::new, |time| time.to_string())
                    .as_bytes(),
                sent.as_str().as_bytes(),
            ]),
            is_user: kind.get() == "\"user\"",
            parent,
            record: pack_record(&object),
        })
    }

    /// The text, where this is a user's message: what titles are made of.
    pub(super) fn user_text(&self) -> Option<String> {
        if !self.is_user {
            return None;
        }
        let record = unpack_record(self.record.as_str())?;
        Record::members(record.as_str())
            .find(|(name, _)| *name == "\"content\"")
            .and_then(|(_, content)| text_of(content))
    }
}

/// Checks a list of messages: each one, and that no two share an id.
///
/// # Errors
/// See [`NewMessage::parse`]; `duplicate_id` for a second message with the same id.
pub fn parse_messages(
    raw: &RawValue,
    path: &str,
    now: Timestamp,
) -> Result<Vec<NewMessage>, Invalid> {
    let mut seen = HashSet::new();
    let mut messages = Vec::new();
    for (index, item) in array_of(raw.get().as_bytes(), path)?
        .into_iter()
        .enumerate()
    {
        let message = NewMessage::parse(item, &format!("{path}[{index}]"), now)?;
        if !seen.insert(message.id.clone()) {
            return Err(Invalid::new(
                ErrorCode::DuplicateId,
                format!("{path}[{index}].id: another message of this request has the same id"),
            ));
        }
        messages.push(message);
    }
    Ok(messages)
}

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
    /// Checks a patch for the message `id`.
    ///
    /// # Errors
    /// See [`Invalid`].
    pub fn parse(json: &[u8], id: &MessageId) -> Result<Self, Invalid> {
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
        for name in ["type", "content"] {
            if object.get(name).is_some_and(|value| value.get() == "null") {
                return Err(Invalid::field(
                    &format!("body.{name}"),
                    "a value: it cannot be removed",
                ));
            }
        }
        check_fields(&object, "body")?;
        if object.is_empty() && timestamp.is_none() {
            return Err(Invalid::field("body", "at least one field to change"));
        }
        Ok(Self {
            tokens: tokens_of(&object, "body")?,
            timestamp,
            record: pack_record(&object),
        })
    }
}

/// A message as Redis keeps it.
#[derive(Debug)]
pub struct StoredMessage {
    id: String,
    seq: u32,
    timestamp: Timestamp,
    pub(super) record: Record,
    /// The id of the message that it follows, or [`Parent::ROOT`]; empty where that is not to be told.
    parent: String,
    /// The ids of all messages that follow the same one; empty where it is the only one.
    siblings: Vec<String>,
}

impl StoredMessage {
    /// Reads a field of the bodies hash; `None` where the message was deleted, or the form is not ours.
    pub fn parse(id: String, body: &str) -> Option<Self> {
        let (header, record) = body.split_once(Record::HEADER_END)?;
        let mut words = header.split(' ');
        Some(Self {
            id,
            seq: words.next()?.parse().ok()?,
            timestamp: Timestamp::from_ms(words.next()?.parse().ok()?),
            record: unpack_record(record)?,
            parent: String::new(),
            siblings: Vec::new(),
        })
    }

    /// With its place among the branches. `parent`: the id of the message that it follows, [`Parent::ROOT`], or empty where
    /// that is not to be told. `siblings`: the ids of all messages that follow the same one, separated by commas.
    #[must_use]
    pub fn with_place(self, parent: String, siblings: &str) -> Self {
        let siblings = siblings.split(',').filter(|id| !id.is_empty());
        Self {
            parent,
            siblings: siblings.map(str::to_owned).collect(),
            ..self
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The message as clients know it.
    pub fn to_json(&self) -> String {
        let mut object =
            ObjectWriter::with_capacity(self.record.as_str().len() + self.id.len() + 64)
                .display("id", &self.id)
                .display("timestamp", self.timestamp);
        match self.parent.as_str() {
            "" => {}
            Parent::ROOT => object = object.raw("parentId", "null"),
            parent => object = object.display("parentId", parent),
        }
        if !self.siblings.is_empty() {
            object = object.display_array("siblingIds", &self.siblings);
        }
        // What an earlier release has stored under our names says nothing any more.
        let is_told = |name: &str| {
            (name == "\"parentId\"" && !self.parent.is_empty())
                || (name == "\"siblingIds\"" && !self.siblings.is_empty())
        };
        for (name, value) in Record::members(self.record.as_str()) {
            if !is_told(name) {
                object.push(name, value);
            }
        }
        object.finish()
    }

    /// About how long its JSON is, in bytes.
    pub fn size(&self) -> usize {
        self.record.as_str().len()
    }

    /// When it was written.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// Its place among messages with the same timestamp, as the messages set has it.
    pub fn member(&self) -> String {
        format!("{:08x}{}", self.seq, self.id)
    }
}

/// A digest that tells requests apart, short because nobody gains by a collision with himself.
pub(super) fn digest_of(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    URL_SAFE_NO_PAD.encode(&hash.finalize()[..15])
}

fn required<'a>(object: &Object<'a>, name: &str, path: &str) -> Result<&'a RawValue, Invalid> {
    object
        .get(name)
        .ok_or_else(|| Invalid::field(&format!("{path}.{name}"), "a value: it is required"))
}

fn required_id(object: &mut Object<'_>, path: &str) -> Result<MessageId, Invalid> {
    let path = format!("{path}.id");
    let raw = object.take("id").ok_or_else(|| Invalid::id(&path))?;
    let id = text_of(raw.get()).ok_or_else(|| Invalid::id(&path))?;
    MessageId::parse(&id, &path)
}

fn take_timestamp(object: &mut Object<'_>, path: &str) -> Result<Option<Timestamp>, Invalid> {
    object
        .take("timestamp")
        .map(|raw| Timestamp::parse(raw, &format!("{path}.timestamp")))
        .transpose()
}

/// Checks the fields we know, and the sizes of all.
fn check_fields(object: &Object<'_>, path: &str) -> Result<(), Invalid> {
    object.check_len(path)?;
    let mut others = 0;
    for (name, value) in object.members() {
        let (json, at) = (value.get(), format!("{path}.{name}"));
        match name {
            "content" => check_content(json, &at)?,
            "type" => {
                if !["\"user\"", "\"assistant\"", "\"system\""].contains(&json) {
                    return Err(Invalid::field(&at, "user, assistant or system"));
                }
            }
            "streaming" | "editable" => {
                if !["true", "false", "null"].contains(&json) {
                    return Err(Invalid::field(&at, "true or false"));
                }
            }
            _ => others += name.len() + json.len(),
        }
    }
    if others > limits::MESSAGE_FIELDS {
        return Err(too_large(
            path,
            "the fields beside content",
            limits::MESSAGE_FIELDS,
        ));
    }
    Ok(())
}

fn check_content(json: &str, path: &str) -> Result<(), Invalid> {
    if !json.starts_with('"') {
        return Err(Invalid::field(path, "a string"));
    }
    // Escapes only ever make JSON longer than the text: most contents need not be decoded to be measured.
    if json.len() > limits::CONTENT + 2
        && text_of(json).is_none_or(|text| text.len() > limits::CONTENT)
    {
        return Err(too_large(path, "the content", limits::CONTENT));
    }
    Ok(())
}

fn too_large(path: &str, what: &str, limit: usize) -> Invalid {
    Invalid::new(
        ErrorCode::MessageTooLarge,
        format!("{path}: {what} of a message may have at most {limit} bytes"),
    )
}

/// The tokens a message accounts for: its total, or where that is not given, input and output.
fn tokens_of(object: &Object<'_>, path: &str) -> Result<Option<u64>, Invalid> {
    let Some(raw) = object.get("tokens") else {
        return Ok(None);
    };
    if raw.get() == "null" {
        return Ok(Some(0));
    }
    let path = format!("{path}.tokens");
    let tokens = Object::parse(raw.get().as_bytes(), &path)
        .map_err(|_| Invalid::field(&path, "an object of input, output, total"))?;
    let number = |name: &str| match tokens.get(name) {
        None => Ok(None),
        Some(value) => parse_tokens(value, &format!("{path}.{name}")).map(Some),
    };
    let (input, output, total) = (number("input")?, number("output")?, number("total")?);
    let sum = input.unwrap_or(0).saturating_add(output.unwrap_or(0));
    Ok(Some(total.unwrap_or(sum).min(limits::TOKENS)))
}

/// A number of tokens.
pub(super) fn parse_tokens(raw: &RawValue, path: &str) -> Result<u64, Invalid> {
    whole_number(raw.get())
        .and_then(|tokens| u64::try_from(tokens).ok())
        .filter(|tokens| *tokens <= limits::TOKENS)
        .ok_or_else(|| Invalid::field(path, "a whole number of tokens"))
}

fn record_of(object: &Object<'_>) -> Record {
    let mut record = Record::default();
    for (name, value) in object.members() {
        record.push(name, value.get());
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<NewMessage, Invalid> {
        let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
        NewMessage::parse(&raw, "m", Timestamp::from_ms(5))
    }

    fn code(json: &str) -> ErrorCode {
        parse(json).unwrap_err().code
    }

    #[test]
    fn comes_back_with_every_field_as_it_was_sent() {
        let message = parse(
            r#"{"id":"m1","type":"user","content":" 5 \ud83d","timestamp":7,"x":1.50,"tokens":{"total":3}}"#,
        )
        .unwrap();
        assert_eq!(message.tokens, 3);
        let body = format!("1 7 3 digest\u{1e}{}", message.record.as_str());
        let stored = StoredMessage::parse("m1".into(), &body).unwrap();
        assert_eq!(
            stored.to_json(),
            r#"{"id":"m1","timestamp":"1970-01-01T00:00:00.007Z","type":"user","content":" 5 \ud83d","x":1.50,"tokens":{"total":3}}"#
        );
        assert_eq!(stored.member(), "00000001m1");
    }

    #[test]
    fn is_refused_with_a_code_that_says_why() {
        assert_eq!(
            code(r#"{"type":"user","content":""}"#),
            ErrorCode::InvalidId
        );
        assert_eq!(
            code(r#"{"id":5,"type":"user","content":""}"#),
            ErrorCode::InvalidId
        );
        assert_eq!(
            code(r#"{"id":"a:b","type":"user","content":""}"#),
            ErrorCode::InvalidId
        );
        assert_eq!(code("[]"), ErrorCode::InvalidJson);
        for rest in [
            r#""content":"x""#,
            r#""type":"robot","content":"x""#,
            r#""type":"user""#,
            r#""type":"user","content":5"#,
            r#""type":"user","content":"x","timestamp":"soon""#,
            r#""type":"user","content":"x","streaming":"yes""#,
            r#""type":"user","content":"x","tokens":5"#,
            r#""type":"user","content":"x","tokens":{"total":-1}"#,
            r#""type":"user","content":"x","tokens":{"input":"1"}"#,
        ] {
            assert_eq!(
                code(&format!("{{\"id\":\"m\",{rest}}}")),
                ErrorCode::InvalidField,
                "{rest}"
            );
        }
    }

    #[test]
    fn its_content_is_measured_as_text() {
        let message = |content: &str| {
            parse(&format!(
                r#"{{"id":"m","type":"user","content":"{content}"}}"#
            ))
        };
        assert!(message(&"\\n".repeat(limits::CONTENT)).is_ok());
        let error = message(&"x".repeat(limits::CONTENT + 1)).unwrap_err();
        assert_eq!(error.code, ErrorCode::MessageTooLarge);
    }

    #[test]
    fn the_same_message_has_the_same_digest() {
        let digest = |json: &str| parse(json).unwrap().digest;
        let first = digest(r#"{"id":"m","type":"user","content":"x","timestamp":1}"#);
        assert_eq!(
            first,
            digest(
                r#"{ "timestamp":"1970-01-01T00:00:00.001Z", "id":"m","type":"user","content":"x"}"#
            )
        );
        assert_ne!(
            first,
            digest(r#"{"id":"m","type":"user","content":"y","timestamp":1}"#)
        );
        assert_ne!(first, digest(r#"{"id":"m","type":"user","content":"x"}"#));
    }

    #[test]
    fn a_tombstone_is_no_message() {
        assert!(StoredMessage::parse("m".into(), "1 7 3 digest").is_none());
    }
}
