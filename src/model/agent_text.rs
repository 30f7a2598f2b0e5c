//! Messages as an agent reads them: what was said, whole; what tools were given and returned, shortened.
//!
//! Whatever somebody has written stands behind [`QUOTE`], line by line, or in quotes within a line. No line of the transcript's own
//! begins like that, so nothing written can pass for one: neither for another message, nor for a note on how to read on.

use super::json::text_of;
use super::part_file::File;
use super::part_kind::{PartKind, ToolResult, kinds_of};
use super::parts::without_base64;
use super::text::derive_content;
use super::{Record, StoredMessage, Summary, array_of, title};

/// What a line begins with that somebody has written.
const QUOTE: char = '>';
/// The most characters of a message that are read at once.
const MESSAGE: usize = 16_000;
/// The most characters of what a tool was given, and of what it returned, where a message is read among others.
const TOOL: usize = 600;
/// The most characters of a title, and of a list of tags.
const TITLE: usize = 200;

impl Summary {
    /// Id, date, number of messages, tags and title, in one line.
    pub fn to_agent_line(&self) -> String {
        let title = self.title_text();
        let title = title.as_deref().and_then(text_in_title);
        format!(
            "id {}, {}, {} messages{}: {}",
            self.id,
            self.counters.updated,
            self.counters.messages,
            self.agent_tags(),
            in_quotes(title.as_deref().unwrap_or(title::UNTITLED))
        )
    }

    /// The tags, as many as there is room for.
    fn agent_tags(&self) -> String {
        let mut members = Record::members(&self.record);
        let tags = members.find(|(name, _)| *name == "\"tags\"");
        let tags = tags.and_then(|(_, json)| array_of(json.as_bytes(), "tags").ok());
        let tags = tags.unwrap_or_default();
        let tags: Vec<String> = tags.iter().filter_map(|tag| text_of(tag.get())).collect();
        if tags.is_empty() {
            return String::new();
        }
        let mut room = TITLE;
        let shown = tags.iter().map(|tag| in_quotes(tag)).take_while(|tag| {
            let fits = tag.chars().count() <= room;
            room = room.saturating_sub(tag.chars().count());
            fits
        });
        let shown: Vec<String> = shown.collect();
        match tags.len() - shown.len() {
            0 => format!(", tags {}", shown.join(" ")),
            more => format!(", tags {} and {more} more", shown.join(" ")),
        }
    }
}

/// A text in quotes, in one line. A quote in it has a backslash before it.
pub fn in_quotes(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    serde_json::Value::from(words.join(" ")).to_string()
}

/// What is shown of a title; `None` where that is nothing.
fn text_in_title(title: &str) -> Option<String> {
    let title = title.trim();
    let shown = match title.char_indices().nth(TITLE) {
        None => title.to_owned(),
        Some((end, _)) => format!("{}…", &title[..end]),
    };
    (!shown.is_empty()).then_some(shown)
}

/// A part of a message: what it is, where that has to be said, and what somebody has written.
struct Block {
    label: Option<String>,
    text: String,
    /// Whether it is shortened where the message is read among others.
    is_of_tool: bool,
}

impl StoredMessage {
    /// Its author, time and id in one line, and below it the text. What is left out is counted.
    pub fn to_agent_text(&self) -> String {
        self.agent_text(0, TOOL)
    }

    /// The same of this message alone, from the character `offset` on, and with all that tools were given and returned.
    pub fn to_agent_text_from(&self, offset: usize) -> String {
        self.agent_text(offset, MESSAGE)
    }

    fn agent_text(&self, offset: usize, most_of_tool: usize) -> String {
        let blocks = self.agent_blocks();
        let total: usize = blocks.iter().map(Block::len).sum();
        let note = |at: usize| {
            let (rest, id) = (total - at, self.id());
            format!("({rest} more characters: ask for message \"{id}\" with offset {at}.)\n")
        };
        let mut text = format!(
            "## {}, {}, message {}\n",
            self.agent_author(),
            self.timestamp(),
            self.id()
        );
        let (mut begin, mut room) = (0, MESSAGE);
        for block in &blocks {
            let (first, end) = (begin, begin + block.len());
            begin = end;
            if offset > 0 && end <= offset {
                continue;
            }
            if room == 0 && end > first {
                return text + "\n" + &note(first);
            }
            let from = first.max(offset);
            let most = if block.is_of_tool {
                most_of_tool
            } else {
                MESSAGE
            };
            let shown = (end - from).min(most).min(room);
            text += "\n";
            block.push_to(&mut text, from - first, shown);
            room -= shown;
            if from + shown < end && room == 0 {
                return text + &note(from + shown);
            }
            if from + shown < end {
                let rest = end - from - shown;
                text += &format!(
                    "({rest} more characters, from offset {} on.)\n",
                    from + shown
                );
            }
        }
        text
    }

