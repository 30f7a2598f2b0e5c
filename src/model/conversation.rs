//! Conversations: `{id, title, messages, createdAt, updatedAt, totalTokens, mcpServers}`, our own
//! additions (`pinned`, `keep`, `archived`, `tags`), and whatever else a client puts into them.

use std::collections::HashSet;

use serde_json::value::RawValue;

use super::json::{quoted, text_of};
use super::message::digest_of;
use super::message_fields::parse_tokens;
use super::tree::{UnknownParent, arrange};
use super::{
    ConversationId, ExportMetadata, Fork, Invalid, MessageId, NewMessage, Object, ObjectWriter,
    Record, Timestamp, array_of, limits, parse_messages, title,
};
use crate::ErrorCode;

/// What we compute and add to responses: a client may send it back, to no effect.
const COMPUTED: [&str; 8] = [
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
    /// Chosen by the client, where it chose.
    pub id: Option<ConversationId>,
    /// When it began, where the client said.
    pub created: Option<Timestamp>,
    /// When it last changed, where the client said.
    pub updated: Option<Timestamp>,
    /// What an export says of where it comes from; only an import puts it back there.
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
    /// What it is a fork of, where it is one: then it has no messages of its own.
    pub fork: Option<Fork>,
}

impl NewConversation {
    /// Checks a conversation; `path` says where it stands in the request.
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
        Ok(Self {
            id: take_id(&mut object, &at("id"))?,
            created: timestamp(object.take("createdAt"), "createdAt")?,
            updated: timestamp(object.take("updatedAt"), "updatedAt")?,
            total_tokens: object
                .take("totalTokens")
                .map(|raw| parse_tokens(raw, &at("totalTokens")))
                .transpose()?,
            digest: digest_of(&[json]),
            record: metadata(object, path, export, &messages)?,
            export,
            messages,
            head,
            fork,
        })
    }

    /// With its messages as scripts take them: the active path first.
    ///
    /// # Errors
    /// `invalid_field` for messages that make no tree.
    pub fn arranged(self, unknown: UnknownParent, path: &str) -> Result<Self, Invalid> {
        let path = format!("{path}.messages");
        let (messages, head) = arrange(self.messages, self.head.as_ref(), unknown, &path)?;
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
    /// Adds what another line of an export says of the same conversation: the messages that go on.
    pub fn go_on_with(&mut self, rest: Self) {
        let known: HashSet<MessageId> = self.messages.iter().map(|own| own.id.clone()).collect();
        let more = rest.messages.into_iter();
        self.messages
            .extend(more.filter(|message| !known.contains(&message.id)));
        self.digest = digest_of(&[self.digest.as_bytes(), rest.digest.as_bytes()]);
    }
}

/// The title that these messages would give a conversation, as JSON text.
pub(crate) fn generate_title(messages: &[NewMessage]) -> Option<String> {
    messages
        .iter()
        .find_map(NewMessage::user_text)
        .and_then(|content| title::from_content(&content))
        .map(|title| quoted(&title))
}

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
    /// The message that the active path is to end with, where that changes.
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

/// What a conversation's counters field holds; the Lua prelude writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters {
    /// Counts changes.
    pub revision: u64,
    /// Messages in it.
    pub messages: u64,
    /// Tokens of these.
    pub tokens: u64,
    /// When it began.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// When it expires, unless it is used before; `None` where it never does.
    pub expires: Option<Timestamp>,
}

impl Counters {
    /// Reads the field; `None` where the form is not ours.
    pub fn parse(stored: &str) -> Option<Self> {
        let words: Vec<&str> = stored.split(' ').collect();
        let word = |index: usize| words.get(index).copied();
        // What an earlier release summed up without bounds may be longer than any number here.
        let number = |index: usize| {
            let is_number =
                |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
            let word = word(index).filter(is_number)?;
            Some(word.parse().unwrap_or(u64::MAX).min(limits::TOKENS))
        };
        Some(Self {
            revision: number(0)?,
            messages: number(1)?,
            tokens: number(2)?,
            created: Timestamp::from_ms(word(5)?.parse().ok()?),
            updated: Timestamp::from_ms(word(6)?.parse().ok()?),
            expires: Some(Timestamp::from_ms(word(7)?.parse().ok()?))
                .filter(|expires| *expires < Timestamp::NEVER),
        })
    }
}

