//! Turns: a chain of nodes in which the assistant thinks, calls tools and writes text.

use std::collections::HashMap;

use super::content::{self, Content};
use crate::conversation::{Role, Status};
use crate::json::{Object, raw};
use crate::parts::{AI_SDK, Part, Tool};
use crate::report::ConversationReport;
use crate::thread::{Link, Node};
use crate::time::time_of;

/// A node as it is in the export.
pub(super) struct SourceNode<'a> {
    pub key: String,
    pub parent: Link,
    pub message: Option<Object<'a>>,
}

/// Something in a turn.
enum Item {
    Part(Part),
    Tool(Tool),
}

/// A turn, which continues as long as one node follows another.
#[derive(Default)]
struct Turn {
    items: Vec<Item>,
    model: Option<String>,
    status: Option<Status>,
}

/// Groups nodes into turns.
pub(super) struct Turns<'a, 'b> {
    nodes: &'a [SourceNode<'b>],
    report: &'a mut ConversationReport,
    /// How many nodes follow each.
    children: HashMap<&'a str, usize>,
    index: HashMap<&'a str, usize>,
    /// The node that has begun the turn that a node is in.
    turn_of: Vec<Option<usize>>,
    is_read: Vec<bool>,
    turns: HashMap<usize, Turn>,
    made: Vec<Node>,
    instructions: Option<String>,
}

impl<'a, 'b> Turns<'a, 'b> {
    pub(super) fn new(nodes: &'a [SourceNode<'b>], report: &'a mut ConversationReport) -> Self {
        let mut children = HashMap::new();
        for node in nodes {
            if let Link::To(parent) = &node.parent {
                *children.entry(parent.as_str()).or_default() += 1;
            }
        }
        let index = nodes
            .iter()
            .enumerate()
            .map(|(index, node)| (node.key.as_str(), index))
            .collect();
        Self {
            nodes,
            report,
            children,
            index,
            turn_of: vec![None; nodes.len()],
            is_read: vec![false; nodes.len()],
            turns: HashMap::new(),
            made: Vec::new(),
            instructions: None,
        }
    }

    /// The user's description of themselves from the settings.
    pub(super) fn instructions(&self) -> Option<&String> {
        self.instructions.as_ref()
    }

    /// The nodes of the conversation, in the order of the export.
    pub(super) fn read(&mut self) -> Vec<Node> {
        let nodes = self.nodes.iter();
        self.made = nodes
            .map(|node| Node::new(node.key.clone(), node.parent.clone(), Role::System, AI_SDK))
            .collect();
        for index in 0..self.nodes.len() {
            // Each behind what it follows.
            let mut line = Vec::new();
            let mut at = Some(index);
            while let Some(current) = at.filter(|at| !self.is_read[*at]) {
                self.is_read[current] = true;
                line.push(current);
                at = self.parent(current);
            }
            for current in line.into_iter().rev() {
                self.read_node(current);
            }
        }
        for (index, turn) in std::mem::take(&mut self.turns) {
            self.made[index].model = turn.model;
            self.made[index].status = turn.status;
            let parts = turn.items.into_iter().map(|item| match item {
                Item::Part(part) => part,
                Item::Tool(tool) => tool.to_part(),
            });
            self.made[index].parts =
                Some(parts.collect::<Vec<_>>()).filter(|parts| !parts.is_empty());
        }
        std::mem::take(&mut self.made)
    }

    fn parent(&self, index: usize) -> Option<usize> {
        match &self.nodes[index].parent {
            Link::To(parent) => self.index.get(parent.as_str()).copied(),
            Link::Root | Link::Previous => None,
        }
    }

    /// The turn that a node can continue: that of the node before it, if nothing else follows that.
    fn open_turn(&self, index: usize) -> Option<usize> {
        let parent = self.parent(index)?;
        let is_only = self.children.get(self.nodes[parent].key.as_str()) == Some(&1);
        self.turn_of[parent].filter(|_| is_only)
    }

    fn read_node(&mut self, index: usize) {
        let Some(message) = &self.nodes[index].message else {
            return;
        };
        self.made[index].time = message.get("create_time").and_then(time_of);
        let author = message.object("author").unwrap_or_default();
        let role = author.text("role").unwrap_or_default();
        if is_hidden(message, &role) {
            self.note_instructions(message);
            self.report.hidden += 1;
            if role != "user" {
                self.turn_of[index] = self.open_turn(index);
            }
            return;
        }
        let content = content::read(message, self.report);
        if role == "user" {
            self.made[index].role = Role::User;
            self.made[index].parts = Some(content.parts).filter(|parts| !parts.is_empty());
            return;
        }
        let turn = self.open_turn(index).unwrap_or(index);
        self.turn_of[index] = Some(turn);
        self.made[turn].role = Role::Assistant;
        self.add_to_turn(
            turn,
            &self.nodes[index].key,
            message,
            &author,
            &role,
            content,
        );
    }

    fn note_instructions(&mut self, message: &Object<'_>) {
        const LONGEST: usize = 20_000;
        let text = content::instructions(message).filter(|text| !text.is_empty());
        if let Some(text) = text.filter(|_| self.instructions.is_none()) {
            self.instructions = Some(text.chars().take(LONGEST).collect());
        }
    }

    fn add_to_turn(
        &mut self,
        turn: usize,
        key: &str,
        message: &Object<'_>,
        author: &Object<'_>,
        role: &str,
        content: Content,
    ) {
        let metadata = message.object("metadata").unwrap_or_default();
        let turn = self.turns.entry(turn).or_default();
        turn.model = metadata.nonempty("model_slug").or(turn.model.take());
        let is_unfinished = message.text("status").as_deref() == Some("in_progress");
        turn.status = is_unfinished.then_some(Status::Aborted);
        let recipient = message
            .nonempty("recipient")
            .filter(|recipient| recipient != "all");
        match recipient {
            _ if role == "tool" => add_result(turn, key, author, content, self.report),
            Some(name) if !content.is_thought => {
                let (call_id, input) = (key.to_owned(), Some(content.value));
                turn.items.push(Item::Tool(Tool {
                    name,
                    call_id,
                    input,
                    ..Tool::default()
                }));
                let files = content.sources.into_iter();
                turn.items.extend(
                    files
                        .filter(|part| matches!(part, Part::NamedFile(_)))
                        .map(Item::Part),
                );
            }
            _ => turn.items.extend(content.parts.into_iter().map(Item::Part)),
        }
    }
}

