//! Text that contains reasoning and tool calls as `<details type="…">`, as in earlier releases.

use std::collections::HashMap;

use crate::parts::{Part, Tool, value_of};

const OPEN: &str = "<details ";
const CLOSE: &str = "</details>";
const KINDS: [&str; 3] = ["reasoning", "tool_calls", "code_interpreter"];

/// The parts of a text.
pub(super) fn read(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let (mut rest, mut said) = (text, String::new());
    // After the last closing tag, no element can be complete.
    let behind_last_end = text.rfind(CLOSE).map_or(text.len(), |at| text.len() - at);
    while let Some(at) = rest
        .find(OPEN)
        .filter(|at| rest.len() - at > behind_last_end)
    {
        let (before, from) = rest.split_at(at);
        said += before;
        if let Some((part, behind)) = read_details(from) {
            push_text(&mut parts, &mut said);
            parts.push(part);
            rest = behind;
        } else {
            // Another type: it is text.
            let (tag, behind) = from.split_at(OPEN.len());
            said += tag;
            rest = behind;
        }
    }
    said += rest;
    push_text(&mut parts, &mut said);
    parts
}

fn push_text(parts: &mut Vec<Part>, said: &mut String) {
    let text = std::mem::take(said);
    let text = if parts.is_empty() {
        text.as_str()
    } else {
        text.trim_start_matches('\n')
    };
    if !text.trim().is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
}

/// The element at the beginning, and the rest; `None` if it is of an unknown type or unclosed.
fn read_details(text: &str) -> Option<(Part, &str)> {
    let (attributes, inside) = attributes(&text[OPEN.len()..])?;
    let kind = attributes
        .get("type")
        .filter(|kind| KINDS.contains(&kind.as_str()))?;
    let (content, behind) = inside.split_once(CLOSE)?;
    let part = match kind.as_str() {
        "reasoning" => Part::reasoning(&quoted_text(content)),
        "tool_calls" => tool(&attributes),
        _ => code(&attributes, content),
    };
    Some((part, behind))
}

/// The attributes of a tag, and the rest.
fn attributes(text: &str) -> Option<(HashMap<&str, String>, &str)> {
    let (mut attributes, mut rest) = (HashMap::new(), text.trim_start());
    loop {
        if let Some(behind) = rest.strip_prefix('>') {
            return Some((attributes, behind));
        }
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let (name, behind) = rest.split_at(rest.bytes().take_while(is_name).count());
        let (value, behind) = behind.strip_prefix("=\"")?.split_once('"')?;
        attributes.insert(name, unescaped(value));
        rest = behind.trim_start();
    }
}

/// Text without HTML's escapes.
fn unescaped(text: &str) -> String {
    let escapes = [
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&#39;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ];
    escapes
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// The reasoning, without its summary and without quotation marks.
fn quoted_text(content: &str) -> String {
    let text = content
        .split_once("</summary>")
        .map_or(content, |(_, text)| text);
    let lines = text.trim().lines();
    let unquoted = lines.map(|line| {
        line.strip_prefix("> ")
            .or(line.strip_prefix('>'))
            .unwrap_or(line)
    });
    unescaped(&unquoted.collect::<Vec<_>>().join("\n"))
}

fn tool(attributes: &HashMap<&str, String>) -> Part {
    let get = |name| attributes.get(name).filter(|text| !text.is_empty());
    // A value is JSON, and often a JSON string that holds JSON.
    let value = |name| {
        get(name).map(|text| match crate::json::Json::parse(text) {
            Some(json) => json
                .text()
                .map_or_else(|| json.to_raw(), |inner| value_of(&inner)),
            None => value_of(text),
        })
    };
    let tool = Tool {
        name: get("name").cloned().unwrap_or_else(|| "tool".to_owned()),
        call_id: get("id").cloned().unwrap_or_default(),
        input: value("arguments"),
        output: value("result"),
        is_done: get("done").is_some_and(|done| done == "true"),
        error: None,
    };
    tool.to_part()
}

fn code(attributes: &HashMap<&str, String>, content: &str) -> Part {
    let text = content
        .split_once("</summary>")
        .map_or(content, |(_, text)| text)
        .trim();
    let output = attributes.get("output").filter(|text| !text.is_empty());
    let tool = Tool {
        name: "code_interpreter".to_owned(),
        input: Some(value_of(text)),
        output: output.map(|text| value_of(text)),
        is_done: attributes.get("done").is_some_and(|done| done == "true"),
        ..Tool::default()
    };
    tool.to_part()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<String> {
        read(text)
            .iter()
            .map(|part| part.to_json().get().to_owned())
            .collect()
    }

    #[test]
    fn details_are_parts_and_the_rest_is_text() {
        let text = "<details type=\"reasoning\" done=\"true\" duration=\"2\">\n<summary>Thought for 2 seconds</summary>\n\
            > a &lt; b\n> c\n</details>\nBefore\n<details type=\"tool_calls\" done=\"true\" id=\"t1\" name=\"get\" \
            arguments=\"&quot;{\\&quot;q\\&quot;: 1}&quot;\" result=\"&quot;27 &amp; sunny&quot;\">\n<summary>Tool Executed</summary>\n\
            </details>\nAfter <details open>mine</details>";
        let expected = [
            r#"{"type":"reasoning","text":"a < b\nc"}"#,
            r#"{"type":"text","text":"Before\n"}"#,
            r#"{"type":"dynamic-tool","toolName":"get","toolCallId":"t1","state":"output-available","input":{"q": 1},"output":"27 & sunny"}"#,
            r#"{"type":"text","text":"After <details open>mine</details>"}"#,
        ];
        assert_eq!(parts(text), expected);
    }

    #[test]
    fn an_unclosed_element_is_text() {
        for text in [
            "<details type=\"reasoning\">\n> x",
            "<details ",
            "a <details type=\"x\">b</details>",
        ] {
            assert_eq!(parts(text).len(), 1, "{text}");
        }
        assert!(parts("").is_empty());
        assert_eq!(parts(&"<details ".repeat(100_000)).len(), 1);
    }
}