/// A conversation without its messages.
#[derive(Debug)]
pub struct Summary {
    /// Its id.
    pub id: String,
    /// Its counters.
    pub counters: Counters,
    /// The entity tag of this version, without quotes; `None` while a write is not finished, for then what is read
    /// has no version.
    pub etag: Option<String>,
    /// The last message of its active path; `None` where it has none, or where an earlier release wrote last.
    pub head: Option<String>,
    pub(super) record: String,
}

impl Summary {
    /// Puts together what Redis keeps of a conversation.
    pub fn new(id: String, record: String, counters: &str) -> Option<Self> {
        let counters = Counters::parse(counters)?;
        Some(Self {
            id,
            counters,
            etag: None,
            head: None,
            record,
        })
    }

    /// With its entity tag.
    #[must_use]
    pub fn with_etag(self, etag: Option<String>) -> Self {
        Self { etag, ..self }
    }

    /// With the last message of its active path.
    #[must_use]
    pub fn with_head(self, head: Option<String>) -> Self {
        Self { head, ..self }
    }

    /// Begins the conversation as clients know it; the caller may add to it.
    pub fn to_object(&self, capacity: usize) -> ObjectWriter {
        let expires = self.counters.expires.map(|expires| expires.to_string());
        let expires = |object: ObjectWriter| object.optional("expiresAt", expires.as_deref());
        self.write_object(capacity, expires)
    }

    /// The same for an export, which is the same wherever and whenever it is taken: it does not say when the conversation
    /// expires.
    pub fn to_exported_object(&self, capacity: usize) -> ObjectWriter {
        self.write_object(capacity, |object| object)
    }

