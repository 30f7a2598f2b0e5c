//! Conversations as people read them.

use super::json::text_of;
use super::{Record, StoredMessage, Summary, title};

impl Summary {
    /// Whether it has a title; if not, clients are shown a placeholder.
    pub fn has_title(&self) -> bool {
        value_of(&self.record, "title").is_some()
    }

    /// The title as a heading, in one line.
    pub fn to_markdown(&self) -> String {
        let title = value_of(&self.record, "title").and_then(text_of);
        let title = title.as_deref().unwrap_or(title::UNTITLED);
        let words: Vec<&str> = title.split_whitespace().collect();
        format!("# {}\n", words.join(" "))
    }
}

impl StoredMessage {
    /// Its author and time as a heading, and below it the text as it is.
    pub fn to_markdown(&self) -> String {
        let text = |name| value_of(self.record.as_str(), name).and_then(text_of);
        let role = match text("type").as_deref() {
            Some("user") => "User",
            Some("assistant") => "Assistant",
            _ => "System",
        };
        let content = text("content").unwrap_or_default();
        format!("\n## {role}, {}\n\n{content}\n", self.timestamp())
    }
}

/// A member's JSON text.
fn value_of<'a>(record: &'a str, name: &str) -> Option<&'a str> {
    let is_it = |quoted: &str| quoted.trim_matches('"') == name;
    Record::members(record)
        .find(|(quoted, _)| is_it(quoted))
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_line_and_text_stays_as_it_is() {
        let record = "\"title\"\u{1f}\"a\\n# b\"\u{1e}";
        let summary = Summary::new("c".into(), record.into(), "1 0 0 0 0 1 2 3 0 -").unwrap();
        assert_eq!(summary.to_markdown(), "# a # b\n");
        let body = "1 0 0 x\u{1e}\"type\"\u{1f}\"user\"\u{1e}\"content\"\u{1f}\" *x*\\n\\n\"\u{1e}";
        let message = StoredMessage::parse("m".into(), body).unwrap();
        assert_eq!(
            message.to_markdown(),
            "\n## User, 1970-01-01T00:00:00.000Z\n\n *x*\n\n\n"
        );
    }
}
