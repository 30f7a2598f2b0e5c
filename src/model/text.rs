//! The text of a message that has parts: for titles, search, and clients that know no parts.

use std::borrow::Cow;

use super::json::{quoted, text_of};
use super::part_file::first_line;
use super::part_kind::{PartKind, kinds_of};
use super::part_words::{inner_texts, words_of_call};
use super::parts::without_base64;
use super::{Record, limits};

/// The text of these parts as a JSON string: their texts, and a few words for each tool, result and file; empty if they
/// have none. It takes up at most `room` bytes of JSON, and as text what a content may have.
pub(super) fn derive_content(parts: &str, room: usize) -> String {
    let texts: Vec<String> = kinds_of(parts).into_iter().filter_map(short_text).collect();
    let text = texts.join("\n\n");
    quoted(beginning_of(&text, room))
}

/// JSON without line ends. Within strings there are none; those between values mean no more than a space does.
pub fn in_one_line<'a>(json: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
    let json = json.into();
    match json.contains(['\n', '\r']) {
        true => json.replace(['\n', '\r'], " ").into(),
        false => json,
    }
}

/// What is searched of a message with this record, whose values are not packed: its content, and of its parts what that does not have,
/// also what was thought and what tools were given and returned.
pub(super) fn search_text(record: &Record) -> String {
    let value = |wanted: &str| {
        let found = Record::members(record.as_str()).find(|(name, _)| *name == wanted);
        found.map(|(_, json)| json)
    };
    let mut text = value("\"content\"").and_then(text_of).unwrap_or_default();
    let parts = value("\"parts\"").unwrap_or("[]");
    for kind in kinds_of(parts) {
        let given = words_of_call(&kind);
        let more = match kind {
            PartKind::Text(text) | PartKind::Reasoning(text) => text,
            PartKind::ToolCall(name, _) => name,
            PartKind::ToolResult(result) => without_base64(&result.text).into_owned(),
            PartKind::File(file) | PartKind::Source(file) => file.to_string(),
        };
        add_paragraph(&mut text, &more);
        add_paragraph(&mut text, &given);
    }
    for more in inner_texts(parts) {
        add_paragraph(&mut text, &more);
    }
    text
}

/// Adds a text, unless it is there: what was derived from the parts has each as a paragraph of its own.
fn add_paragraph(text: &mut String, more: &str) {
    let is_there = format!("\n\n{text}\n\n").contains(&format!("\n\n{more}\n\n"));
    if !more.is_empty() && !is_there {
        text.push_str("\n\n");
        text.push_str(more);
    }
}

/// Whether a title can be made of these parts: results of tools alone make none.
pub(super) fn has_title(parts: &str) -> bool {
    let kinds = kinds_of(parts);
    let is_result = |kind: &PartKind<'_>| matches!(kind, PartKind::ToolResult(_));
    !kinds.iter().all(is_result)
}

/// What a part is in the text, where it is in it: reasoning and sources are not.
fn short_text(kind: PartKind<'_>) -> Option<String> {
    match kind {
        PartKind::Text(text) => Some(text),
        PartKind::ToolCall(name, _) => Some(format!("[tool: {}]", first_line(&name))),
        PartKind::ToolResult(result) => {
            let line = first_line(&without_base64(&result.text));
            let word = if result.is_error { "error" } else { "result" };
            (!line.is_empty()).then(|| format!("[{word}: {line}]"))
        }
        PartKind::File(file) => Some(file.to_string()),
        PartKind::Reasoning(_) | PartKind::Source(_) => None,
    }
}

