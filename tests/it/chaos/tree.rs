//! The messages of a conversation: a tree, of which the path from its root to the head is the active one.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A message as it is shown.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line {
    pub id: String,
    pub content: String,
    /// As JSON.
    pub parts: Option<String>,
    pub tokens: u64,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Message {
    pub line: Line,
    /// Shown, but irrelevant to the order, which is that of sending.
    pub timestamp: i64,
}

/// What a message is to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parent {
    Head,
    Root,
    Message(String),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Shared by all the states that a checker keeps.
    pub message: Arc<Message>,
    pub parent: Option<String>,
    /// Siblings are told in this order.
    number: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tree {
    nodes: BTreeMap<String, Node>,
    pub head: Option<String>,
    last_number: u64,
}

impl Tree {
    pub fn holds(&self, id: &str) -> bool {
        self.nodes.contains_key(id)
    }

    pub fn holds_all(&self, messages: &[Message]) -> bool {
        messages.iter().all(|message| self.holds(&message.line.id))
    }

    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values()
    }

    /// Root to head.
    pub fn path(&self) -> Vec<&Node> {
        self.head
            .as_ref()
            .map_or(vec![], |head| self.path_to(head).unwrap())
    }

    /// Root to this message, if it is there.
    pub fn path_to(&self, id: &str) -> Option<Vec<&Node>> {
        let mut path = vec![self.nodes.get(id)?];
        while let Some(parent) = &path[path.len() - 1].parent {
            path.push(&self.nodes[parent]);
        }
        path.reverse();
        Some(path)
    }

    pub fn tokens(&self) -> u64 {
        self.nodes().map(|node| node.message.line.tokens).sum()
    }

    /// What follows each message, and what begins the conversation, in the order in which it came.
    pub fn families(&self) -> BTreeMap<Option<&str>, Vec<&str>> {
        let mut nodes: Vec<&Node> = self.nodes().collect();
        nodes.sort_by_key(|node| node.number);
        let mut families: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
        for node in nodes {
            let family = families.entry(node.parent.as_deref()).or_default();
            family.push(node.id());
        }
        families
    }

    /// Adds missing messages after a parent, one after the other; the active path then ends with them. Returns
    /// whether the parent exists.
    pub fn append(&mut self, messages: &[Message], parent: &Parent) -> bool {
        let is_new = |message: &&Message| !self.holds(&message.line.id);
        let new: Vec<&Message> = messages.iter().filter(is_new).collect();
        // The others follow the one before them.
        let is_first_new = new
            .first()
            .is_some_and(|new| new.line.id == messages[0].line.id);
        match parent {
            _ if !is_first_new => {}
            Parent::Head => {}
            Parent::Root => self.head = None,
            Parent::Message(id) if self.holds(id) => self.head = Some(id.clone()),
            Parent::Message(_) => return false,
        }
        for message in new {
            self.last_number += 1;
            let parent = self.head.replace(message.line.id.clone());
            self.insert(message, parent, self.last_number);
        }
        true
    }

    fn insert(&mut self, message: &Message, parent: Option<String>, number: u64) {
        let node = Node {
            message: Arc::new(message.clone()),
            parent,
            number,
        };
        self.nodes.insert(message.line.id.clone(), node);
    }

    /// Replaces a message in place, or adds it after the head.
    pub fn put(&mut self, message: &Message) {
        match self.nodes.get_mut(&message.line.id) {
            Some(node) => node.message = Arc::new(message.clone()),
            None => {
                self.append(std::slice::from_ref(message), &Parent::Head);
            }
        }
    }

    pub fn line_mut(&mut self, id: &str) -> Option<&mut Line> {
        let node = self.nodes.get_mut(id)?;
        Some(&mut Arc::make_mut(&mut node.message).line)
    }

    /// Makes these messages the active path. Messages off the path stay, after the nearest ancestor that is left.
    pub fn save(&mut self, messages: &[Message]) {
        let before: Vec<(String, u64)> = self
            .path()
            .iter()
            .map(|node| (node.id().to_owned(), node.number))
            .collect();
        let is_sent = |id: &str| messages.iter().any(|message| message.line.id == id);
        let has_others = self.nodes.len() > before.len();
        for (id, _) in before.iter().filter(|(id, _)| !is_sent(id)) {
            self.take_out(id);
        }
        if !has_others {
            self.last_number = 0;
        }
        self.head = None;
        let mut last = 0;
        for message in messages {
            // Messages that keep their order keep their numbers.
            let known = before.iter().find(|(id, _)| *id == message.line.id);
            let known = known.filter(|(_, number)| has_others && *number > last);
            last = known.map_or(self.last_number + 1, |(_, number)| *number);
            self.last_number = self.last_number.max(last);
            let parent = self.head.replace(message.line.id.clone());
            self.insert(message, parent, last);
        }
    }

    /// Removes a message; its children move to its parent.
    fn take_out(&mut self, id: &str) {
        let parent = self.nodes.remove(id).unwrap().parent;
        for node in self.nodes.values_mut() {
            if node.parent.as_deref() == Some(id) {
                node.parent.clone_from(&parent);
            }
        }
        if self.head.as_deref() == Some(id) {
            self.head = parent;
        }
    }

    /// Removes a message that is there, and where `and_after` says so all that follow it in every branch; their ids.
    pub fn remove(&mut self, id: &str, and_after: bool) -> Vec<String> {
        let is_gone = |node: &&Node| {
            let path = self.path_to(node.id()).unwrap();
            node.id() == id || and_after && path.iter().any(|before| before.id() == id)
        };
        let gone: Vec<String> = self
            .nodes()
            .filter(is_gone)
            .map(|node| node.id().to_owned())
            .collect();
        // Each of the others follows another one of them.
        for id in &gone {
            self.take_out(id);
        }
        gone
    }
}

impl Node {
    pub fn id(&self) -> &str {
        &self.message.line.id
    }
}
