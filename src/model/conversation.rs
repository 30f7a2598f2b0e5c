//! Conversations: `{id, title, messages, createdAt, updatedAt, totalTokens, mcpServers}`, our own
//! additions (`pinned`, `keep`, `archived`, `tags`), and whatever else a client puts into them.

use std::collections::HashSet;

use serde_json::value::RawValue;

use super::conversation_metadata::metadata;
use super::json::{quoted, text_of};
use super::message::digest_of;
use super::message_fields::parse_tokens;
use super::tree::{UnknownParent, arrange};
use super::{
    ConversationId, ExportMetadata, Fork, Invalid, MessageId, NewMessage, Object, Parent, Record,
    Timestamp, parse_messages, title,
};

/// Computed members of responses: a client may send them back, without effect.
pub(super) const COMPUTED: [&str; 8] = [
    "messageCount",
    "revision",
    "etag",
    "expiresAt",
    "clock",
    "previousClock",
    "nextCursor",
    ExportMetadata::FIELD,
];

/// A conversation as a client sent it, checked.
#[derive(Debug)]
pub struct NewConversation {
    /// Chosen by the client, if it did.
    pub id: Option<ConversationId>,
    /// When it began, where the client said.
    pub created: Option<Timestamp>,
    /// When it last changed, where the client said.
    pub updated: Option<Timestamp>,
    /// The metadata of an export; only an import uses it.
    pub export: Option<ExportMetadata>,
    /// The client's own count, where it sent one.
    pub total_tokens: Option<u64>,
    /// Tells a repetition of this request from another one.
    pub digest: String,
    /// Title, flags and all other fields.
    pub record: Record,
    /// In the order sent; see [`NewConversation::arranged`].
    pub messages: Vec<NewMessage>,
    /// The last message of the active path, where the client said.
    pub head: Option<MessageId>,
    /// The source of a fork, which has no own messages in the request.
    pub fork: Option<Fork>,
}

impl NewConversation {
    /// Validates a conversation; `path` is its place in the request.
    ///
    /// # Errors
    /// See [`Invalid`].
    pub fn parse(json: &[u8], path: &str, now: Timestamp) -> Result<Self, Invalid> {
        let mut object = Object::parse(json, path)?;
        let at = |name: &str| format!("{path}.{name}");
        let export = object
            .take(ExportMetadata::FIELD)
            .map(|raw| ExportMetadata::parse(raw.get(), &at(ExportMetadata::FIELD)))
            .transpose()?;
        for name in COMPUTED {
            object.take(name);
        }
        let timestamp = |raw: Option<&RawValue>, name| {
            raw.map(|raw| Timestamp::parse(raw, &at(name))).transpose()
        };
        let head = take_head(&mut object, &at("headId"))?;
        let fork = Fork::take(&mut object, path)?;
        let messages = match object.take("messages") {
            Some(raw) => parse_messages(raw, &at("messages"), now)?,
            None => Vec::new(),
        };
        let messages = with_numbers(messages, export.as_ref());
        Ok(Self {
            id: take_id(&mut object, &at("id"))?,
            created: timestamp(object.take("createdAt"), "createdAt")?,
            updated: timestamp(object.take("updatedAt"), "updatedAt")?,
            total_tokens: object
                .take("totalTokens")
                .map(|raw| parse_tokens(raw, &at("totalTokens")))
                .transpose()?,
            digest: digest_of(&[json]),
            record: metadata(object, path, export.as_ref(), &messages)?,
            export,
            messages,
            head,
            fork,
        })
    }

    /// With its messages as scripts take them: the active path first.
    ///
    /// # Errors
    /// `invalid_field` for messages that do not form a tree.
    pub fn arranged(self, unknown: UnknownParent, path: &str) -> Result<Self, Invalid> {
        let path = format!("{path}.messages");
        let messages = match &self.export {
            Some(_) => self.messages,
            None => numbered(self.messages),
        };
        let (messages, head) = arrange(messages, self.head.as_ref(), unknown, &path)?;
        // One that is not among these messages may be among others of the same import.
        let head = self.head.or(head);
        Ok(Self {
            messages,
            head,
            ..self
        })
    }
}

impl NewConversation {
    /// Adds the further messages that another line of an export has of the same conversation.
    pub fn go_on_with(&mut self, rest: Self) {
        let known: HashSet<MessageId> = self.messages.iter().map(|own| own.id.clone()).collect();
        let more = rest.messages.into_iter();
        self.messages
            .extend(more.filter(|message| !known.contains(&message.id)));
        self.digest = digest_of(&[self.digest.as_bytes(), rest.digest.as_bytes()]);
    }
}

/// Where there are branches, messages with numbers by which those that follow the same one are in the order in which they
/// were sent, wherever the active path leads.
fn numbered(mut messages: Vec<NewMessage>) -> Vec<NewMessage> {
    let is_line = |message: &NewMessage| message.parent == Parent::Previous;
    if !messages.iter().all(is_line) {
        for (message, number) in messages.iter_mut().zip(1..) {
            message.number = Some(number);
        }
    }
    messages
}

