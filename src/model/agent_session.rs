//! Agent sessions, as the Claude Agent SDK's `SessionStore` has them: opaque entries under a key of project, session and,
//! for what a subagent writes, subpath. A session is a conversation of the kind `session`, an entry one of its messages.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::json::{quoted, text_of};
use super::message::digest_of;
use super::parts::{Fields, items};
use super::{
    ConversationId, Invalid, MessageId, NewMessage, Object, Record, StoredMessage, Timestamp,
    array_of, limits, title,
};
use crate::ErrorCode;

/// The `format` of a message that is an entry.
const FORMAT: &str = "\"claude-agent-sdk\"";

/// How many characters of an id stand for a project, and how many for a session or a subpath.
const PROJECT_LENGTH: usize = 24;
const NAME_LENGTH: usize = 32;

/// What a session is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionKey {
    project: String,
    session: String,
    subpath: Option<String>,
}

impl SessionKey {
    /// Reads `{"projectKey", "sessionId", "subpath"?}`.
    ///
    /// # Errors
    /// `invalid_field`, `invalid_json`.
    fn parse(raw: &RawValue, path: &str) -> Result<Self, Invalid> {
        let object = Object::parse(raw.get().as_bytes(), path)?;
        let text = |name: &str| {
            let sent = object.get(name).filter(|raw| raw.get() != "null");
            sent.map(|raw| key_part(raw, &format!("{path}.{name}")))
                .transpose()
        };
        let required =
            |name: &str| text(name)?.ok_or_else(|| Invalid::required(&format!("{path}.{name}")));
        Ok(Self {
            project: required("projectKey")?,
            session: required("sessionId")?,
            subpath: text("subpath")?,
        })
    }

    /// The id of its conversation, which follows from the key.
    ///
    /// # Errors
    /// None: the result is always a valid id.
    fn id(&self) -> Result<ConversationId, Invalid> {
        let mut id = prefix_of(&self.project) + &hash_of(&self.session, NAME_LENGTH);
        if let Some(subpath) = &self.subpath {
            id = format!("{id}-{}", hash_of(subpath, NAME_LENGTH));
        }
        ConversationId::parse(&id, "session")
    }

    fn record(&self) -> Record {
        let mut record = Record::default();
        record.push("kind", "\"session\"");
        record.push("projectKey", &quoted(&self.project));
        record.push("sessionId", &quoted(&self.session));
        if let Some(subpath) = &self.subpath {
            record.push("subpath", &quoted(subpath));
        }
        record
    }
}

fn key_part(raw: &RawValue, path: &str) -> Result<String, Invalid> {
    let is_fine = |text: &String| (1..=limits::SESSION_KEY).contains(&text.chars().count());
    text_of(raw.get()).filter(is_fine).ok_or_else(|| {
        let expected = format!("a string of 1 to {} characters", limits::SESSION_KEY);
        Invalid::field(path, &expected)
    })
}

fn prefix_of(project: &str) -> String {
    format!("session-{}-", hash_of(project, PROJECT_LENGTH))
}

/// The first characters of a text's SHA-256 in hexadecimal.
fn hash_of(text: &str, length: usize) -> String {
    let hash = Sha256::digest(text.as_bytes());
    let mut digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.truncate(length);
    digits
}

/// Which sessions a list is to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// Those of one project; all if it is `None`.
    pub project: Option<String>,
    /// The subpaths of this session of the project, instead of the project's sessions.
    pub session: Option<String>,
}

impl SessionFilter {
    /// The prefix of the matching ids.
    pub fn prefix(&self) -> String {
        let project = self.project.as_deref().map(prefix_of).unwrap_or_default();
        match &self.session {
            Some(session) => format!("{project}{}-", hash_of(session, NAME_LENGTH)),
            None => project,
        }
    }

    /// Whether it lists sessions, rather than the subpaths of one.
    pub fn leaves_out_subpaths(&self) -> bool {
        self.project.is_some() && self.session.is_none()
    }
}

/// Whether the body of a POST to the messages of a conversation appends entries to a session.
pub fn is_append_of_entries(json: &[u8]) -> bool {
    Object::parse(json, "body").is_ok_and(|object| object.get("entries").is_some())
}

/// Entries to be appended to a session.
#[derive(Debug)]
pub struct EntriesToAppend {
    /// The metadata of a session that begins with them.
    pub record: Record,
    /// The title derived from their first prompt, as JSON text.
    pub title: Option<String>,
    /// In the order sent, each id once.
    pub entries: Vec<NewMessage>,
    /// The position of each in the request, and the number of entries in it.
    places: Vec<usize>,
    sent: usize,
}

