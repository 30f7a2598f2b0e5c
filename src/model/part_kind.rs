//! The meaning of parts of the common libraries: AI SDK, assistant-ui, TanStack AI, Anthropic, OpenAI. Their names
//! differ, but the concepts are the same.

use super::json::text_of;
use super::part_file::{File, file, is_file};
use super::parts::{Fields, items};

/// A part, as far as it is understood.
#[derive(Debug, PartialEq)]
pub(super) enum PartKind<'a> {
    /// Text.
    Text(String),
    /// Reasoning.
    Reasoning(String),
    /// A tool's name, and its input as JSON text.
    ToolCall(String, Option<&'a str>),
    /// A tool's result.
    ToolResult(ToolResult),
    /// A file or a picture; never its bytes.
    File(File),
    /// A page or document used as a source.
    Source(File),
}

/// The result of a tool.
#[derive(Debug, PartialEq)]
pub(super) struct ToolResult {
    /// As text, or JSON.
    pub text: String,
    /// Whether it failed.
    pub is_error: bool,
}

/// The parts of an array in order, without unknown ones.
pub(super) fn kinds_of(json: &str) -> Vec<PartKind<'_>> {
    let mut kinds = Vec::new();
    for part in items(json).unwrap_or_default() {
        add_kinds(part, &mut kinds);
    }
    kinds
}

fn add_kinds<'a>(json: &'a str, kinds: &mut Vec<PartKind<'a>>) {
    let Some(part) = Fields::parse(json) else {
        return;
    };
    let name = part.text("type").unwrap_or_default();
    match name.as_str() {
        // An item of OpenAI, or text added by the user while the AI SDK's model is working: a message inside the
        // message.
        MESSAGE | STEERING_MESSAGE => {
            let inner = part.any(&["content", "parts"]);
            for part in inner.and_then(items).unwrap_or_default() {
                if !is_message(part) {
                    add_kinds(part, kinds);
                }
            }
            add_text(part.text("content"), PartKind::Text, kinds);
        }
        "text" | "input_text" | "output_text" | "refusal" => {
            add_text(
                part.any_text(&["text", "content", "refusal"]),
                PartKind::Text,
                kinds,
            );
        }
        "reasoning" | "thinking" | "think" => {
            add_text(reasoning(&part), PartKind::Reasoning, kinds)
        }
        "image" | "file" | "document" | "audio" | "image_url" | "input_image" | "input_file"
        | "container_upload" | "image_file" => kinds.push(PartKind::File(file(&part, &name))),
        "source" | "source-url" | "source-document" | "search_result" => {
            kinds.push(PartKind::Source(file(&part, &name)));
        }
        _ => add_tool(&part, &name, kinds),
    }
}

const MESSAGE: &str = "message";
const STEERING_MESSAGE: &str = "steering-message";

/// Messages in messages go one level deep.
fn is_message(json: &str) -> bool {
    let kind = Fields::parse(json).and_then(|part| part.text("type"));
    kind.is_some_and(|kind| kind == MESSAGE || kind == STEERING_MESSAGE)
}

fn add_text<'a>(
    text: Option<String>,
    kind: fn(String) -> PartKind<'a>,
    kinds: &mut Vec<PartKind<'a>>,
) {
    kinds.extend(text.filter(|text| !text.trim().is_empty()).map(kind));
}

/// Reasoning is a string, or as in OpenAI's items lists of texts.
fn reasoning(part: &Fields<'_>) -> Option<String> {
    let texts = |name| Some(inner_text(part.get(name)?)).filter(|text| !text.is_empty());
    part.any_text(&["text", "thinking", "think"])
        .or_else(|| texts("summary"))
        .or_else(|| texts("content"))
}

