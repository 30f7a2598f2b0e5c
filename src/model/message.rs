//! Messages as clients send them: `{id, type, content, timestamp, streaming?, tokens?, editable?, parts?, …}` and whatever
//! else a client puts into them.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::json::text_of;
use super::message_fields::{MessageFields, take_timestamp, too_large};
use super::packing::unpack_record;
use super::text::search_text;
use super::{Invalid, MessageId, Object, Parent, Record, Timestamp, array_of, limits};
use crate::ErrorCode;

/// A message as a client sent it, checked.
#[derive(Debug)]
pub struct NewMessage {
    /// Chosen by the client.
    pub id: MessageId,
    /// When it was written; now, where the client did not say.
    pub timestamp: Timestamp,
    /// Whether the client said when it was written.
    pub is_dated: bool,
    /// Tokens it accounts for.
    pub tokens: u64,
    /// Tells a repetition of this message from another one with its id, however they are stored.
    pub digest: String,
    /// All other fields, as they are stored.
    pub record: Record,
    /// Its parent.
    pub parent: Parent,
    /// The number that it had where it was exported: those that follow the same message are ordered by it.
    pub number: Option<u32>,
    makes_title: bool,
}

impl NewMessage {
    /// Validates a message; `path` is its place in the request.
    ///
    /// # Errors
    /// See [`Invalid`]; `message_too_large` above the limits.
    pub fn parse(raw: &RawValue, path: &str, now: Timestamp) -> Result<Self, Invalid> {
        let mut object = Object::parse(raw.get().as_bytes(), path)?;
        let id = required_id(&mut object, path)?;
        Self::parse_fields(object, raw.get().len(), id, path, now)
    }

    /// Checks the fields of a message beside its id; `length` is that of its JSON, in bytes.
    pub(super) fn parse_fields(
        mut object: Object<'_>,
        length: usize,
        id: MessageId,
        path: &str,
        now: Timestamp,
    ) -> Result<Self, Invalid> {
        if length > limits::MESSAGE {
            return Err(too_large(path, "the JSON", limits::MESSAGE));
        }
        let sent_timestamp = take_timestamp(&mut object, path)?;
        let parent = Parent::take(&mut object, path)?;
        // Members added to responses: a client may send them back, without effect.
        object.take("siblingIds");
        let kind = object.get("type");
        let kind = kind.ok_or_else(|| Invalid::required(&format!("{path}.type")))?;
        let sent = record_of(&object);
        let fields = MessageFields::parse(object, path, length)?;
        if !fields.has_content() {
            return Err(Invalid::required(&format!("{path}.content")));
        }
        Ok(Self {
            id,
            timestamp: sent_timestamp.unwrap_or(now),
            is_dated: sent_timestamp.is_some(),
            tokens: fields.tokens(path)?.unwrap_or(0),
            digest: digest_of(&[
                sent_timestamp
                    .map_or_else(String::new, |time| time.to_string())
                    .as_bytes(),
                sent.as_str().as_bytes(),
            ]),
            parent,
            number: None,
            makes_title: kind.get() == "\"user\"" && fields.makes_title(),
            record: fields.to_record(),
        })
    }

    /// A message as Redis keeps it, to be written somewhere else behind the one before it; `None` where it was deleted, or the
    /// form is not ours.
    pub(crate) fn from_stored(id: &str, body: &str) -> Option<Self> {
        let (header, record) = body.split_once(Record::HEADER_END)?;
        let mut words = header.split(' ').skip(1);
        Some(Self {
            id: MessageId::parse(id, "id").ok()?,
            timestamp: Timestamp::from_ms(words.next()?.parse().ok()?),
            is_dated: true,
            tokens: words.next()?.parse().ok()?,
            digest: words.next()?.to_owned(),
            record: Record::from_stored(record),
            parent: Parent::Previous,
            number: None,
            makes_title: false,
        })
    }

    /// Its searchable text.
    pub(crate) fn search_text(&self) -> String {
        let record = unpack_record(self.record.as_str());
        record.map_or_else(String::new, |record| search_text(&record))
    }

    /// The text of a user's message, from which titles are made.
    pub(super) fn user_text(&self) -> Option<String> {
        if !self.makes_title {
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

/// A digest that distinguishes requests. It may be short: a caller gains nothing by colliding with their own
/// requests.
pub(super) fn digest_of(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    URL_SAFE_NO_PAD.encode(&hash.finalize()[..15])
}

fn required_id(object: &mut Object<'_>, path: &str) -> Result<MessageId, Invalid> {
    let path = format!("{path}.id");
    let raw = object.take("id").ok_or_else(|| Invalid::id(&path))?;
    let id = text_of(raw.get()).ok_or_else(|| Invalid::id(&path))?;
    MessageId::parse(&id, &path)
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
    use crate::model::StoredMessage;

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
            r#""type":"user","parts":null"#,
            r#""type":"user","content":[],"parts":[]"#,
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
    fn a_digest_is_of_what_was_sent_and_not_of_what_is_derived() {
        let digest = |json: &str| parse(json).unwrap().digest;
        // As they were before a message had parts.
        let old = r#"{"id":"m","type":"user","content":"x","timestamp":1,"parts":[{"type":"a"}],"contentBlocks":5}"#;
        let sent = "\"type\"\u{1f}\"user\"\u{1e}\"content\"\u{1f}\"x\"\u{1e}\"parts\"\u{1f}[{\"type\":\"a\"}]\u{1e}\"contentBlocks\"\u{1f}5\u{1e}";
        assert_eq!(
            digest(old),
            digest_of(&[b"1970-01-01T00:00:00.001Z", sent.as_bytes()])
        );
        let parts = r#"{"id":"m","type":"user","parts":[{"type":"text","text":"x"}]}"#;
        assert_eq!(digest(parts), digest(parts));
        let both = r#"{"id":"m","type":"user","content":"x","parts":[{"type":"text","text":"x"}]}"#;
        assert_ne!(digest(parts), digest(both));
    }

    #[test]
    fn a_title_is_made_of_what_a_user_says() {
        let text = |fields: &str| {
            let message = parse(&format!(r#"{{"id":"m",{fields}}}"#)).unwrap();
            message.user_text()
        };
        let hi = r#"[{"type":"text","text":"hi"}]"#;
        for fields in [
            r#""content":"hi""#.into(),
            format!("\"content\":{hi}"),
            format!("\"parts\":{hi}"),
        ] {
            assert_eq!(
                text(&format!(r#""type":"user",{fields}"#)).as_deref(),
                Some("hi")
            );
            assert_eq!(text(&format!(r#""type":"assistant",{fields}"#)), None);
        }
        assert_eq!(
            text(r#""type":"user","content":[{"type":"tool_result","content":"x"}]"#),
            None
        );
    }

    #[test]
    fn a_tombstone_is_no_message() {
        assert!(StoredMessage::parse("m".into(), "1 7 3 digest").is_none());
    }
}
