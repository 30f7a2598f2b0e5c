//! `conversations.json` of a claude.ai export: messages with Anthropic's blocks, which stay as they came.

use std::collections::HashSet;

use super::anthropic;
use crate::Format;
use crate::conversation::{Fields, Role};
use crate::json::{Json, Object};
use crate::parts::{ANTHROPIC, NamedFile, Part};
use crate::report::ConversationReport;
use crate::thread::{Link, Node, Thread};
use crate::time::time_of;

/// What the first messages of a conversation follow.
const ROOT: &str = "00000000-0000-4000-8000-000000000000";

/// Reads one conversation.
pub(crate) fn read(object: &Object<'_>, report: &mut ConversationReport) -> Option<Thread> {
    let design = !object.has("chat_messages");
    let messages = object
        .get(if design { "messages" } else { "chat_messages" })?
        .items()?;
    let messages: Vec<Object<'_>> = messages.into_iter().filter_map(Json::object).collect();
    let source_id = object
        .nonempty("uuid")
        .or_else(|| first_uuid(&messages))
        .unwrap_or_default();
    let has_parents = messages
        .iter()
        .any(|message| message.has("parent_message_uuid"));
    let nodes = messages.iter().map(|message| {
        let mut node = node(message, has_parents);
        node.parts = Some(parts(message, report));
        node
    });
    Some(Thread {
        nodes: nodes.collect(),
        title: object.nonempty("name"),
        created: object.get("created_at").and_then(time_of),
        updated: object.get("updated_at").and_then(time_of),
        head: object.nonempty("current_leaf_message_uuid"),
        source: source(object, &source_id),
        source_id,
        ..Thread::default()
    })
}

fn first_uuid(messages: &[Object<'_>]) -> Option<String> {
    messages
        .first()?
        .nonempty("uuid")
        .map(|uuid| format!("claude-ai:{uuid}"))
}

fn source(object: &Object<'_>, id: &str) -> Fields {
    let mut source = Fields::default();
    source.set("kind", &Format::ClaudeAi);
    source.set("id", &id);
    let summary = object
        .nonempty("summary")
        .filter(|text| text.len() <= 20_000);
    source.set_some("summary", summary);
    let project = object
        .object("project")
        .and_then(|project| project.nonempty("name"));
    source.set_some("project", project);
    source
}

fn node(message: &Object<'_>, has_parents: bool) -> Node {
    let role = match message.any_text(&["sender", "role"]).as_deref() {
        Some("human" | "user") => Role::User,
        Some("assistant") => Role::Assistant,
        _ => Role::System,
    };
    let parent = match message.nonempty("parent_message_uuid") {
        _ if !has_parents => Link::Previous,
        Some(parent) if parent != ROOT => Link::To(parent),
        _ => Link::Root,
    };
    let key = message.nonempty("uuid").unwrap_or_default();
    let mut node = Node::new(key, parent, role, ANTHROPIC);
    node.time = message.get("created_at").and_then(time_of);
    node.model = message.nonempty("model");
    node
}

/// The blocks; if none of them is text, the message's own text before them; then the attachments.
fn parts(message: &Object<'_>, report: &mut ConversationReport) -> Vec<Part> {
    let blocks = blocks_of(message);
    let is_text = |block: &Json<'_>| {
        block.object().is_some_and(|block| {
            block.text("type").as_deref() == Some("text") && block.nonempty("text").is_some()
        })
    };
    let own_text = message
        .nonempty("text")
        .filter(|_| !blocks.iter().any(is_text));
    let mut parts: Vec<Part> = own_text.map(Part::Text).into_iter().collect();
    for block in blocks {
        if is_hidden(block) {
            report.hidden += 1;
        } else {
            parts.extend(anthropic::part_of(block, report));
        }
    }
    parts.extend(attached(message));
    parts
}

fn blocks_of<'a>(message: &Object<'a>) -> Vec<Json<'a>> {
    let Some(content) = message.object("content") else {
        return message.items("content");
    };
    // Design chats have them one level down.
    let blocks = content.items("contentBlocks");
    match content.get("content").filter(|_| blocks.is_empty()) {
        Some(text) => text.items().unwrap_or_else(|| vec![text]),
        None => blocks,
    }
}

fn is_hidden(block: Json<'_>) -> bool {
    let kind = block.object().and_then(|block| block.text("type"));
    kind.as_deref() == Some("token_budget")
}

/// Attachments have their text, files only a name.
fn attached(message: &Object<'_>) -> Vec<Part> {
    let attachments: Vec<Object<'_>> = message
        .items("attachments")
        .into_iter()
        .filter_map(Json::object)
        .collect();
    let names: HashSet<String> = attachments
        .iter()
        .filter_map(|attachment| attachment.nonempty("file_name"))
        .collect();
    let documents = attachments.iter().map(attachment);
    let files = ["files", "files_v2"].map(|name| message.items(name));
    let files = files
        .into_iter()
        .flatten()
        .filter_map(Json::object)
        .filter_map(|file| {
            let name = file.nonempty("file_name");
            let is_attached = name.as_ref().is_some_and(|name| names.contains(name));
            (!is_attached).then(|| named_file(&file, name))
        });
    documents.chain(files).collect()
}

fn attachment(attachment: &Object<'_>) -> Part {
    let name = attachment.nonempty("file_name");
    match attachment.text("extracted_content") {
        Some(text) => Part::document(name.as_deref(), &text),
        None => named_file(attachment, name),
    }
}

fn named_file(file: &Object<'_>, name: Option<String>) -> Part {
    Part::NamedFile(NamedFile {
        name,
        media_type: file
            .any_text(&["file_type", "mime_type"])
            .filter(|kind| kind.contains('/')),
        bytes: file.count("file_size"),
        source_id: file.nonempty("file_uuid"),
    })
}