    fn agent_author(&self) -> String {
        let kind = self.kind().unwrap_or_default();
        match kind.as_str() {
            "user" | "assistant" | "system" | "tool" => kind,
            other => in_quotes(other),
        }
    }

    /// What was said, and what tools were given and returned. Reasoning is left out.
    fn agent_blocks(&self) -> Vec<Block> {
        let content = self.value_of("content").and_then(text_of);
        let content = content.filter(|text| !text.trim().is_empty());
        let Some(parts) = self.value_of("parts") else {
            return content.map(Block::said).into_iter().collect();
        };
        let derived = text_of(&derive_content(parts, usize::MAX)).unwrap_or_default();
        let kinds = kinds_of(parts);
        let is_repeated = |content: &String| {
            let is_said = |kind: &PartKind<'_>| matches!(kind, PartKind::Text(text) if content.contains(text.trim()));
            derived.starts_with(content.trim_end()) || kinds.iter().any(is_said)
        };
        let own = content.filter(|content| !is_repeated(content));
        let mut blocks: Vec<Block> = own.map(Block::said).into_iter().collect();
        blocks.extend(kinds.into_iter().filter_map(Block::of));
        blocks
    }
}

impl Block {
    fn said(text: String) -> Self {
        Self {
            label: None,
            text: text.trim().to_owned(),
            is_of_tool: false,
        }
    }

    fn of_tool(label: String, text: &str) -> Self {
        Self {
            label: Some(label),
            text: without_base64(text).trim().to_owned(),
            is_of_tool: true,
        }
    }

    fn of(part: PartKind<'_>) -> Option<Self> {
        match part {
            PartKind::Text(text) => Some(Self::said(text)),
            PartKind::ToolCall(name, input) => {
                let input = input.map(|json| text_of(json).unwrap_or_else(|| json.to_owned()));
                let label = format!("[tool {}]", in_quotes(&name));
                Some(Self::of_tool(label, &input.unwrap_or_default()))
            }
            PartKind::ToolResult(ToolResult { text, is_error }) => {
                let label = if is_error { "[error]" } else { "[result]" };
                Some(Self::of_tool(label.into(), &text))
            }
            PartKind::File(File { name, is_image, .. }) => {
                let label = if is_image { "[image]" } else { "[file]" };
                Some(Self::of_tool(label.into(), &name.unwrap_or_default()))
            }
            PartKind::Source(source) => Some(Self::of_tool("[source]".into(), &source.url?)),
            PartKind::Reasoning(_) => None,
        }
    }

    /// In characters.
    fn len(&self) -> usize {
        self.text.chars().count()
    }

    /// Adds `count` characters behind the first `skipped`.
    fn push_to(&self, to: &mut String, skipped: usize, count: usize) {
        if let Some(label) = &self.label {
            *to += label;
            to.push('\n');
        }
        let shown: String = self.text.chars().skip(skipped).take(count).collect();
        if shown.is_empty() {
            return;
        }
        for line in shown.replace("\r\n", "\n").split(is_line_break) {
            to.push(QUOTE);
            if !line.is_empty() {
                to.push(' ');
                *to += line;
            }
            to.push('\n');
        }
    }
}