    fn write_object(
        &self,
        capacity: usize,
        add_expiry: impl FnOnce(ObjectWriter) -> ObjectWriter,
    ) -> ObjectWriter {
        let stored: Vec<(&str, &str)> = Record::members(&self.record).collect();
        let value = |name: &str| {
            let found = stored.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| *value)
        };
        let untitled = quoted(title::UNTITLED);
        let own = [
            "\"title\"",
            "\"pinned\"",
            "\"archived\"",
            "\"tags\"",
            "\"keep\"",
            "\"etag\"",
            "\"headId\"",
            "\"expiresAt\"",
        ];
        let object = ObjectWriter::with_capacity(self.record.len() + 320 + capacity)
            .display("id", &self.id)
            .raw("title", value(own[0]).unwrap_or(&untitled))
            .display("createdAt", self.counters.created)
            .display("updatedAt", self.counters.updated)
            .plain("messageCount", self.counters.messages)
            .plain("totalTokens", self.counters.tokens)
            .plain("revision", self.counters.revision)
            .optional("etag", self.etag.as_deref())
            .optional("headId", self.head.as_deref());
        let mut object = add_expiry(object)
            .raw("pinned", value(own[1]).unwrap_or("false"))
            .raw("keep", value(own[4]).unwrap_or("false"))
            .raw("archived", value(own[2]).unwrap_or("false"))
            .raw("tags", value(own[3]).unwrap_or("[]"));
        for (name, value) in stored.iter().filter(|(name, _)| !own.contains(name)) {
            object.push(name, value);
        }
        object
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

fn take_head(object: &mut Object<'_>, path: &str) -> Result<Option<MessageId>, Invalid> {
    let Some(raw) = object.take("headId").filter(|raw| raw.get() != "null") else {
        return Ok(None);
    };
    let id = text_of(raw.get()).ok_or_else(|| Invalid::id(path))?;
    MessageId::parse(&id, path).map(Some)
}

impl Summary {
    /// Whether the user wants it kept for as long as that is possible.
    pub fn is_kept(&self) -> bool {
        Record::members(&self.record)
            .any(|(name, value)| ["\"keep\"", "\"pinned\""].contains(&name) && value == "true")
    }
}

fn take_id(object: &mut Object<'_>, path: &str) -> Result<Option<ConversationId>, Invalid> {
    let Some(raw) = object.take("id") else {
        return Ok(None);
    };
    let id = text_of(raw.get()).ok_or_else(|| Invalid::id(path))?;
    ConversationId::parse(&id, path).map(Some)
}

/// The fields that make up the record. A title that is none gives way to a generated one; but what was
/// exported has, or lacks, the title it had.
fn metadata(
    mut object: Object<'_>,
    path: &str,
    export: Option<ExportMetadata>,
    messages: &[NewMessage],
) -> Result<Record, Invalid> {
    // Shown of every conversation, so it may be sent back beside as many fields as there may be.
    if object
        .get("keep")
        .is_some_and(|value| value.get() == "false")
    {
        object.take("keep");
    }
    check_metadata(&object, path)?;
    let is_none =
        |title: &str| ["null", "\"\""].contains(&title) || title == quoted(title::UNTITLED);
    let mut record = Record::default();
    let sent = object.take("title").map(|raw| raw.get().to_owned());
    let title = match export {
        Some(export) => sent.filter(|title| export.titled && title != "null"),
        None => sent
            .filter(|title| !is_none(title))
            .or_else(|| generate_title(messages)),
    };
    if let Some(title) = title {
        record.push("title", &title);
    }
    for name in ["pinned", "keep", "archived", "tags"] {
        // The script's null removes, and there is nothing to remove yet.
        if object.get(name).is_some_and(|value| value.get() == "null") {
            object.take(name);
        }
    }
    for (name, value) in object.members() {
        record.push(name, value.get());
    }
    Ok(record)
}

fn check_metadata(object: &Object<'_>, path: &str) -> Result<(), Invalid> {
    object.check_len(path)?;
    let mut size = 0;
    for (name, value) in object.members() {
        let (json, at) = (value.get(), format!("{path}.{name}"));
        size += name.len() + json.len();
        match name {
            _ if json == "null" => {}
            "title" => check_title(json, &at)?,
            "tags" => check_tags(json, &at)?,
            "mcpServers" if !json.starts_with('{') => {
                return Err(Invalid::field(&at, "an object"));
            }
            "pinned" | "keep" | "archived" if !["true", "false"].contains(&json) => {
                return Err(Invalid::field(&at, "true or false"));
            }
            _ => {}
        }
    }
    if size > limits::METADATA {
        return Err(Invalid::new(
            ErrorCode::MetadataTooLarge,
            format!(
                "{path}: a conversation's metadata may have at most {} bytes",
                limits::METADATA
            ),
        ));
    }
    Ok(())
}

fn check_title(json: &str, path: &str) -> Result<(), Invalid> {
    text_of(json)
        .filter(|title| title.chars().count() <= limits::TITLE)
        .map(|_| ())
        .ok_or_else(|| {
            Invalid::field(
                path,
                &format!("a string of at most {} characters", limits::TITLE),
            )
        })
}

fn check_tags(json: &str, path: &str) -> Result<(), Invalid> {
    let is_tag =
        |raw: &&RawValue| text_of(raw.get()).is_some_and(|tag| tag.chars().count() <= limits::TAG);
    array_of(json.as_bytes(), path)
        .ok()
        .filter(|tags| tags.len() <= limits::TAGS && tags.iter().all(is_tag))
        .map(|_| ())
        .ok_or_else(|| {
            let expected = format!(
                "at most {} strings of at most {} characters",
                limits::TAGS,
                limits::TAG
            );
            Invalid::field(path, &expected)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

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
