//! Detects the format of a source by its shape. File names do not count.

use std::collections::BTreeSet;

use serde::ser::{Serialize, Serializer};

use crate::error::{DetectError, Unsupported};
use crate::json::{Json, Object};

/// The format of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Sessions of Claude Code: lines of JSON.
    ClaudeCode,
    /// `conversations.json` of a claude.ai export, or one conversation of it.
    ClaudeAi,
    /// `conversations.json` of a ChatGPT export, or one conversation of it.
    ChatGpt,
    /// `UIMessage[]` of the AI SDK, or objects that hold one as `messages`.
    UiMessages,
    /// An export of LibreChat.
    LibreChat,
    /// An export of Open WebUI.
    OpenWebUi,
    /// The service's own: the localStorage value, `{"conversations":[…]}`, lines of an export.
    Own,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::ClaudeCode,
        Self::ClaudeAi,
        Self::ChatGpt,
        Self::UiMessages,
        Self::LibreChat,
        Self::OpenWebUi,
        Self::Own,
    ];

    /// Its name, as callers write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::ClaudeAi => "claude-ai",
            Self::ChatGpt => "chatgpt",
            Self::UiMessages => "ui-messages",
            Self::LibreChat => "librechat",
            Self::OpenWebUi => "open-webui",
            Self::Own => "own",
        }
    }

    /// The format of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// By its name.
impl Serialize for Format {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// How many conversations or lines are looked at.
const SAMPLE: usize = 50;

/// Detects the format of a source; its beginning is enough for lines of JSON, other sources have to be whole.
///
/// # Errors
/// When the format is unknown or ambiguous.
pub fn detect(source: &[u8]) -> Result<Format, DetectError> {
    if source.starts_with(b"PK\x03\x04") {
        return Err(DetectError::Unsupported(Unsupported::Zip));
    }
    if source.starts_with(&[0x1f, 0x8b]) {
        return Err(DetectError::Unsupported(Unsupported::Gzip));
    }
    let text = String::from_utf8_lossy(source);
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(DetectError::Empty);
    }
    let mut found = BTreeSet::new();
    match Json::parse(text) {
        Some(json) => formats_of(json, &mut found)?,
        None => formats_of_lines(text, &mut found)?,
    }
    match found.iter().copied().collect::<Vec<_>>().as_slice() {
        [] => Err(DetectError::Unknown),
        [format] => Ok(*format),
        formats => Err(DetectError::Ambiguous(formats.to_vec())),
    }
}

fn formats_of(json: Json<'_>, found: &mut BTreeSet<Format>) -> Result<(), DetectError> {
    if let Some(items) = json.items() {
        for object in items.into_iter().take(SAMPLE).filter_map(Json::object) {
            formats_of_conversation(&object, found);
            found.extend(is_ui_message(&object).then_some(Format::UiMessages));
        }
        return Ok(());
    }
    let object = json.object().unwrap_or_default();
    check_supported(&object)?;
    if object.get("conversations").is_some_and(Json::is_array) {
        for item in object.items("conversations").into_iter().take(SAMPLE) {
            formats_of_conversation(&item.object().unwrap_or_default(), found);
        }
        return Ok(());
    }
    formats_of_conversation(&object, found);
    found.extend(is_claude_code_line(&object).then_some(Format::ClaudeCode));
    Ok(())
}

fn check_supported(object: &Object<'_>) -> Result<(), DetectError> {
    if object.get("data_files").is_some_and(Json::is_array) {
        return Err(DetectError::Unsupported(Unsupported::Manifest));
    }
    if object.text("type").as_deref() == Some("session_meta") {
        return Err(DetectError::Unsupported(Unsupported::Codex));
    }
    Ok(())
}

/// Lines: invalid ones are skipped, as the first and the last may be cut.
fn formats_of_lines(text: &str, found: &mut BTreeSet<Format>) -> Result<(), DetectError> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut is_json = false;
    for object in lines
        .take(SAMPLE)
        .filter_map(Json::parse)
        .filter_map(Json::object)
    {
        is_json = true;
        check_supported(&object)?;
        found.extend(is_own(&object).then_some(Format::Own));
        found.extend(is_claude_code_line(&object).then_some(Format::ClaudeCode));
    }
    if is_json {
        Ok(())
    } else {
        Err(DetectError::NotJson)
    }
}

fn formats_of_conversation(object: &Object<'_>, found: &mut BTreeSet<Format>) {
    let is_object = |name| object.get(name).is_some_and(Json::is_object);
    let chat_history = object
        .object("chat")
        .and_then(|chat| chat.object("history"));
    let history = chat_history.or_else(|| object.object("history"));
    let has_history = history.is_some_and(|history| history.get("messages").is_some());
    let messages = object
        .items("messages")
        .into_iter()
        .take(SAMPLE)
        .filter_map(Json::object);
    let messages: Vec<Object<'_>> = messages.collect();
    let is_libre_chat = object.has("messagesTree")
        || (object.has("conversationId")
            && messages.iter().any(|message| message.has("messageId")));
    let shapes = [
        (Format::ChatGpt, is_object("mapping")),
        (
            Format::ClaudeAi,
            object.get("chat_messages").is_some_and(Json::is_array),
        ),
        (Format::ClaudeAi, is_design_chat(object, &messages)),
        (Format::OpenWebUi, has_history),
        (Format::LibreChat, is_libre_chat),
        (Format::UiMessages, messages.iter().any(is_ui_message)),
        (Format::Own, is_own(object)),
    ];
    found.extend(
        shapes
            .into_iter()
            .filter(|(_, is)| *is)
            .map(|(format, _)| format),
    );
}

