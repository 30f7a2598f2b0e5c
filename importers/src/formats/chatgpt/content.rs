//! The content of a message, by its `content_type`.

use std::collections::{HashMap, HashSet};

use serde_json::value::RawValue;

use super::super::citations;
use crate::json::{Json, Object, quoted, raw};
use crate::parts::{NamedFile, Part, value_of};
use crate::report::{ConversationReport, count_kind};

/// What a message holds.
pub(super) struct Content {
    pub parts: Vec<Part>,
    /// The same as one value: the input or result of a tool.
    pub value: Box<RawValue>,
    /// What accompanies a tool's result: pictures, pages.
    pub sources: Vec<Part>,
    /// Whether it is reasoning, rather than a tool call, even if it is addressed to a tool.
    pub is_thought: bool,
    /// Whether it is visible as the result of a tool.
    pub is_shown_result: bool,
}

/// Reads the content of a message.
pub(super) fn read(message: &Object<'_>, report: &mut ConversationReport) -> Content {
    let content = message.object("content").unwrap_or_default();
    let kind = content.text("content_type").unwrap_or_default();
    let parts = match kind.as_str() {
        "text" | "multimodal_text" => spoken(message, &content, report),
        "code" => vec![Part::Text(fenced(&content))],
        "execution_output" | "system_error" => texts(&content, "text"),
        "tether_quote" => quote(&content),
        "thoughts" => thoughts(&content),
        "reasoning_recap" => recap(&content),
        _ if is_known(&kind) => Vec::new(),
        _ => unknown(message, &content, &kind, report),
    };
    let value = match kind.as_str() {
        "code" => value_of(&content.text("text").unwrap_or_default()),
        _ if is_known(&kind) => value_of_parts(&parts),
        _ => message
            .get("content")
            .map_or_else(|| raw("null".to_owned()), Json::to_raw),
    };
    let is_beside = |part: &&Part| !matches!(part, Part::Text(_));
    Content {
        value,
        sources: parts.iter().filter(is_beside).cloned().collect(),
        is_thought: ["thoughts", "reasoning_recap"].contains(&kind.as_str()),
        is_shown_result: [
            "execution_output",
            "tether_quote",
            "multimodal_text",
            "system_error",
        ]
        .contains(&kind.as_str()),
        parts,
    }
}

fn is_known(kind: &str) -> bool {
    const READ: [&str; 8] = [
        "text",
        "multimodal_text",
        "code",
        "execution_output",
        "system_error",
        "tether_quote",
        "thoughts",
        "reasoning_recap",
    ];
    const HIDDEN: [&str; 3] = [
        "tether_browsing_display",
        "sonic_webpage",
        "computer_output",
    ];
    READ.contains(&kind) || HIDDEN.contains(&kind)
}

/// Whether it is the description of the user for the model.
pub(super) fn is_for_the_model(message: &Object<'_>) -> bool {
    let kind = message
        .object("content")
        .and_then(|content| content.text("content_type"));
    matches!(
        kind.as_deref(),
        Some("user_editable_context" | "model_editable_context")
    )
}

/// The user's description of themselves from the settings.
pub(super) fn instructions(message: &Object<'_>) -> Option<String> {
    let metadata = message.object("metadata").unwrap_or_default();
    let content = message.object("content")?;
    match content.text("content_type").as_deref() {
        Some("user_editable_context") => {
            let texts = ["user_profile", "user_instructions"].map(|name| content.nonempty(name));
            Some(texts.into_iter().flatten().collect::<Vec<_>>().join("\n\n"))
        }
        Some("text") if metadata.is_true("is_user_system_message") => {
            let texts = content.items("parts").into_iter().filter_map(Json::text);
            Some(texts.collect::<Vec<_>>().join("\n\n"))
        }
        _ => None,
    }
}

/// Text and files, followed by the cited pages.
fn spoken(
    message: &Object<'_>,
    content: &Object<'_>,
    report: &mut ConversationReport,
) -> Vec<Part> {
    let metadata = message.object("metadata").unwrap_or_default();
    let attachments: Vec<Object<'_>> = metadata
        .items("attachments")
        .into_iter()
        .filter_map(Json::object)
        .collect();
    let by_id: Attachments<'_> = attachments
        .iter()
        .filter_map(|file| Some((file.nonempty("id")?, file)))
        .collect();
    let cited = citations::Cited::new(&metadata);
    let mut parts = Vec::new();
    let mut shown = HashSet::new();
    for part in content.items("parts") {
        match part.text() {
            Some(text) => {
                let text = cited.replace(&text);
                parts.extend((!text.is_empty()).then_some(Part::Text(text)));
            }
            None => parts.extend(asset(part, &by_id, &mut shown, report)),
        }
    }
    let rest = attachments
        .iter()
        .filter(|file| file.nonempty("id").is_none_or(|id| !shown.contains(&id)));
    parts.extend(rest.map(|file| Part::NamedFile(attachment(file))));
    parts.extend(cited.sources());
    parts
}