impl EntriesToAppend {
    /// Reads `{"session": {…}, "entries": […]}`: 1 to 500 entries for the session of this id. `name` is the request's, by which
    /// entries without a `uuid` get ids.
    ///
    /// # Errors
    /// `invalid_field`, `invalid_json`; `id_mismatch` where the id is not that of the session; `too_many_messages`;
    /// `message_too_large`.
    pub fn parse(
        json: &[u8],
        id: &ConversationId,
        name: &str,
        now: Timestamp,
    ) -> Result<Self, Invalid> {
        let mut object = Object::parse(json, "body")?;
        let session = object.take("session");
        let session = session.ok_or_else(|| Invalid::required("body.session"))?;
        let key = SessionKey::parse(session, "body.session")?;
        if key.id()? != *id {
            let message = "body.session: the id in the path is another session's";
            return Err(Invalid::new(ErrorCode::IdMismatch, message));
        }
        let entries = object.take("entries");
        let entries = entries.ok_or_else(|| Invalid::required("body.entries"))?;
        let entries = array_of(entries.get().as_bytes(), "body.entries")?;
        match entries.len() {
            0 => return Err(Invalid::field("body.entries", "at least one entry")),
            1..=limits::ENTRIES => {}
            _ => {
                let message = format!("body.entries: at most {} entries at once", limits::ENTRIES);
                return Err(Invalid::new(ErrorCode::TooManyMessages, message));
            }
        }
        Self::of_entries(&key, &entries, name, now)
    }

    fn of_entries(
        key: &SessionKey,
        sent: &[&RawValue],
        name: &str,
        now: Timestamp,
    ) -> Result<Self, Invalid> {
        let (mut first, mut entries, mut places) = (HashMap::new(), Vec::new(), Vec::new());
        for (index, raw) in sent.iter().enumerate() {
            let entry = parse_entry(raw, index, name, now)?;
            if first.insert(entry.id.clone(), index).is_none() {
                entries.push(entry);
                places.push(index);
            }
        }
        Ok(Self {
            record: key.record(),
            title: sent.iter().find_map(|raw| title_of(raw.get())),
            entries,
            places,
            sent: sent.len(),
        })
    }

    /// The positions in the request of the entries that were not appended; `is_appended` says of each id whether it
    /// was.
    pub fn ignored(&self, is_appended: &[bool]) -> Vec<usize> {
        let mut is_ignored = vec![true; self.sent];
        for (place, appended) in self.places.iter().zip(is_appended) {
            is_ignored[*place] = !appended;
        }
        let all = is_ignored.iter().enumerate();
        all.filter_map(|(place, ignored)| ignored.then_some(place))
            .collect()
    }
}

/// The members of an entry that are read; all of it is stored.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    uuid: Option<&'a RawValue>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
}

/// An entry as a message, whose only part it is.
fn parse_entry(
    raw: &RawValue,
    index: usize,
    name: &str,
    now: Timestamp,
) -> Result<NewMessage, Invalid> {
    let path = format!("body.entries[{index}]");
    let not_an_entry = || Invalid::field(&path, "an object with a string `type`");
    let head = match raw.get().starts_with('{') {
        true => serde_json::from_str::<Head<'_>>(raw.get()).map_err(|_| not_an_entry())?,
        false => return Err(not_an_entry()),
    };
    let kind = head.kind.and_then(|raw| text_of(raw.get()));
    let role = match kind.ok_or_else(not_an_entry)?.as_str() {
        "user" => "user",
        "assistant" => "assistant",
        _ => "system",
    };
    let uuid = head.uuid.and_then(|raw| text_of(raw.get()));
    let id = match uuid.filter(|uuid| !uuid.is_empty()) {
        Some(uuid) => MessageId::parse(&uuid, &path)
            .or_else(|_| MessageId::parse(&format!("u-{}", hash_of(&uuid, NAME_LENGTH)), &path))?,
        None => {
            let hash = hash_of(&format!("{name} {index}"), NAME_LENGTH);
            MessageId::parse(&format!("e-{hash}"), &path)?
        }
    };
    let timestamp = head.timestamp;
    let timestamp = timestamp.and_then(|raw| Timestamp::parse(raw, &path).ok());
    let message = format!(
        "{{\"type\":\"{role}\",\"format\":{FORMAT},\"parts\":[{}]}}",
        raw.get()
    );
    let object = Object::parse(message.as_bytes(), &path)?;
    let timestamp = timestamp.unwrap_or(now);
    let mut message = NewMessage::parse_fields(object, message.len(), id, &path, timestamp)?;
    message.digest = digest_of(&[raw.get().as_bytes()]);
    Ok(message)
}

/// The members of an entry that tell whether it is a prompt.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Prompt<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    is_meta: bool,
    #[serde(default)]
    is_compact_summary: bool,
    #[serde(borrow)]
    message: Said<'a>,
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    content: &'a RawValue,
}

/// The title that an entry would give its session, as JSON text: only typed text counts, not everything in the user's name.
fn title_of(json: &str) -> Option<String> {
    let prompt: Prompt<'_> = serde_json::from_str(json).ok()?;
    if prompt.kind != "user" || prompt.is_meta || prompt.is_compact_summary {
        return None;
    }
    let text = text_in(prompt.message.content.get())?;
    // Commands and what they printed, reminders.
    let is_typed = !text.trim_start().starts_with('<');
    let title = is_typed.then(|| title::from_content(&text)).flatten();
    title.map(|title| quoted(&title))
}

