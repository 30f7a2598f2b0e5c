//! What a search finds in a part beside what is a text, a name or a result: what a tool was given, and texts inside of documents.

use serde_json::Value;

use super::part_kind::PartKind;
use super::parts::{Fields, items, without_base64};

/// The texts of what a tool was called with, one a line. Names of arguments say nothing, and JSON inside of a text is read, too.
pub(super) fn words_of_call(kind: &PartKind<'_>) -> String {
    match kind {
        PartKind::ToolCall(_, Some(input)) => lines(input),
        _ => String::new(),
    }
}

/// The texts in the parts of an array where their libraries do not keep those of other parts.
pub(super) fn inner_texts(parts: &str) -> Vec<String> {
    let parts = items(parts).unwrap_or_default().into_iter();
    parts.flat_map(inner_texts_of).collect()
}

fn inner_texts_of(json: &str) -> Vec<String> {
    let Some(part) = Fields::parse(json) else {
        return Vec::new();
    };
    let text = match part.text("type").unwrap_or_default().as_str() {
        // Of OpenAI's assistants.
        "text" => part.object("text").and_then(|text| text.text("value")),
        "document" => part.object("source").map(|source| text_of_source(&source)),
        "search_result" => part.get("content").map(lines),
        "code_interpreter_call" => part.get("outputs").map(lines),
        "message" | "steering-message" => {
            let inner = part.any(&["content", "parts"]);
            return inner.map(inner_texts).unwrap_or_default();
        }
        _ => None,
    };
    text.into_iter().collect()
}

/// A document's text, or its own parts; what has another media type is no text.
fn text_of_source(source: &Fields<'_>) -> String {
    match source.text("type").as_deref() {
        Some("text") => source.text("data").unwrap_or_default(),
        Some("content") => source.get("content").map(lines).unwrap_or_default(),
        _ => String::new(),
    }
}

/// The texts and numbers in a value, one a line.
fn lines(json: &str) -> String {
    let mut texts = Vec::new();
    match serde_json::from_str(json) {
        Ok(value) => add_texts(&value, &mut texts),
        Err(_) => texts.push(json.to_owned()),
    }
    without_base64(&texts.join("\n")).into_owned()
}

fn add_texts(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) if text.starts_with(['{', '[']) => {
            match serde_json::from_str::<Value>(text) {
                Ok(inner) => add_texts(&inner, texts),
                Err(_) => texts.push(text.clone()),
            }
        }
        Value::String(text) => texts.push(text.clone()),
        Value::Number(number) => texts.push(number.to_string()),
        Value::Array(values) => values.iter().for_each(|value| add_texts(value, texts)),
        Value::Object(members) => {
            let said = members.iter().filter(|(name, _)| *name != "type");
            said.for_each(|(_, value)| add_texts(value, texts));
        }
        Value::Null | Value::Bool(_) => {}
    }
}
