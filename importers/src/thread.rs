//! Builds a conversation from the nodes that a format has read, some of them hidden.
//!
//! Here ids are derived, parents resolved, cycles cut, dates estimated and large messages split, for all formats
//! alike. Trees are walked by loops, so their depth costs no stack.

mod builder;
mod earlier;

use std::collections::{HashMap, HashSet};

use serde_json::value::RawValue;

use crate::conversation::{Conversation, Fields, Role, Status, Tokens, Usage};
use crate::ids::{digest, id_of};
use crate::json::Json;
use crate::parts::Part;
use crate::report::{ConversationReport, Placeholder, PlaceholderReason, SkipCode};
use crate::time::to_iso;
use builder::Builder;

pub(crate) use earlier::Earlier;

/// A conversation as its format has read it.
#[derive(Debug, Default)]
pub(crate) struct Thread {
    /// Its name in the source.
    pub source_id: String,
    pub title: Option<String>,
    pub created: Option<i64>,
    pub updated: Option<i64>,
    /// The key of the last node of the active path; without one it is the last node of the source.
    pub head: Option<String>,
    pub archived: bool,
    pub pinned: bool,
    pub tags: Vec<String>,
    pub source: Fields,
    /// In the order of the source.
    pub nodes: Vec<Node>,
    /// What to do with a node whose parent is missing.
    pub orphans: Orphans,
    /// Whether a repeated key is the same message, rather than another one.
    pub keys_are_unique: bool,
}

/// What to do with a node whose parent is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Orphans {
    /// It begins a new branch.
    #[default]
    Begin,
    /// It follows the one before it; the first one keeps the name of its parent, which may be in an earlier portion.
    Follow,
}

/// A message, or a hidden one, which only links its children to its parent.
#[derive(Debug)]
pub(crate) struct Node {
    /// Its key in the source; empty if it has none.
    pub key: String,
    pub parent: Link,
    pub role: Role,
    pub time: Option<i64>,
    /// Its content; `None` if it is hidden.
    pub parts: Option<Vec<Part>>,
    pub format: &'static str,
    /// Whether a single text becomes the content instead of a part.
    pub plain: bool,
    pub model: Option<String>,
    pub usage: Option<Usage>,
    /// Set if the source has only a sum.
    pub tokens: Option<Tokens>,
    pub status: Option<Status>,
    pub metadata: Fields,
}

impl Node {
    pub(crate) fn new(key: String, parent: Link, role: Role, format: &'static str) -> Self {
        Self {
            key,
            parent,
            role,
            time: None,
            parts: None,
            format,
            plain: true,
            model: None,
            usage: None,
            tokens: None,
            status: None,
            metadata: Fields::default(),
        }
    }
}

/// The parent of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Link {
    /// Nothing.
    Root,
    /// The node before it in the source.
    #[default]
    Previous,
    /// The node of this key.
    To(String),
}

/// Builds the conversation; `None` if nothing is visible, and the report says so.
pub(crate) fn build(
    mut thread: Thread,
    max_messages: usize,
    earlier: &mut Earlier,
    report: &mut ConversationReport,
) -> Option<Conversation> {
    if thread.source_id.is_empty() {
        thread.source_id = name_of(&thread);
    }
    let id = id_of(&thread.source_id);
    report.id = Some(id.clone());
    if thread.nodes.len() > max_messages {
        report.skipped = Some(SkipCode::TooManyMessages);
        return None;
    }
    let nodes = named(std::mem::take(&mut thread.nodes), &thread, earlier, report);
    let built = Builder::new(&thread, nodes, earlier, report).run();
    report.messages = built.messages.len();
    if built.messages.is_empty() {
        report.skipped = Some(SkipCode::Empty);
        return None;
    }
    let created = thread.created.or(earlier.created);
    let source = bounded_source(thread.source, &id, report);
    let updated = thread.updated.or(earlier.updated).max(created);
    Some(Conversation {
        id,
        title: thread.title.as_deref().and_then(shortened_title),
        created_at: created.map(to_iso),
        updated_at: updated.map(to_iso),
        head_id: built.head,
        archived: thread.archived,
        pinned: thread.pinned,
        tags: valid_tags(thread.tags),
        source,
        messages: built.messages,
    })
}

/// An id for a conversation without one: derived from its beginning, so that it stays when the end grows.
fn name_of(thread: &Thread) -> String {
    let first = thread.nodes.first();
    let key = first.map(|node| node.key.as_str()).unwrap_or_default();
    let text = first.and_then(|node| node.parts.as_ref()?.first().map(Part::to_json));
    let created = thread.created.map(to_iso).unwrap_or_default();
    let text = text.as_deref().map_or("", RawValue::get);
    format!("unnamed:{}", digest(&[&created, key, text]))
}

/// Truncated to the service's limit; `None` if it is empty.
fn shortened_title(title: &str) -> Option<String> {
    const LONGEST: usize = 1_000;
    let title: String = title.trim().chars().take(LONGEST).collect();
    (!title.is_empty()).then_some(title)
}

fn shortened_model(model: &str) -> String {
    const LONGEST: usize = 256;
    model.chars().take(LONGEST).collect()
}

/// The data of the source, unless it exceeds the limit of a conversation.
fn bounded_source(source: Fields, id: &str, report: &mut ConversationReport) -> Fields {
    const MOST: usize = 200_000;
    let size = source.size();
    if size <= MOST {
        return source;
    }
    report.add_placeholder(too_large(id, "source", size));
    let mut kind = Fields::default();
    kind.set_some(
        "kind",
        source
            .get("kind")
            .and_then(Json::parse)
            .and_then(Json::text),
    );
    kind
}

fn too_large(id: &str, name: &str, size: usize) -> Placeholder {
    Placeholder {
        message_id: id.to_owned(),
        name: Some(name.to_owned()),
        bytes: Some(size as u64),
        reason: PlaceholderReason::TooLarge,
    }
}

fn valid_tags(tags: Vec<String>) -> Vec<String> {
    const MOST: usize = 50;
    const LONGEST: usize = 100;
    let mut seen = HashSet::new();
    let tags = tags
        .into_iter()
        .map(|tag| tag.chars().take(LONGEST).collect::<String>());
    tags.filter(|tag| !tag.is_empty() && seen.insert(tag.clone()))
        .take(MOST)
        .collect()
}

/// The nodes, each with a unique key.
fn named(
    nodes: Vec<Node>,
    thread: &Thread,
    earlier: &Earlier,
    report: &mut ConversationReport,
) -> Vec<Node> {
    let mut seen: HashMap<String, u64> = earlier.keys().map(|key| (key.to_owned(), 1)).collect();
    let mut kept = Vec::with_capacity(nodes.len());
    for (index, mut node) in nodes.into_iter().enumerate() {
        if node.key.is_empty() {
            node.key = format!("{}#{index}", thread.source_id);
        }
        let times = seen.entry(node.key.clone()).or_default();
        *times += 1;
        if *times > 1 {
            report.duplicates += 1;
            if thread.keys_are_unique {
                continue;
            }
            node.key = format!("{}#again{times}", node.key);
        }
        kept.push(node);
    }
    kept
}

#[cfg(test)]
mod tests;