/// Tool calls and their results: one part, or two.
fn add_tool<'a>(part: &Fields<'a>, kind: &str, kinds: &mut Vec<PartKind<'a>>) {
    let is_ui_tool = part.text("state").is_some() && part.get("toolName").is_none();
    let is_result = match kind {
        // Or it calls a tool of the name `result`.
        "tool-result" => !is_ui_tool || part.get("content").is_some(),
        _ => kind.ends_with("_call_output") || kind.ends_with("tool_result"),
    };
    if is_result {
        kinds.extend(result(part));
    } else if let Some(name) = tool_name(part, kind) {
        let input = [
            "input",
            "args",
            "arguments",
            "argsText",
            "action",
            "code",
            "query",
        ];
        kinds.push(PartKind::ToolCall(name, part.any(&input)));
        kinds.extend(result(part));
    }
}

/// The name of the tool that a part calls; `None` for other parts.
fn tool_name(part: &Fields<'_>, kind: &str) -> Option<String> {
    let own = part.any_text(&["toolName", "name"]);
    match kind {
        "dynamic-tool" | "tool-call" => own.or_else(|| Some(kind.into())),
        // Calls of a model's own tools go by their kind: `web_search_call`.
        _ if kind.ends_with("_call") => {
            Some(own.unwrap_or_else(|| kind.trim_end_matches("_call").into()))
        }
        _ if kind.ends_with("tool_use") => Some(own.unwrap_or_else(|| kind.into())),
        _ => kind.strip_prefix("tool-").map(Into::into),
    }
}

fn result<'a>(part: &Fields<'a>) -> Option<PartKind<'a>> {
    let error = part.any_text(&["errorText", "error"]);
    let is_error = error.is_some() || part.any(&["is_error", "isError"]) == Some("true");
    let text = error.or_else(|| {
        let value = part.any(&["output", "result", "content"])?;
        Some(inner_text(value))
    })?;
    Some(PartKind::ToolResult(ToolResult { text, is_error }))
}

/// The text of a value: a string; an array's parts; what an object holds as `text`, `value` or `content`; or else JSON.
fn inner_text(json: &str) -> String {
    let nested = Fields::parse(json).and_then(|object| {
        let has_type = object.get("type").is_some();
        object
            .get("content")
            .filter(|content| content.starts_with('['))
            .or_else(|| object.any(&["value", "text"]).filter(|_| has_type))
    });
    let json = nested.unwrap_or(json);
    if let Some(text) = text_of(json) {
        return text;
    }
    let Some(parts) = items(json).filter(|parts| parts.iter().all(|part| is_part(part))) else {
        return json.into();
    };
    let mut texts = Vec::new();
    for part in parts {
        let Some(part) = Fields::parse(part) else {
            continue;
        };
        let kind = part.text("type").unwrap_or_default();
        match part.any_text(&["text", "thinking", "title"]) {
            Some(text) => texts.push(text),
            None if is_file(&kind) => texts.push(file(&part, &kind).to_string()),
            None => {}
        }
    }
    texts.join("\n")
}

fn is_part(json: &str) -> bool {
    Fields::parse(json).is_some_and(|part| part.text("type").is_some())
}

#[cfg(test)]
mod tests {
    use super::PartKind::{Reasoning, Text, ToolCall};
    use super::*;