/// A message with a `type` is in the service's own form, whatever else a client has put into it.
fn is_ui_message(message: &Object<'_>) -> bool {
    let has_parts = message.get("parts").is_some_and(Json::is_array);
    message.text("role").is_some() && has_parts && !message.has("type")
}

/// A design chat of claude.ai.
fn is_design_chat(object: &Object<'_>, messages: &[Object<'_>]) -> bool {
    object.has("uuid")
        && messages.iter().any(|message| {
            let content = message.object("content");
            message.has("uuid") && content.is_some_and(|content| content.has("contentBlocks"))
        })
}

/// A conversation in the service's own form: one with only an id may be anything.
fn is_own(object: &Object<'_>) -> bool {
    let is_message = |json: &Json<'_>| {
        json.object().is_some_and(|message| {
            message.text("type").is_some() && (message.has("content") || message.has("parts"))
        })
    };
    let is_named = object.get("id").is_some_and(|id| id.text().is_some());
    let messages = object.get("messages").and_then(Json::items);
    let has_own_messages = messages.is_some_and(|messages| match messages.as_slice() {
        [] => object.has("title") && (object.has("createdAt") || object.has("updatedAt")),
        messages => messages.iter().take(SAMPLE).all(is_message),
    });
    object.has("$export") || (is_named && has_own_messages)
}

/// The kinds of lines of Claude Code that do not stand in the chain of messages.
const LONE_LINES: [&str; 7] = [
    "summary",
    "custom-title",
    "ai-title",
    "agent-name",
    "last-prompt",
    "queue-operation",
    "file-history-snapshot",
];

fn is_claude_code_line(object: &Object<'_>) -> bool {
    let Some(kind) = object.text("type") else {
        return false;
    };
    let is_named = object.has("sessionId") && (object.has("uuid") || object.has("parentUuid"));
    is_named
        || (LONE_LINES.contains(&kind.as_str())
            && (object.has("sessionId") || object.has("leafUuid") || object.has("messageId")))
        || kind == crate::continuation::LINE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for format in Format::ALL {
            assert_eq!(Format::from_name(format.name()), Some(format));
        }
        assert_eq!(Format::from_name("x"), None);
    }

    #[test]
    fn shapes_are_told_apart() {
        let ui = r#"[{"id":"1","role":"user","parts":[]}]"#;
        for (source, format) in [
            (r#"[{"mapping":{},"current_node":null}]"#, Format::ChatGpt),
            (r#"{"conversations":[{"mapping":{}}]}"#, Format::ChatGpt),
            (r#"[{"uuid":"a","chat_messages":[]}]"#, Format::ClaudeAi),
            (
                r#"[{"chat":{"history":{"messages":{}}}}]"#,
                Format::OpenWebUi,
            ),
            (
                r#"{"conversationId":"a","messages":[{"messageId":"b"}]}"#,
                Format::LibreChat,
            ),
            (ui, Format::UiMessages),
            (
                r#"[{"id":"a","messages":[{"type":"user","content":"x"}]}]"#,
                Format::Own,
            ),
            (
                r#"{"conversations":[{"id":"a","title":"t","createdAt":1,"messages":[]}]}"#,
                Format::Own,
            ),
            (
                "{\"id\":\"a\",\"$export\":{}}\n{\"export\":{}}",
                Format::Own,
            ),
            (
                "cut off}\n{\"type\":\"user\",\"uuid\":\"u\",\"sessionId\":\"s\"}\n{\"ty",
                Format::ClaudeCode,
            ),
        ] {
            assert_eq!(detect(source.as_bytes()), Ok(format), "{source}");
        }
    }

    #[test]
    fn unsupported_formats_are_named() {
        for (source, expected) in [
            (&b""[..], DetectError::Empty),
            (b"PK\x03\x04...", DetectError::Unsupported(Unsupported::Zip)),
            (
                b"{\"data_files\":[]}",
                DetectError::Unsupported(Unsupported::Manifest),
            ),
            (
                b"{\"type\":\"session_meta\"}\n{}",
                DetectError::Unsupported(Unsupported::Codex),
            ),
            (b"hello", DetectError::NotJson),
            (b"[]", DetectError::Unknown),
            (b"[{\"id\":\"a\"}]", DetectError::Unknown),
            (b"5", DetectError::Unknown),
        ] {
            assert_eq!(detect(source), Err(expected));
        }
    }

    #[test]
    fn several_formats_at_once_are_named() {
        let source = br#"[{"mapping":{}},{"chat_messages":[]}]"#;
        let expected = vec![Format::ClaudeAi, Format::ChatGpt];
        assert_eq!(detect(source), Err(DetectError::Ambiguous(expected)));
        let own =
            br#"[{"id":"a","messages":[{"type":"user","role":"user","content":"x","parts":[]}]}]"#;
        assert_eq!(detect(own), Ok(Format::Own));
    }
}