/// Messages with the numbers that they had where they were exported; without, where the export was edited since.
fn with_numbers(mut messages: Vec<NewMessage>, export: Option<&ExportMetadata>) -> Vec<NewMessage> {
    let numbers = export.map_or(&[][..], |export| &export.numbers);
    if numbers.len() == messages.len() {
        for (message, number) in messages.iter_mut().zip(numbers) {
            message.number = Some(*number);
        }
    }
    messages
}

/// The title that these messages would give a conversation, as JSON text.
pub(crate) fn generate_title(messages: &[NewMessage]) -> Option<String> {
    messages
        .iter()
        .find_map(NewMessage::user_text)
        .and_then(|content| title::from_content(&content))
        .map(|title| quoted(&title))
}

pub(super) fn take_head(object: &mut Object<'_>, path: &str) -> Result<Option<MessageId>, Invalid> {
    let Some(raw) = object.take("headId").filter(|raw| raw.get() != "null") else {
        return Ok(None);
    };
    let id = text_of(raw.get()).ok_or_else(|| Invalid::id(path))?;
    MessageId::parse(&id, path).map(Some)
}

pub(super) fn take_id(
    object: &mut Object<'_>,
    path: &str,
) -> Result<Option<ConversationId>, Invalid> {
    let Some(raw) = object.take("id") else {
        return Ok(None);
    };
    let id = text_of(raw.get()).ok_or_else(|| Invalid::id(path))?;
    ConversationId::parse(&id, path).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::model::{ConversationPatch, Summary};

    fn parse(json: &str) -> Result<NewConversation, Invalid> {
        NewConversation::parse(json.as_bytes(), "body", Timestamp::from_ms(5))
    }

    fn title(json: &str) -> String {
        let record = parse(json).unwrap().record;
        let counters = "1 0 0 0 0 1 2 3 0 -";
        let summary = Summary::new("c".into(), record.as_str().into(), counters).unwrap();
        let value: serde_json::Value =
            serde_json::from_str(&summary.to_object(0).finish()).unwrap();
        value["title"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_title_is_kept_or_generated() {
        let messages = r#""messages":[{"id":"1","type":"system","content":"be nice"},
            {"id":"2","type":"user","content":"one two three four five six seven"}]"#;
        assert_eq!(title(&format!(r#"{{"title":"Mine",{messages}}}"#)), "Mine");
        assert_eq!(
            title(&format!(r#"{{"title":"",{messages}}}"#)),
            "one two three four five six"
        );
        assert_eq!(
            title(&format!(r#"{{"title":"New Conversation",{messages}}}"#)),
            "one two three four five six"
        );
        assert_eq!(title("{}"), "New Conversation");
    }

    #[test]
    fn what_we_compute_is_ignored_and_what_we_do_not_know_is_kept() {
        let conversation =
            parse(r#"{"id":"c","revision":9,"messageCount":7,"folder":"x"}"#).unwrap();
        assert_eq!(conversation.record.as_str(), "\"folder\"\u{1f}\"x\"\u{1e}");
    }

    #[test]
    fn wrong_types_are_refused() {
        for json in [
            r#"{"title":5}"#,
            r#"{"pinned":"yes"}"#,
            r#"{"tags":"a"}"#,
            r#"{"tags":[1]}"#,
            r#"{"mcpServers":[]}"#,
            r#"{"createdAt":"soon"}"#,
            r#"{"totalTokens":-1}"#,
        ] {
            assert_eq!(
                parse(json).unwrap_err().code,
                ErrorCode::InvalidField,
                "{json}"
            );
        }
        assert_eq!(
            parse(r#"{"messages":{}}"#).unwrap_err().code,
            ErrorCode::InvalidJson
        );
        assert_eq!(
            parse(r#"{"id":"a b"}"#).unwrap_err().code,
            ErrorCode::InvalidId
        );
        let twice = r#"{"id":"m","type":"user","content":""}"#;
        let json = format!(r#"{{"messages":[{twice},{twice}]}}"#);
        assert_eq!(parse(&json).unwrap_err().code, ErrorCode::DuplicateId);
    }

    #[test]
    fn a_patch_changes_metadata_only() {
        let id = ConversationId::parse("c", "id").unwrap();
        let patch = |json: &str| ConversationPatch::parse(json.as_bytes(), &id);
        assert!(patch(r#"{"title":"x","pinned":true,"tags":["a"],"mcpServers":null}"#).is_ok());
        for json in [
            "{}",
            r#"{"messages":[]}"#,
            r#"{"revision":1}"#,
            r#"{"title":null}"#,
        ] {
            assert_eq!(
                patch(json).unwrap_err().code,
                ErrorCode::InvalidField,
                "{json}"
            );
        }
        assert_eq!(
            patch(r#"{"id":"d","title":"x"}"#).unwrap_err().code,
            ErrorCode::IdMismatch
        );
    }
}
