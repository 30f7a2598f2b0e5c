//! Parts of a message: those that are made here, and those that are kept as they came.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::json::{Json, Object};

/// The format of parts in the AI SDK's form.
pub(crate) const AI_SDK: &str = "ai-sdk/v7";
/// The format of Anthropic's blocks.
pub(crate) const ANTHROPIC: &str = "anthropic";

/// A part of a message.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// Text, and nothing else.
    Text(String),
    /// A file of which the source has only the name.
    NamedFile(NamedFile),
    /// Any other, as JSON: an object with a string `type`.
    Json(Box<RawValue>),
}

/// A file of which only the name exists.
#[derive(Clone, Debug, Default)]
pub(crate) struct NamedFile {
    pub name: Option<String>,
    pub media_type: Option<String>,
    pub bytes: Option<u64>,
    /// Its name in the source.
    pub source_id: Option<String>,
}

impl Part {
    pub(crate) fn reasoning(text: &str) -> Self {
        Self::made(&Reasoning {
            kind: "reasoning",
            text,
        })
    }

    /// A web page used as a source.
    pub(crate) fn source_url(url: &str, title: Option<&str>) -> Self {
        Self::made(&SourceUrl {
            kind: "source-url",
            source_id: url,
            url,
            title,
        })
    }

    /// A document used as a source.
    pub(crate) fn source_document(title: &str) -> Self {
        let media_type = ANY_TYPE;
        Self::made(&SourceDocument {
            kind: "source-document",
            source_id: title,
            media_type,
            title,
        })
    }

    /// A file that is somewhere on the web.
    pub(crate) fn linked_file(url: &str, name: Option<&str>, media_type: Option<&str>) -> Self {
        let media_type = media_type.unwrap_or(ANY_TYPE);
        Self::made(&LinkedFile {
            kind: "file",
            media_type,
            filename: name,
            url,
        })
    }

    /// A block that is not a part, or is of an unknown kind: kept unchanged.
    pub(crate) fn opaque(json: Json<'_>) -> Self {
        let has_type = json
            .object()
            .is_some_and(|object| object.text("type").is_some());
        if has_type {
            return Self::Json(json.to_raw());
        }
        Self::wrapped("data-unknown", json)
    }

    /// A value with its own type.
    pub(crate) fn wrapped(kind: &str, json: Json<'_>) -> Self {
        Self::made(&Wrapped {
            kind,
            data: json.to_raw(),
        })
    }

    /// Text of a document that was attached.
    pub(crate) fn document(title: Option<&str>, text: &str) -> Self {
        let source = DocumentSource {
            kind: "text",
            media_type: "text/plain",
            data: text,
        };
        Self::made(&Document {
            kind: "document",
            title,
            source,
        })
    }

    fn made(part: &impl Serialize) -> Self {
        match to_raw_value(part) {
            Ok(json) => Self::Json(json),
            Err(_) => Self::Text(String::new()),
        }
    }

    /// As JSON.
    pub(crate) fn to_json(&self) -> Box<RawValue> {
        let json = match self {
            Self::Text(text) => to_raw_value(&Reasoning { kind: "text", text }),
            Self::NamedFile(file) => to_raw_value(&file.to_placeholder("not_in_source")),
            Self::Json(json) => return json.clone(),
        };
        json.unwrap_or_else(|_| RawValue::NULL.to_owned())
    }
}

impl NamedFile {
    /// The placeholder of the file.
    pub(crate) fn to_placeholder<'a>(&'a self, reason: &'a str) -> PlaceholderPart<'a> {
        PlaceholderPart {
            kind: "file",
            filename: self.name.as_deref(),
            media_type: self.media_type.as_deref().unwrap_or(ANY_TYPE),
            placeholder: PlaceholderInfo {
                reason,
                bytes: self.bytes,
                source_id: self.source_id.as_deref(),
            },
        }
    }

    /// The name and type of a block, wherever its source has put them.
    pub(crate) fn of_block(block: &Object<'_>, bytes: u64) -> Self {
        let inner = block.object("source").or_else(|| block.object("file"));
        let text = |names: &[&str]| {
            let in_it = || inner.as_ref().and_then(|inner| inner.any_text(names));
            block
                .any_text(names)
                .or_else(in_it)
                .filter(|text| text.len() < 1_000)
        };
        Self {
            name: text(&["filename", "title", "file_name", "name"]),
            media_type: text(&["mediaType", "media_type", "mimeType", "mime_type"]),
            bytes: Some(bytes),
            source_id: None,
        }
    }
}

/// The type of a file whose type is not known.
const ANY_TYPE: &str = "application/octet-stream";

/// A tool call, and its result.
#[derive(Debug, Default)]
pub(crate) struct Tool {
    pub name: String,
    pub call_id: String,
    pub input: Option<Box<RawValue>>,
    pub output: Option<Box<RawValue>>,
    pub error: Option<String>,
    /// Whether it has returned, whatever it was.
    pub is_done: bool,
}

impl Tool {
    pub(crate) fn to_part(&self) -> Part {
        let state = match (&self.error, self.is_done || self.output.is_some()) {
            (Some(_), _) => "output-error",
            (None, true) => "output-available",
            (None, false) => "input-available",
        };
        Part::made(&ToolPart {
            kind: "dynamic-tool",
            tool_name: &self.name,
            tool_call_id: &self.call_id,
            state,
            input: self.input.as_deref().unwrap_or(RawValue::NULL),
            output: (state == "output-available")
                .then(|| self.output.as_deref().unwrap_or(RawValue::NULL)),
            error_text: self.error.as_deref(),
        })
    }
}

/// Text that may be JSON, as a value.
pub(crate) fn value_of(text: &str) -> Box<RawValue> {
    let trimmed = text.trim();
    let is_compound = trimmed.starts_with('{') || trimmed.starts_with('[');
    match is_compound.then(|| Json::parse(trimmed)).flatten() {
        Some(json) => json.to_raw(),
        None => crate::json::raw(crate::json::quoted(text)),
    }
}

#[derive(Serialize)]
struct Reasoning<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SourceUrl<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    source_id: &'a str,
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SourceDocument<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    source_id: &'a str,
    media_type: &'a str,
    title: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LinkedFile<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    media_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<&'a str>,
    url: &'a str,
}

#[derive(Serialize)]
struct Wrapped<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    data: Box<RawValue>,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    source: DocumentSource<'a>,
}

#[derive(Serialize)]
struct DocumentSource<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    media_type: &'a str,
    data: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolPart<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    tool_name: &'a str,
    tool_call_id: &'a str,
    state: &'a str,
    input: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_text: Option<&'a str>,
}

/// The placeholder of a file or a block.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlaceholderPart<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<&'a str>,
    media_type: &'a str,
    placeholder: PlaceholderInfo<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlaceholderInfo<'a> {
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_id: Option<&'a str>,
}
