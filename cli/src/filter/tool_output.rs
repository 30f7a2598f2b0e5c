//! Removes tool results, or all but their beginning.

use importers::ImportedConversation;
use serde_json::value::{RawValue, to_raw_value};

use crate::raw_object::RawObject;

/// How many characters of a result are its beginning.
pub const SHORT: usize = 500;

/// Shortens the results of tools to so many characters.
pub fn shorten(conversation: &mut ImportedConversation, most: usize) {
    match conversation {
        ImportedConversation::Converted(conversation) => {
            let messages = conversation.messages.iter_mut();
            for part in messages
                .filter_map(|message| message.parts.as_mut())
                .flatten()
            {
                if let Some(shortened) = shorten_part(part, most) {
                    *part = shortened;
                }
            }
        }
        ImportedConversation::Own(own) => {
            if let Some(shortened) = shorten_own(own, most) {
                *own = shortened;
            }
        }
    }
}

/// A conversation of the service's own form; `None` where it stays as it is.
fn shorten_own(own: &RawValue, most: usize) -> Option<Box<RawValue>> {
    let mut conversation = RawObject::parse(own.get())?;
    let mut messages: Vec<Box<RawValue>> =
        serde_json::from_str(conversation.get("messages")?).ok()?;
    let mut is_shortened = false;
    for message in &mut messages {
        if let Some(shortened) = shorten_message(message, most) {
            *message = shortened;
            is_shortened = true;
        }
    }
    conversation.set("messages", to_raw_value(&messages).ok()?);
    is_shortened.then(|| to_raw_value(&conversation).ok())?
}

fn shorten_message(message: &RawValue, most: usize) -> Option<Box<RawValue>> {
    let mut object = RawObject::parse(message.get())?;
    let mut is_shortened = false;
    for name in ["parts", "content"] {
        let parts = object
            .get(name)
            .and_then(|parts| serde_json::from_str::<Vec<Box<RawValue>>>(parts).ok());
        let Some(mut parts) = parts else { continue };
        for part in &mut parts {
            if let Some(shortened) = shorten_part(part, most) {
                *part = shortened;
                is_shortened = true;
            }
        }
        object.set(name, to_raw_value(&parts).ok()?);
    }
    is_shortened.then(|| to_raw_value(&object).ok())?
}

/// A part that holds a result, as Anthropic, the AI SDK, assistant-ui and OpenAI write it; `None` where there is nothing to
/// shorten.
fn shorten_part(part: &RawValue, most: usize) -> Option<Box<RawValue>> {
    let mut object = RawObject::parse(part.get())?;
    let kind: String = serde_json::from_str(object.get("type")?).ok()?;
    let field = match kind.as_str() {
        "tool_result" => "content",
        "tool-call" => "result",
        "function_call_output" | "dynamic-tool" => "output",
        kind if kind.ends_with("_tool_result") => "content",
        kind if kind.starts_with("tool-") => "output",
        _ => return None,
    };
    let result = object.get(field)?;
    let text = text_of(result);
    let count = text.chars().count();
    if count <= most && most > 0 {
        return None;
    }
    let beginning: String = text.chars().take(most).collect();
    let mark = format!(
        "[{} characters left out]",
        count - beginning.chars().count()
    );
    let shortened = if beginning.is_empty() {
        mark
    } else {
        format!("{beginning}… {mark}")
    };
    object.set(field, to_raw_value(&shortened).ok()?);
    to_raw_value(&object).ok()
}

/// The text of a result: of its blocks those that are text; of anything else its JSON.
fn text_of(result: &str) -> String {
    if let Ok(text) = serde_json::from_str::<String>(result) {
        return text;
    }
    let blocks: Vec<Box<RawValue>> = serde_json::from_str(result).unwrap_or_default();
    let text = |block: &RawValue| {
        serde_json::from_str::<String>(RawObject::parse(block.get())?.get("text")?).ok()
    };
    let texts: Vec<String> = blocks.iter().filter_map(|block| text(block)).collect();
    if texts.is_empty() {
        result.to_owned()
    } else {
        texts.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shortened(part: &str, most: usize) -> Option<String> {
        let part: Box<RawValue> = serde_json::from_str(part).unwrap();
        shorten_part(&part, most).map(|part| part.get().to_owned())
    }

    #[test]
    fn results_are_shortened_and_nothing_else() {
        let block = r#"{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"abcdef"}],"is_error":false}"#;
        let expected = |text: &str| {
            Some(format!(
                r#"{{"type":"tool_result","tool_use_id":"t","content":"{text}","is_error":false}}"#
            ))
        };
        assert_eq!(shortened(block, 2), expected("ab… [4 characters left out]"));
        assert_eq!(shortened(block, 0), expected("[6 characters left out]"));
        assert_eq!(shortened(block, 6), None);
        let call = r#"{"type":"tool-weather","input":{"a":1},"output":"22 °C"}"#;
        assert_eq!(
            shortened(call, 0).unwrap(),
            r#"{"type":"tool-weather","input":{"a":1},"output":"[5 characters left out]"}"#
        );
        assert_eq!(shortened(r#"{"type":"text","text":"abc"}"#, 0), None);
        assert_eq!(shortened(r#"{"type":"tool_use","input":{}}"#, 0), None);
    }

    #[test]
    fn own_conversations_keep_everything_else() {
        let own = |result: &str| {
            format!(
                r#"{{"id":"c","x":1.0,"messages":[{{"id":"m","parts":[{{"type":"tool-x","output":{result}}}],"z":[]}}]}}"#
            )
        };
        let raw: Box<RawValue> = serde_json::from_str(&own(r#""12345""#)).unwrap();
        assert_eq!(
            shorten_own(&raw, 0).unwrap().get(),
            own(r#""[5 characters left out]""#)
        );
        assert!(shorten_own(&raw, 5).is_none());
    }
}