/// As much of a text as has room: `room` bytes of JSON.
fn beginning_of(text: &str, room: usize) -> &str {
    let mut left = room.saturating_sub("\"\"".len());
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let escaped = match c {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
            '\0'..=' ' if c != ' ' => 6,
            _ => c.len_utf8(),
        };
        end = at + c.len_utf8();
        if escaped > left || end > limits::CONTENT {
            return &text[..at];
        }
        left -= escaped;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn is_what_was_said_and_a_few_words_for_the_rest() {
        let parts = r#"[
            {"type":"step-start"},
            {"type":"reasoning","text":"Hm."},
            {"type":"text","text":"Let me look."},
            {"type":"tool_use","name":"Read","input":{"path":"a"}},
            {"type":"tool_result","content":"1: x\n2: y"},
            {"type":"tool_result","content":"none","is_error":true},
            {"type":"tool_result","content":""},
            {"type":"file","filename":"report.pdf","url":"data:application/pdf;base64,AAAA"},
            {"type":"image","source":{"type":"base64","data":"AAAA"}},
            {"type":"source-url","url":"https://example.com"},
            {"type":"from-the-future"},
            {"type":"text","text":"There."}
        ]"#;
        let expected = "Let me look.\n\n[tool: Read]\n\n[result: 1: x…]\n\n[error: none]\n\n[file: report.pdf]\n\n[image]\n\nThere.";
        assert_eq!(derive_content(parts, 10_000), quoted(expected));
        assert_eq!(derive_content("[]", 10), "\"\"");
        assert_eq!(derive_content("5", 10), "\"\"");
    }

    #[test]
    fn what_is_searched_has_the_texts_of_all_parts() {
        let parts = [
            r#"{"type":"tool_use","name":"Bash","input":{"command":"git bisect\nneedle","n":[7]}}"#,
            r#"{"type":"function_call","name":"f","arguments":"{\"command\":\"needle\"}"}"#,
            r#"{"type":"tool-call","toolName":"f","argsText":"{\"command\":\"needle"}"#,
            r#"{"type":"document","source":{"type":"text","media_type":"text/plain","data":"needle"}}"#,
            r#"{"type":"document","source":{"type":"content","content":[{"type":"text","text":"needle"}]}}"#,
            r#"{"type":"search_result","source":"s","title":"t","content":[{"type":"text","text":"needle"}]}"#,
            r#"{"type":"text","text":{"value":"needle","annotations":[]}}"#,
            r#"{"type":"code_interpreter_call","code":"needle()","outputs":[{"type":"logs","logs":"x"}]}"#,
            r#"{"type":"code_interpreter_call","code":"x","outputs":[{"type":"logs","logs":"a needle"}]}"#,
            r#"{"type":"message","content":[{"type":"document","source":{"type":"text","data":"needle"}}]}"#,
        ];
        for part in parts {
            let mut record = Record::default();
            record.push("parts", &format!("[{part}]"));
            let text = search_text(&record);
            let mut words = text.split(|c: char| !c.is_alphanumeric());
            assert!(words.any(|word| word == "needle"), "{part}: {text}");
        }
    }

    #[test]
    fn results_alone_are_no_title() {
        let result = r#"{"type":"tool_result","content":"x"}"#;
        assert!(!has_title(&format!("[{result}]")));
        assert!(!has_title("[]"));
        assert!(has_title(&format!(
            "[{result},{{\"type\":\"text\",\"text\":\"x\"}}]"
        )));
    }

    #[test]
    fn is_cut_where_a_content_ends() {
        let text = "ä".repeat(limits::CONTENT);
        assert_eq!(beginning_of(&text, usize::MAX).len(), limits::CONTENT);
    }

    proptest! {
        #[test]
        fn has_room(text in "(?s).{0,40}|[\u{0}-\u{7f}]{0,40}", room in 2usize..100) {
            let begun = beginning_of(&text, room);
            prop_assert!(quoted(begun).len() <= room);
            prop_assert!(text.starts_with(begun));
            // And no more room than is needed.
            let next = text[begun.len()..].chars().next();
            let more = next.map_or(String::new(), |c| format!("{begun}{c}"));
            prop_assert!(next.is_none() || quoted(&more).len() > room);
        }
    }
}
