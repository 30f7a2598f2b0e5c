//! `conversations.json` of a ChatGPT export: a tree of nodes (`mapping`), of which `current_node` is the active leaf.
//!
//! The assistant's reasoning, tool calls and text of one turn are a chain of nodes there; here they are one message, with
//! the id of the first node, as long as no branch leaves that chain.

mod content;
mod turn;

use std::collections::HashMap;

use crate::Format;
use crate::conversation::Fields;
use crate::ids::id_of;
use crate::json::Object;
use crate::report::ConversationReport;
use crate::thread::{Link, Thread};
use crate::time::time_of;
use turn::{SourceNode, Turns};

/// Reads one conversation.
pub(crate) fn read(object: &Object<'_>, report: &mut ConversationReport) -> Option<Thread> {
    let mapping = object.object("mapping")?;
    let nodes = nodes_of(&mapping);
    let source_id = source_id(object, &nodes);
    let mut source = source(object, &source_id);
    let mut turns = Turns::new(&nodes, report);
    let created = object.get("create_time").and_then(time_of);
    let read = turns.read();
    source.set_some("customInstructions", turns.instructions());
    Some(Thread {
        nodes: read,
        title: object.nonempty("title"),
        created,
        updated: object.get("update_time").and_then(time_of),
        head: object.nonempty("current_node"),
        archived: object.is_true("is_archived"),
        pinned: object.is_true("is_starred") || object.get("pinned_time").is_some(),
        source,
        source_id,
        ..Thread::default()
    })
}

/// The nodes in the order of the source; of two with the same id the last counts.
fn nodes_of<'a>(mapping: &Object<'a>) -> Vec<SourceNode<'a>> {
    let last: HashMap<&str, usize> = mapping
        .members()
        .enumerate()
        .map(|(index, (key, _))| (key, index))
        .collect();
    let members = mapping.members().enumerate();
    let members = members.filter(|(index, (key, _))| last.get(key) == Some(index));
    let node = |(_, (key, json)): (usize, (&str, crate::json::Json<'a>))| {
        let node = json.object()?;
        let parent = node.nonempty("parent").map_or(Link::Root, Link::To);
        Some(SourceNode {
            key: key.to_owned(),
            parent,
            message: node.object("message"),
        })
    };
    members.filter_map(node).collect()
}

/// The first of its names that is a valid id.
fn source_id(object: &Object<'_>, nodes: &[SourceNode<'_>]) -> String {
    let names = ["conversation_id", "id"].map(|name| object.nonempty(name));
    let names: Vec<String> = names.into_iter().flatten().collect();
    let valid = names.iter().find(|name| id_of(name) == **name);
    let first_node = || nodes.first().map(|node| format!("chatgpt:{}", node.key));
    valid
        .or(names.first())
        .cloned()
        .or_else(first_node)
        .unwrap_or_default()
}

fn source(object: &Object<'_>, id: &str) -> Fields {
    let mut source = Fields::default();
    source.set("kind", &Format::ChatGpt);
    source.set("id", &id);
    for (name, from) in [
        ("model", "default_model_slug"),
        ("gizmoId", "gizmo_id"),
        ("origin", "conversation_origin"),
    ] {
        source.set_some(
            name,
            object.nonempty(from).filter(|text| text.len() <= 4_096),
        );
    }
    source
}
