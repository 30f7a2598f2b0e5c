//! Messages as an agent reads them: the text in full; inputs and results of tools shortened.

use super::json::text_of;
use super::part_kind::{PartKind, ToolResult, kinds_of};
use super::parts::without_base64;
use super::{Record, StoredMessage, Summary, title};

/// The most characters of a message.
const MESSAGE: usize = 16_000;
/// The most characters of a tool's input, and of its result.
const TOOL: usize = 600;

/// The most characters of a title, and of a list of tags.
const TITLE: usize = 200;

impl Summary {
    /// Title, id, date, number of messages and tags, in one line.
    pub fn to_agent_line(&self) -> String {
        let member = |wanted| {
            let mut members = Record::members(&self.record);
            members
                .find(|(name, _)| *name == wanted)
                .map(|(_, json)| json)
        };
        let title = member("\"title\"").and_then(text_of);
        let title = title.as_deref().unwrap_or(title::UNTITLED);
        let tags = member("\"tags\"").filter(|tags| *tags != "[]");
        let tags = tags.map(|tags| format!(", tags {}", one_line(tags)));
        format!(
            "{} (id {}, {}, {} messages{})",
            one_line(title),
            self.id,
            self.counters.updated,
            self.counters.messages,
            tags.unwrap_or_default()
        )
    }
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    shortened(&words.join(" "), TITLE)
}

impl StoredMessage {
    /// Its author, time and id in one line, and below it the text. What is left out is counted.
    pub fn to_agent_text(&self) -> String {
        let text = |name| self.value_of(name).and_then(text_of);
        let author = text("type").unwrap_or_default();
        let parts = self.value_of("parts").map(parts_to_text);
        let content = parts
            .filter(|parts| !parts.is_empty())
            .or_else(|| text("content"))
            .unwrap_or_default();
        let content = shortened(&content, MESSAGE);
        format!(
            "## {author}, {}, {}\n\n{content}\n",
            self.timestamp(),
            self.id()
        )
    }
}

/// The text, and a line or two for the rest. Reasoning is left out, as in the text of a message.
fn parts_to_text(json: &str) -> String {
    let texts: Vec<String> = kinds_of(json)
        .into_iter()
        .filter_map(part_to_text)
        .collect();
    texts.join("\n\n")
}

fn part_to_text(part: PartKind<'_>) -> Option<String> {
    match part {
        PartKind::Text(text) => Some(text),
        PartKind::ToolCall(name, input) => {
            let input = input.map(|json| text_of(json).unwrap_or_else(|| json.to_owned()));
            let input = shortened(&without_base64(&input.unwrap_or_default()), TOOL);
            Some(format!("[tool {name}: {input}]"))
        }
        PartKind::ToolResult(ToolResult { text, is_error }) => {
            let word = if is_error { "error" } else { "result" };
            Some(format!(
                "[{word}: {}]",
                shortened(&without_base64(&text), TOOL)
            ))
        }
        PartKind::File(file) => Some(file.to_string()),
        PartKind::Source(source) => source.url.map(|url| format!("[source: {url}]")),
        PartKind::Reasoning(_) => None,
    }
}

/// The beginning of a text, and how much more there is.
fn shortened(text: &str, most: usize) -> String {
    let text = text.trim();
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => {
            let (begun, left_out) = text.split_at(end);
            format!("{begun}… ({} more characters)", left_out.chars().count())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of_message(fields: &str) -> String {
        let record = format!("\"type\"\u{1f}\"assistant\"\u{1e}{fields}\u{1e}");
        let message = StoredMessage::parse("m".into(), &format!("1 0 0 x\u{1e}{record}")).unwrap();
        message.to_agent_text()
    }

    #[test]
    fn what_was_said_is_whole_and_tools_are_shortened() {
        let long = "x ".repeat(TOOL / 2) + "end";
        let parts = format!(
            r#"[{{"type":"reasoning","text":"Hm."}},{{"type":"text","text":"Let me look."}},
            {{"type":"tool_use","name":"Read","input":{{"path":"a"}}}},
            {{"type":"tool_result","content":"{long}"}},
            {{"type":"file","filename":"report.pdf","url":"data:application/pdf;base64,AAAA"}},
            {{"type":"source-url","url":"https://example.com"}}]"#
        );
        let shown = text_of_message(&format!("\"parts\"\u{1f}{parts}"));
        let expected = format!(
            "## assistant, 1970-01-01T00:00:00.000Z, m\n\nLet me look.\n\n[tool Read: {{\"path\":\"a\"}}]\n\n\
             [result: {}… (3 more characters)]\n\n[file: report.pdf]\n\n[source: https://example.com]\n",
            "x ".repeat(TOOL / 2)
        );
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_message_is_cut_where_it_gets_long() {
        let content = "ä".repeat(MESSAGE + 1);
        let shown = text_of_message(&format!("\"content\"\u{1f}\"{content}\""));
        assert!(shown.ends_with("ä… (1 more characters)\n"));
        assert!(shown.chars().count() < MESSAGE + 100);
    }
}
