//! The content of a line of a session.

use crate::conversation::{Fields, Role, Status, Usage};
use crate::formats::anthropic;
use crate::json::{Json, Object};
use crate::parts::{ANTHROPIC, Part};
use crate::report::ConversationReport;
use crate::thread::{Link, Node};

/// The content of a line.
pub(super) enum Said {
    /// Something visible.
    Node(Box<Node>),
    /// Nothing visible.
    Hidden,
    /// It is broken.
    Invalid,
}

/// The content of a line of the kinds `user` and `assistant`.
pub(super) fn message(line: &Object<'_>, kind: &str, report: &mut ConversationReport) -> Said {
    let Some(message) = line.object("message") else {
        return Said::Invalid;
    };
    let content = match message.get("content") {
        Some(content) if content.is_array() || content.text().is_some() => content,
        _ => return Said::Invalid,
    };
    if line.is_true("isMeta") {
        report.hidden += 1;
        return Said::Hidden;
    }
    let blocks = content.items().unwrap_or_else(|| vec![content]);
    let shown: Vec<Json<'_>> = blocks
        .iter()
        .copied()
        .filter(|block| kind != "user" || !is_reminder(*block))
        .collect();
    report.hidden += (blocks.len() - shown.len()) as u64;
    let parts: Vec<Part> = shown
        .iter()
        .filter_map(|block| anthropic::part_of(*block, report))
        .collect();
    if parts.is_empty() {
        return Said::Hidden;
    }
    let mut node = new_node(role(kind, line, &shown));
    describe(&mut node, line, &message, &parts);
    node.parts = Some(parts);
    Said::Node(Box::new(node))
}

fn new_node(role: Role) -> Node {
    Node::new(String::new(), Link::Previous, role, ANTHROPIC)
}

fn role(kind: &str, line: &Object<'_>, blocks: &[Json<'_>]) -> Role {
    if kind == "assistant" {
        Role::Assistant
    } else if blocks.iter().all(|block| anthropic::is_tool_result(*block)) {
        Role::Tool
    } else if line.is_true("isCompactSummary") {
        Role::System
    } else {
        Role::User
    }
}

fn describe(node: &mut Node, line: &Object<'_>, message: &Object<'_>, parts: &[Part]) {
    node.model = message
        .nonempty("model")
        .filter(|model| model != "<synthetic>");
    if line.is_true("isApiErrorMessage") {
        node.status = Some(Status::Error);
    }
    node.usage = message.object("usage").map(|usage| usage_of(&usage));
    node.metadata
        .set_some("apiMessageId", message.nonempty("id"));
    if line.is_true("isCompactSummary") {
        node.metadata.set("compactSummary", &true);
    }
    if let [Part::Text(text)] = parts {
        node.metadata.set_some("command", command_kind(text));
    }
}

fn usage_of(usage: &Object<'_>) -> Usage {
    let count = |name| usage.count(name).unwrap_or_default();
    Usage {
        input: count("input_tokens"),
        output: count("output_tokens"),
        cache_read: count("cache_read_input_tokens"),
        cache_write: count("cache_creation_input_tokens"),
    }
}

/// What the program adds for the model without showing it.
fn is_reminder(block: Json<'_>) -> bool {
    let text = block.text().or_else(|| {
        let object = block.object()?;
        object
            .text("text")
            .filter(|_| object.text("type").as_deref() == Some("text"))
    });
    text.is_some_and(|text| {
        let text = text.trim();
        text.starts_with("<system-reminder>") && text.ends_with("</system-reminder>")
    })
}

/// Whether a text is a command that was given to the program, or what that printed.
fn command_kind(text: &str) -> Option<&'static str> {
    let text = text.trim_start();
    let begins = |tags: &[&str]| tags.iter().any(|tag| text.starts_with(tag));
    if begins(&["<command-name>", "<command-message>", "<bash-input>"]) {
        Some("input")
    } else if begins(&["<local-command-", "<bash-stdout>", "<bash-stderr>"]) {
        Some("output")
    } else {
        None
    }
}

/// The beginning of a typed prompt, for a title; `None` for anything that was not typed.
pub(super) fn prompt(node: &Node) -> Option<String> {
    const LONGEST: usize = 200;
    let is_typed = node.role == Role::User && node.metadata.get("command").is_none();
    let text = node
        .parts
        .as_ref()
        .filter(|_| is_typed)?
        .iter()
        .find_map(|part| match part {
            Part::Text(text) if !text.trim().is_empty() => Some(text),
            _ => None,
        })?;
    // Enough of the text to fill a title, however much space is in it.
    let beginning: String = text.chars().take(20 * LONGEST).collect();
    let words: Vec<&str> = beginning.split_whitespace().collect();
    Some(words.join(" ").chars().take(LONGEST).collect())
}

/// The content of a line of the kind `system`.
pub(super) fn system(line: &Object<'_>, report: &mut ConversationReport) -> Said {
    const SHOWN: [&str; 5] = [
        "local_command",
        "compact_boundary",
        "informational",
        "away_summary",
        "scheduled_task_fire",
    ];
    let subtype = line.text("subtype").unwrap_or_default();
    let text = line
        .nonempty("content")
        .filter(|_| SHOWN.contains(&subtype.as_str()));
    let Some(text) = text.filter(|_| !line.is_true("isMeta")) else {
        report.hidden += 1;
        return Said::Hidden;
    };
    let mut node = new_node(Role::System);
    node.metadata.set("notice", &subtype);
    if let Some(compaction) = line.get("compactMetadata") {
        node.metadata.set("compaction", &compaction.to_raw());
    }
    node.parts = Some(vec![Part::Text(text)]);
    Said::Node(Box::new(node))
}

/// The content of a summary among the messages.
pub(super) fn summary(line: &Object<'_>, report: &mut ConversationReport) -> Said {
    match message(line, "summary", report) {
        Said::Node(mut node) => {
            node.role = Role::System;
            node.metadata.set("compactSummary", &true);
            Said::Node(node)
        }
        said => said,
    }
}

/// Attachments: files, and text typed while the model was working. All others are for the model only.
pub(super) fn attachment(line: &Object<'_>, report: &mut ConversationReport) -> Said {
    let attachment = line.object("attachment").unwrap_or_default();
    let parts = match attachment.text("type").as_deref() {
        Some("file") => Some(vec![attached_file(&attachment)]),
        Some("queued_command") => queued_command(&attachment, report),
        _ => None,
    };
    let Some(parts) = parts.filter(|parts| !parts.is_empty()) else {
        report.hidden += 1;
        return Said::Hidden;
    };
    let mut node = new_node(Role::User);
    node.metadata = Fields::default();
    node.metadata.set("attachment", &true);
    node.parts = Some(parts);
    Said::Node(Box::new(node))
}

fn attached_file(attachment: &Object<'_>) -> Part {
    let content = attachment.object("content").unwrap_or_default();
    let file = content.object("file").unwrap_or_default();
    let name = attachment.any_text(&["filename", "displayPath", "path"]);
    let name = name.or_else(|| file.any_text(&["filePath", "path"]));
    let text = file.text("content").or_else(|| attachment.text("content"));
    Part::document(name.as_deref(), &text.unwrap_or_default())
}

fn queued_command(attachment: &Object<'_>, report: &mut ConversationReport) -> Option<Vec<Part>> {
    let prompt = attachment.get("prompt")?;
    let blocks = prompt.items().unwrap_or_else(|| vec![prompt]);
    Some(
        blocks
            .into_iter()
            .filter_map(|block| anthropic::part_of(block, report))
            .collect(),
    )
}