/// Adds a tool result to its last call, or as a separate call if none is waiting for it.
fn add_result(
    turn: &mut Turn,
    key: &str,
    author: &Object<'_>,
    content: Content,
    report: &mut ConversationReport,
) {
    let name = author.nonempty("name");
    // The result of a call follows soon after it.
    const NEAR: usize = 200;
    let first = turn.items.len().saturating_sub(NEAR);
    let find = |turn: &Turn, name: Option<&String>| {
        let near = turn.items[first..].iter().rposition(|item| match item {
            Item::Tool(tool) => !tool.is_done && name.is_none_or(|name| tool.name == *name),
            Item::Part(_) => false,
        });
        near.map(|at| first + at)
    };
    let at = find(turn, name.as_ref()).or_else(|| find(turn, None));
    let at = at.unwrap_or_else(|| {
        let name = name.unwrap_or_else(|| "tool".to_owned());
        turn.items.push(Item::Tool(Tool {
            name,
            call_id: key.to_owned(),
            ..Tool::default()
        }));
        turn.items.len() - 1
    });
    if let Some(Item::Tool(tool)) = turn.items.get_mut(at) {
        tool.is_done = true;
        if content.is_shown_result {
            tool.output = Some(content.value);
        } else {
            report.hidden += 1;
            tool.output = Some(raw("null".to_owned()));
        }
    }
    turn.items
        .extend(content.sources.into_iter().map(Item::Part));
}

/// Whether a message is hidden.
fn is_hidden(message: &Object<'_>, role: &str) -> bool {
    let metadata = message.object("metadata").unwrap_or_default();
    let weighs_nothing = message.get("weight").and_then(|weight| weight.number()) == Some(0.0);
    metadata.is_true("is_visually_hidden_from_conversation")
        || weighs_nothing
        || !["user", "assistant", "tool"].contains(&role)
        || content::is_for_the_model(message)
}
