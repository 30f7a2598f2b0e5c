//! Conversations as Markdown for people.

use super::json::text_of;
use super::part_file::File;
use super::part_kind::{PartKind, ToolResult, kinds_of};
use super::parts::without_base64;
use super::{Record, StoredMessage, Summary, title};

impl Summary {
    /// Whether it has a title; if not, clients are shown a placeholder.
    pub fn has_title(&self) -> bool {
        self.title().is_some()
    }

    /// The title as a heading, in one line.
    pub fn to_markdown(&self) -> String {
        let title = self.title_text();
        let title = title.as_deref().unwrap_or(title::UNTITLED);
        format!("# {}\n", one_line(title))
    }

    /// The title, where it has one.
    pub fn title_text(&self) -> Option<String> {
        self.title().and_then(text_of)
    }

    fn title(&self) -> Option<&str> {
        Record::members(&self.record)
            .find(|(name, _)| *name == "\"title\"")
            .map(|(_, value)| value)
    }
}

impl StoredMessage {
    /// Its author and time as a heading, and below it the text as it is, or its parts.
    pub fn to_markdown(&self) -> String {
        let text = |name| self.value_of(name).and_then(text_of);
        let role = match text("type").as_deref() {
            Some("user") => "User",
            Some("assistant") => "Assistant",
            Some("tool") => "Tool",
            _ => "System",
        };
        let parts = self.value_of("parts").map(parts_to_markdown);
        let content = parts
            .filter(|parts| !parts.is_empty())
            .or_else(|| text("content"))
            .unwrap_or_default();
        format!("\n## {role}, {}\n\n{content}\n", self.timestamp())
    }
}

/// Text as it is, reasoning and results folded, and everything else in a line or two; empty where nothing is understood.
fn parts_to_markdown(json: &str) -> String {
    let parts = kinds_of(json).into_iter();
    let blocks: Vec<String> = parts.map(part_to_markdown).collect();
    blocks.join("\n\n")
}

fn part_to_markdown(part: PartKind<'_>) -> String {
    match part {
        PartKind::Text(text) => text,
        PartKind::Reasoning(text) => folded("Reasoning", &text),
        PartKind::ToolCall(name, input) => {
            let name = one_line(&name);
            match input {
                Some(input) => format!("**Tool: {name}**\n\n{}", tool_input(input)),
                None => format!("**Tool: {name}**"),
            }
        }
        PartKind::ToolResult(ToolResult { text, is_error }) => {
            let title = if is_error { "Error" } else { "Result" };
            folded(title, &fenced("", &without_base64(&text)))
        }
        PartKind::File(file) => file_to_markdown(&file),
        PartKind::Source(source) => match source.url {
            Some(_) => format!("Source: {}", file_to_markdown(&source)),
            None => format!("Source: {}", one_line(&source.name.unwrap_or_default())),
        },
    }
}

/// As JSON, which OpenAI's arguments are inside a string.
fn tool_input(json: &str) -> String {
    let text = text_of(json);
    let input = text.as_deref().unwrap_or(json);
    let language = if input.starts_with(['{', '[']) {
        "json"
    } else {
        ""
    };
    fenced(language, &without_base64(input))
}

/// Linked where it is on the web, and named otherwise.
fn file_to_markdown(file: &File) -> String {
    let Some(url) = &file.url else {
        return one_line(&file.to_string());
    };
    let name = one_line(file.name.as_deref().unwrap_or(url));
    let name = name
        .replace('\\', "\\\\")
        .replace('[', "\\[")
        .replace(']', "\\]");
    let mark = if file.is_image { "!" } else { "" };
    format!("{mark}[{name}](<{url}>)")
}

fn folded(title: &str, text: &str) -> String {
    format!("<details>\n<summary>{title}</summary>\n\n{text}\n\n</details>")
}

/// As code, between marks that are not in it.
fn fenced(language: &str, text: &str) -> String {
    let mut mark = String::from("```");
    while text.contains(&mark) {
        mark.push('`');
    }
    format!("{mark}{language}\n{}\n{mark}", text.trim_end())
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
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

    /// A message with these parts.
    fn markdown(parts: &str) -> String {
        let record = format!(
            "\"type\"\u{1f}\"tool\"\u{1e}\"content\"\u{1f}\"text\"\u{1e}\"parts\"\u{1f}{parts}\u{1e}"
        );
        let message = StoredMessage::parse("m".into(), &format!("1 0 0 x\u{1e}{record}")).unwrap();
        message.to_markdown()
    }

    #[test]
    fn parts_are_shown_with_what_is_long_folded() {
        let image = "iVBORw0KGgo=".repeat(100);
        let parts = format!(
            r#"[
            {{"type":"text","text":"*Hello*"}},
            {{"type":"reasoning","text":"Hm."}},
            {{"type":"tool-read","state":"output-available","input":{{"path":"a"}},"output":"```\n{image}"}},
            {{"type":"function_call","name":"a\nb","arguments":"{{}}"}},
            {{"type":"tool_result","content":"none","is_error":true}},
            {{"type":"image","source":{{"type":"base64","media_type":"image/png","data":"{image}"}}}},
            {{"type":"file","filename":"a[1].pdf","url":"https://example.com/a.pdf"}},
            {{"type":"source-document","title":"A book","mediaType":"text/plain"}},
            {{"type":"step-start"}}
        ]"#
        );
        let expected = r#"
## Tool, 1970-01-01T00:00:00.000Z

*Hello*

<details>
<summary>Reasoning</summary>

Hm.

</details>

**Tool: read**

```json
{"path":"a"}
```

<details>
<summary>Result</summary>

````
```
…(1200 bytes)
````

</details>

**Tool: a b**

```json
{}
```

<details>
<summary>Error</summary>

```
none
```

</details>

[image]

[a\[1\].pdf](<https://example.com/a.pdf>)

Source: A book
"#;
        assert_eq!(markdown(&parts), expected);
    }

    #[test]
    fn parts_that_mean_nothing_leave_the_text() {
        for parts in ["[]", r#"[{"type":"step-start"}]"#, "\"x\"", "null", "[1]"] {
            assert!(markdown(parts).ends_with("\n\ntext\n"), "{parts}");
        }
    }
}