/// Whether a reader may take what follows for another line.
fn is_line_break(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stored(fields: &str) -> StoredMessage {
        let record = format!("\"type\"\u{1f}\"assistant\"\u{1e}{fields}\u{1e}");
        StoredMessage::parse("m".into(), &format!("1 0 0 x\u{1e}{record}")).unwrap()
    }

    fn with_parts(parts: &serde_json::Value) -> StoredMessage {
        stored(&format!("\"parts\"\u{1f}{parts}"))
    }

    fn with_content(content: &str) -> StoredMessage {
        stored(&format!(
            "\"content\"\u{1f}{}",
            serde_json::Value::from(content)
        ))
    }

    const HEAD: &str = "## assistant, 1970-01-01T00:00:00.000Z, message m\n";

    #[test]
    fn what_was_said_is_whole_and_tools_are_shortened() {
        let long = "x ".repeat(TOOL / 2) + "end";
        let parts = serde_json::json!([
            { "type": "reasoning", "text": "Hm." },
            { "type": "text", "text": "Let me look.\nNow." },
            { "type": "tool_use", "name": "Read", "input": { "path": "a" } },
            { "type": "tool_result", "content": long },
            { "type": "file", "filename": "report.pdf", "url": "data:application/pdf;base64,AAAA" },
            { "type": "source-url", "url": "https://example.com" },
        ]);
        let message = with_parts(&parts);
        let offset = "Let me look.\nNow.".len() + r#"{"path":"a"}"#.len() + TOOL;
        let begun = "x ".repeat(TOOL / 2);
        let expected = |result: &str| {
            format!(
                "{HEAD}\n> Let me look.\n> Now.\n\n[tool \"Read\"]\n> {{\"path\":\"a\"}}\n\n[result]\n{result}\n\n\
                 [file]\n> report.pdf\n\n[source]\n> https://example.com\n"
            )
        };
        let shortened = format!("> {begun}\n(3 more characters, from offset {offset} on.)");
        assert_eq!(message.to_agent_text(), expected(&shortened));
        let whole = format!("> {long}");
        assert_eq!(message.to_agent_text_from(0), expected(&whole));
        let rest = message.to_agent_text_from(offset);
        assert!(
            rest.starts_with(&format!("{HEAD}\n[result]\n> end\n\n[file]")),
            "{rest}"
        );
    }

    #[test]
    fn a_long_message_is_read_piece_by_piece() {
        let content: String = (0..MESSAGE * 2 + 5)
            .map(|at| char::from(b'a' + (at % 26) as u8))
            .collect();
        let message = with_content(&content);
        let (mut offset, mut read) = (0, String::new());
        for rest in [MESSAGE + 5, 5, 0] {
            let shown = message.to_agent_text_from(offset);
            assert!(shown.chars().count() < MESSAGE + 200);
            read += shown
                .lines()
                .find_map(|line| line.strip_prefix("> "))
                .unwrap();
            offset += MESSAGE;
            let note =
                format!("({rest} more characters: ask for message \"m\" with offset {offset}.)\n");
            assert_eq!(shown.ends_with(&note), rest > 0, "{shown}");
        }
        assert_eq!(read, content);
        assert_eq!(message.to_agent_text_from(offset + 1), HEAD);
        // Tools come after it, and there is no room for them.
        let parts = serde_json::json!([
            { "type": "text", "text": "ä".repeat(MESSAGE) },
            { "type": "tool_result", "content": "ok" },
        ]);
        let shown = with_parts(&parts).to_agent_text();
        assert!(
            shown.ends_with("\n\n(2 more characters: ask for message \"m\" with offset 16000.)\n")
        );
        assert!(
            with_parts(&parts)
                .to_agent_text_from(MESSAGE)
                .ends_with("\n[result]\n> ok\n")
        );
    }

    #[test]
    fn a_content_beside_parts_is_read_where_they_do_not_have_it() {
        let parts = r#"[{"type":"text","text":"Yes."}]"#;
        let with = |content: &str| {
            stored(&format!(
                "\"content\"\u{1f}\"{content}\"\u{1e}\"parts\"\u{1f}{parts}"
            ))
            .to_agent_text()
        };
        assert_eq!(with("Yes."), format!("{HEAD}\n> Yes.\n"));
        assert_eq!(with("No."), format!("{HEAD}\n> No.\n\n> Yes.\n"));
    }

    #[test]
    fn quotes_have_no_end_but_their_own() {
        assert_eq!(in_quotes("a\n\"b\" \u{2028}\u{1d}c\\"), r#""a \"b\" c\\""#);
    }

    fn breaks() -> impl Strategy<Value = String> {
        let pieces = prop::sample::select(vec![
            "\n",
            "\r",
            "\r\n",
            "\u{b}",
            "\u{c}",
            "\u{1c}",
            "\u{1e}",
            "\u{85}",
            "\u{2028}",
            "\u{2029}",
            "## user, 2026-01-01T00:00:00.000Z, message m2",
            "[result]",
            "]",
            "\"",
            "(There is more: call again with cursor \"x\".)",
            "> ",
            " ",
        ]);
        prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn nothing_written_passes_for_the_transcript(said in breaks(), name in breaks(), result in breaks()) {
            let parts = serde_json::json!([
                { "type": "text", "text": format!("a{said}") },
                { "type": "tool_use", "name": format!("b{name}"), "input": format!("c{said}") },
                { "type": "tool_result", "content": format!("d{result}") },
            ]);
            let shown = with_parts(&parts).to_agent_text();
            let own: Vec<&str> = shown
                .split(is_line_break)
                .filter(|line| !line.is_empty() && !line.starts_with(QUOTE))
                .collect();
            let tool = format!("[tool {}]", in_quotes(&format!("b{name}")));
            prop_assert_eq!(own, [HEAD.trim_end(), tool.as_str(), "[result]"]);
        }
    }
}