    fn only(json: &str) -> Vec<PartKind<'_>> {
        let json = format!("[{json}]");
        kinds_of(Box::leak(json.into_boxed_str()))
    }

    fn text(text: &str) -> Vec<PartKind<'static>> {
        vec![Text(text.into())]
    }

    fn call(name: &str, input: &'static str) -> PartKind<'static> {
        ToolCall(name.into(), Some(input))
    }

    fn result(text: &str, is_error: bool) -> PartKind<'static> {
        PartKind::ToolResult(ToolResult {
            text: text.into(),
            is_error,
        })
    }

    #[test]
    fn text_and_reasoning_go_by_many_names() {
        for json in [
            r#"{"type":"text","text":"hi","state":"done"}"#,
            r#"{"type":"text","content":"hi"}"#,
            r#"{"type":"input_text","text":"hi"}"#,
            r#"{"type":"refusal","refusal":"hi"}"#,
            r#"{"type":"steering-message","id":"1","parts":[{"type":"text","text":"hi"}]}"#,
            r#"{"type":"message","role":"user","content":"hi"}"#,
            r#"{"type":"message","role":"assistant","content":[{"type":"output_text","text":"hi"}]}"#,
        ] {
            assert_eq!(only(json), text("hi"), "{json}");
        }
        for json in [
            r#"{"type":"reasoning","text":"hi"}"#,
            r#"{"type":"thinking","thinking":"hi","signature":"x"}"#,
            r#"{"type":"reasoning","summary":[{"type":"summary_text","text":"hi"}],"content":[]}"#,
        ] {
            assert_eq!(only(json), [Reasoning("hi".into())], "{json}");
        }
        for json in [
            "5",
            r#"{"type":"step-start"}"#,
            r#"{"type":"data-weather","data":{"text":"hi"}}"#,
            r#"{"type":"redacted_thinking","data":"hi"}"#,
            r#"{"type":"text","text":" "}"#,
            r#"{"type":"custom","kind":"a.b"}"#,
            r#"{"type":"message","content":[{"type":"message","content":"hi"}]}"#,
        ] {
            assert_eq!(only(json), [], "{json}");
        }
    }

    #[test]
    fn tools_are_called_and_return_something() {
        let both = [call("read", r#"{"p":1}"#), result("ok", false)];
        for json in [
            r#"{"type":"tool-read","toolCallId":"1","state":"output-available","input":{"p":1},"output":"ok"}"#,
            r#"{"type":"dynamic-tool","toolName":"read","state":"output-available","input":{"p":1},"output":{"type":"text","value":"ok"}}"#,
            r#"{"type":"tool-call","toolCallId":"1","toolName":"read","args":{"p":1},"argsText":"{}","result":"ok"}"#,
            r#"{"type":"mcp_call","name":"read","arguments":{"p":1},"output":"ok"}"#,
        ] {
            assert_eq!(only(json), both, "{json}");
        }
        for json in [
            r#"{"type":"tool_use","id":"1","name":"read","input":{"p":1}}"#,
            r#"{"type":"server_tool_use","id":"1","name":"read","input":{"p":1}}"#,
            r#"{"type":"function_call","name":"read","arguments":{"p":1}}"#,
            r#"{"type":"tool-read","state":"input-available","input":{"p":1}}"#,
        ] {
            assert_eq!(only(json), both[..1], "{json}");
        }
        for json in [
            r#"{"type":"tool_result","tool_use_id":"1","content":"ok"}"#,
            r#"{"type":"tool_result","content":[{"type":"text","text":"ok"},{"type":"tool_reference"}]}"#,
            r#"{"type":"function_call_output","call_id":"1","output":"ok"}"#,
            r#"{"type":"tool-result","toolCallId":"1","content":"ok","state":"complete"}"#,
            r#"{"type":"tool-result","toolName":"read","output":{"type":"text","value":"ok"}}"#,
        ] {
            assert_eq!(only(json), [result("ok", false)], "{json}");
        }
        assert_eq!(
            only(r#"{"type":"tool-read","state":"output-error","input":{},"errorText":"no"}"#),
            [call("read", "{}"), result("no", true)]
        );
        assert_eq!(
            only(
                r#"{"type":"tool_result","content":[{"type":"image","source":{"data":"x"}}],"is_error":true}"#
            ),
            [result("[image]", true)]
        );
        let json = r#"{"type":"tool-read","state":"output-available","output":{"a":[1]}}"#;
        let expected = [ToolCall("read".into(), None), result(r#"{"a":[1]}"#, false)];
        assert_eq!(only(json), expected);
        let json = r#"{"type":"web_search_call","action":{"query":"q"}}"#;
        assert_eq!(only(json), [call("web_search", r#"{"query":"q"}"#)]);
    }
}