/// The attachments, by id.
type Attachments<'a> = HashMap<String, &'a Object<'a>>;

fn asset(
    json: Json<'_>,
    attachments: &Attachments<'_>,
    shown: &mut HashSet<String>,
    report: &mut ConversationReport,
) -> Option<Part> {
    let asset = json.object().unwrap_or_default();
    let kind = asset.text("content_type").unwrap_or_default();
    match kind.as_str() {
        "audio_transcription" => asset.nonempty("text").map(Part::Text),
        "image_asset_pointer" | "audio_asset_pointer" | "video_container_asset_pointer" => {
            Some(Part::NamedFile(pointer(&asset, &kind, attachments, shown)))
        }
        "real_time_user_audio_video_asset_pointer" => {
            let audio = asset.object("audio_asset_pointer").unwrap_or_default();
            Some(Part::NamedFile(pointer(
                &audio,
                "audio_asset_pointer",
                attachments,
                shown,
            )))
        }
        _ => {
            count_kind(&mut report.unknown_blocks, &kind);
            Some(Part::wrapped("data-chatgpt", json))
        }
    }
}

/// A file that is beside the export: its name is among the attachments.
fn pointer(
    asset: &Object<'_>,
    kind: &str,
    attachments: &Attachments<'_>,
    shown: &mut HashSet<String>,
) -> NamedFile {
    let place = asset.text("asset_pointer").unwrap_or_default();
    let id = place.rsplit('/').next().unwrap_or_default().to_owned();
    let attached = attachments.get(&id).copied();
    let any = match kind.split('_').next() {
        Some("audio") => "audio/*",
        Some("video") => "video/*",
        _ => "image/*",
    };
    let mut file = attached.map(attachment).unwrap_or_default();
    file.name = file
        .name
        .or_else(|| Some(id.clone()).filter(|id| !id.is_empty()));
    file.media_type = file.media_type.or_else(|| Some(any.to_owned()));
    file.bytes = file.bytes.or_else(|| asset.count("size_bytes"));
    file.source_id = Some(place);
    shown.insert(id);
    file
}

fn attachment(file: &Object<'_>) -> NamedFile {
    NamedFile {
        name: file.nonempty("name"),
        media_type: file.any_text(&["mime_type", "mimeType"]),
        bytes: file.count("size"),
        source_id: file.nonempty("id"),
    }
}

fn texts(content: &Object<'_>, name: &str) -> Vec<Part> {
    content.nonempty(name).map(Part::Text).into_iter().collect()
}

fn fenced(content: &Object<'_>) -> String {
    let language = content
        .nonempty("language")
        .filter(|language| language != "unknown");
    let text = content.text("text").unwrap_or_default();
    format!("```{}\n{text}\n```", language.unwrap_or_default())
}

/// A piece of a page.
fn quote(content: &Object<'_>) -> Vec<Part> {
    let title = content.any_text(&["title", "domain"]);
    let url = content
        .nonempty("url")
        .filter(|url| url.starts_with("http"));
    let page = url.map(|url| Part::source_url(&url, title.as_deref()));
    texts(content, "text").into_iter().chain(page).collect()
}

fn thoughts(content: &Object<'_>) -> Vec<Part> {
    let thoughts = content
        .items("thoughts")
        .into_iter()
        .filter_map(Json::object);
    let texts = thoughts.map(|thought| {
        let texts = ["summary", "content"].map(|name| thought.nonempty(name));
        texts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
    });
    texts
        .filter(|text| !text.is_empty())
        .map(|text| Part::reasoning(&text))
        .collect()
}

fn recap(content: &Object<'_>) -> Vec<Part> {
    let text = content.nonempty("content");
    text.map(|text| Part::reasoning(&text))
        .into_iter()
        .collect()
}

/// The readable text of an unknown kind, and the whole unchanged.
fn unknown(
    message: &Object<'_>,
    content: &Object<'_>,
    kind: &str,
    report: &mut ConversationReport,
) -> Vec<Part> {
    count_kind(&mut report.unknown_blocks, kind);
    let texts = content.items("parts").into_iter().filter_map(Json::text);
    let texts = texts.filter(|text| !text.is_empty()).map(Part::Text);
    let whole = message
        .get("content")
        .map(|json| Part::wrapped("data-chatgpt", json));
    texts.chain(whole).collect()
}

/// The input or result of a tool, as one value.
fn value_of_parts(parts: &[Part]) -> Box<RawValue> {
    let texts = parts.iter().filter_map(|part| match part {
        Part::Text(text) => Some(text.as_str()),
        Part::NamedFile(_) | Part::Json(_) => None,
    });
    match texts.collect::<Vec<_>>().as_slice() {
        [text] => value_of(text),
        texts => raw(quoted(&texts.join("\n\n"))),
    }
}