/// A text content, or the first text block of one without a tool result.
fn text_in(content: &str) -> Option<String> {
    if content.starts_with('"') {
        return text_of(content);
    }
    let blocks: Vec<Fields<'_>> = items(content)?
        .into_iter()
        .filter_map(Fields::parse)
        .collect();
    let kind = |block: &Fields<'_>| block.text("type");
    if blocks
        .iter()
        .any(|block| kind(block).as_deref() == Some("tool_result"))
    {
        return None;
    }
    let is_text = |block: &&Fields<'_>| kind(block).as_deref() == Some("text");
    blocks.iter().find(is_text)?.text("text")
}

impl StoredMessage {
    /// The entry of a session that it is, as it was sent; `None` for any other message.
    pub fn session_entry(&self) -> Option<&str> {
        let parts = self.value_of("parts")?;
        let is_entry = self.value_of("format") == Some(FORMAT);
        let entry = parts.strip_prefix('[')?.strip_suffix(']');
        entry.filter(|_| is_entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "session-0cd56b659eb4180fcf688b38-043a718774c572bd8a25adbeb1bfcd5c";

    fn key(subpath: Option<&str>) -> SessionKey {
        SessionKey {
            project: "-home-me-work".into(),
            session: "s".into(),
            subpath: subpath.map(str::to_owned),
        }
    }

    fn parse(entries: &str) -> Result<EntriesToAppend, Invalid> {
        let session = r#"{"projectKey":"-home-me-work","sessionId":"s"}"#;
        let body = format!(r#"{{"session":{session},"entries":{entries}}}"#);
        let id = key(None).id().unwrap();
        EntriesToAppend::parse(body.as_bytes(), &id, "request", Timestamp::from_ms(5))
    }

    fn stored(message: &NewMessage) -> StoredMessage {
        let body = format!("1 7 0 digest\u{1e}{}", message.record.as_str());
        StoredMessage::parse(message.id.to_string(), &body).unwrap()
    }

    #[test]
    fn an_entry_comes_back_byte_for_byte() {
        let long = format!(r#"{{"type":"assistant","text":"{}"}}"#, "hi ".repeat(900));
        for entry in [
            r#"{ "type":"x",	"n":1.50, "s":"\ud83d é" }"#,
            r#"{"type":"user","uuid":"a","parts":[],"format":"x"}"#,
            &long,
        ] {
            let parsed = parse(&format!("[{entry}]")).unwrap();
            assert_eq!(stored(&parsed.entries[0]).session_entry(), Some(entry));
        }
    }

    #[test]
    fn ids_are_uuids_or_follow_from_the_request() {
        let sent = r#"[{"type":"x","uuid":"b-1"},{"type":"x"},{"type":"x","uuid":"no id!"},{"type":"y","uuid":"b-1"},{"type":"x"}]"#;
        let (first, again) = (parse(sent).unwrap(), parse(sent).unwrap());
        let ids = |all: &EntriesToAppend| -> Vec<String> {
            all.entries.iter().map(|one| one.id.to_string()).collect()
        };
        assert_eq!(ids(&first), ids(&again));
        assert_eq!(first.entries.len(), 4);
        assert_eq!(first.entries[0].id.as_str(), "b-1");
        assert_ne!(first.entries[1].id, first.entries[3].id);
        assert_eq!(first.ignored(&[true, true, false, true]), [2, 3]);
    }

    #[test]
    fn a_session_is_called_by_its_first_prompt() {
        let said = |fields: &str, content: &str| {
            format!(r#"{{"type":"user",{fields}"message":{{"role":"user","content":{content}}}}}"#)
        };
        let title = |entries: &[String]| parse(&format!("[{}]", entries.join(","))).unwrap().title;
        let result = r#"[{"type":"tool_result","content":"x"},{"type":"text","text":"no"}]"#;
        let entries = [
            r#"{"type":"mode","message":5}"#.to_owned(),
            said(r#""isMeta":true,"#, r#""not this""#),
            said("", r#""<command-name>/clear</command-name>""#),
            said("", result),
        ];
        assert_eq!(title(&entries), None);
        for prompt in [
            r#""Why so?""#,
            r#"[{"type":"image"},{"type":"text","text":"Why so?"}]"#,
        ] {
            let mut entries = entries.to_vec();
            entries.extend([said("", prompt), said("", r#""And then?""#)]);
            assert_eq!(title(&entries).as_deref(), Some(r#""Why so?""#));
        }
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        for entries in ["{}", "[]", "[5]", "[{}]", r#"[{"type":5}]"#, "[[1]]"] {
            assert!(parse(entries).is_err(), "{entries}");
        }
    }

    #[test]
    fn the_id_follows_from_the_key() {
        let main = key(None).id().unwrap().to_string();
        let sub = key(Some("subagents/agent-1")).id().unwrap().to_string();
        assert_eq!(main, ID);
        assert_eq!(sub.strip_prefix(&format!("{main}-")).unwrap().len(), 32);
        let filter = SessionFilter {
            project: Some("-home-me-work".into()),
            session: Some("s".into()),
        };
        assert_eq!(filter.prefix(), format!("{main}-"));
    }
}
