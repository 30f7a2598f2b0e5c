//! Anthropic's content blocks, as Claude Code and claude.ai keep them.

use crate::json::{Json, Object};
use crate::parts::Part;
use crate::report::{ConversationReport, count_kind};

/// The parts of a block; none if it is empty.
pub(crate) fn part_of(block: Json<'_>, report: &mut ConversationReport) -> Option<Part> {
    if let Some(text) = block.text() {
        return (!text.is_empty()).then_some(Part::Text(text));
    }
    let object = block.object().unwrap_or_default();
    let kind = object.text("type").unwrap_or_default();
    if kind == "text" {
        return text_part(block, &object);
    }
    if !is_known(&kind) {
        count_kind(&mut report.unknown_blocks, &kind);
    }
    Some(Part::opaque(block))
}

/// Text with citations stays as it came.
fn text_part(block: Json<'_>, object: &Object<'_>) -> Option<Part> {
    let text = object.nonempty("text")?;
    match object.items("citations").is_empty() {
        true => Some(Part::Text(text)),
        false => Some(Part::Json(block.to_raw())),
    }
}

fn is_known(kind: &str) -> bool {
    const KNOWN: [&str; 6] = [
        "thinking",
        "redacted_thinking",
        "image",
        "document",
        "search_result",
        "container_upload",
    ];
    KNOWN.contains(&kind) || kind.ends_with("tool_use") || kind.ends_with("tool_result")
}

/// Whether a block is a tool result.
pub(crate) fn is_tool_result(block: Json<'_>) -> bool {
    let kind = block.object().and_then(|object| object.text("type"));
    kind.is_some_and(|kind| kind.ends_with("tool_result"))
}
