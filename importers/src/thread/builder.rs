//! Orders nodes and turns them into messages: each after the one it follows.

use std::collections::{HashMap, HashSet};

use super::earlier::{Earlier, Place};
use super::{Link, Node, Orphans, Thread, shortened_model, too_large};
use crate::conversation::{Fields, Message, Usage};
use crate::fit::{self, Body};
use crate::ids::{digest_id, id_of};
use crate::parts::Part;
use crate::report::ConversationReport;
use crate::time::to_iso;

/// The result.
pub(super) struct Built {
    pub(super) messages: Vec<Message>,
    pub(super) head: Option<String>,
}

pub(super) struct Builder<'a> {
    thread: &'a Thread,
    nodes: Vec<Option<Node>>,
    parents: Vec<Parent>,
    places: Vec<Option<Place>>,
    known: HashMap<String, Place>,
    earlier: &'a mut Earlier,
    report: &'a mut ConversationReport,
    used: HashSet<String>,
    messages: Vec<Message>,
    first_time: Option<i64>,
    /// Which node has been seen last, in the order of the source.
    visible: Vec<bool>,
}

/// The resolved parent of a node.
enum Parent {
    Root,
    /// Of these nodes.
    Index(usize),
    /// Of an earlier portion, or nowhere.
    Key(String),
    /// What came last in earlier portions.
    Last,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        thread: &'a Thread,
        nodes: Vec<Node>,
        earlier: &'a mut Earlier,
        report: &'a mut ConversationReport,
    ) -> Self {
        let indices: HashMap<&str, usize> = nodes
            .iter()
            .enumerate()
            .map(|(index, node)| (node.key.as_str(), index))
            .collect();
        let parent = |(index, node): (usize, &Node)| match &node.parent {
            Link::Root => Parent::Root,
            Link::Previous => index.checked_sub(1).map_or(Parent::Last, Parent::Index),
            Link::To(key) => match indices.get(key.as_str()) {
                Some(parent) => Parent::Index(*parent),
                None => Parent::Key(key.clone()),
            },
        };
        let parents = nodes.iter().enumerate().map(parent).collect();
        let first_time = nodes.iter().find_map(|node| node.time);
        Self {
            thread,
            parents,
            places: vec![None; nodes.len()],
            visible: vec![false; nodes.len()],
            nodes: nodes.into_iter().map(Some).collect(),
            known: earlier.links.iter().cloned().collect(),
            earlier,
            report,
            used: HashSet::new(),
            messages: Vec::new(),
            first_time,
        }
    }

    pub(super) fn run(mut self) -> Built {
        let keys = self
            .nodes
            .iter()
            .flatten()
            .map(|node| node.key.clone())
            .collect::<Vec<_>>();
        let mut is_in_line = vec![false; keys.len()];
        for index in 0..keys.len() {
            // Each after its parent; in a cycle, one node gets no parent.
            let mut line = Vec::new();
            let mut at = Some(index);
            while let Some(current) = at.filter(|at| self.places[*at].is_none() && !is_in_line[*at])
            {
                is_in_line[current] = true;
                line.push(current);
                at = match self.parents[current] {
                    Parent::Index(parent) => Some(parent),
                    _ => None,
                };
            }
            for current in line.into_iter().rev() {
                self.place(current);
            }
        }
        let head = self.head(&keys);
        for (key, place) in keys.into_iter().zip(self.places) {
            self.earlier.remember(key, place.unwrap_or_default());
        }
        Built {
            messages: self.messages,
            head,
        }
    }

    /// The head that the source names, or else the last of its leaves that hangs together with a beginning.
    fn head(&self, keys: &[String]) -> Option<String> {
        let named = self.thread.head.as_ref().and_then(|head| {
            let index = keys.iter().position(|key| key == head)?;
            self.places[index].as_ref()?.id.clone()
        });
        let followed: HashSet<&String> = self
            .messages
            .iter()
            .filter_map(|message| message.parent_id.as_ref())
            .collect();
        let last = |is_whole: bool| {
            let seen = self.places.iter().zip(&self.visible).rev();
            let mut leaves =
                seen.filter(|(_, is_visible)| **is_visible)
                    .filter_map(|(place, _)| {
                        let place = place.as_ref()?;
                        let id = place.id.as_ref()?;
                        (!followed.contains(id) && (place.whole || !is_whole)).then_some(id)
                    });
            leaves.next().cloned()
        };
        named.or_else(|| last(true)).or_else(|| last(false))
    }

    fn place(&mut self, index: usize) {
        let Some(mut node) = self.nodes[index].take() else {
            return;
        };
        let (before, is_missing) = self.place_before(index);
        let mut place = before;
        if let Some(parts) = node.parts.take() {
            let time = self.time_of(&node, &place);
            if is_missing {
                node.metadata.set("parentMissing", &true);
                self.report.missing_parents += 1;
            }
            place.id = Some(self.add_message(node, parts, time, place.id));
            place.time = time;
            self.visible[index] = true;
            self.earlier.last = Some(place.clone());
            self.earlier.created = self.earlier.created.or(time);
            self.earlier.updated = self.earlier.updated.max(time);
        } else {
            place.time = node.time.or(place.time);
        }
        self.places[index] = Some(place);
    }

    /// The place of a node's parent, and whether the source lacks it.
    fn place_before(&self, index: usize) -> (Place, bool) {
        let root = Place {
            whole: true,
            ..Place::default()
        };
        match &self.parents[index] {
            Parent::Root => (root, false),
            Parent::Last => (self.earlier.last.clone().unwrap_or(root), false),
            Parent::Index(parent) => match &self.places[*parent] {
                Some(place) => (place.clone(), false),
                None => (root, true),
            },
            Parent::Key(key) => match self.known.get(key) {
                Some(place) => (place.clone(), false),
                None if self.earlier.is_cut => {
                    let time = self.earlier.last.as_ref().and_then(|last| last.time);
                    (
                        Place {
                            id: Some(id_of(key)),
                            time,
                            whole: true,
                        },
                        false,
                    )
                }
                None => (self.place_of_orphan(key), true),
            },
        }
    }

    fn place_of_orphan(&self, parent: &str) -> Place {
        match (self.thread.orphans, &self.earlier.last) {
            (Orphans::Begin, _) => Place::default(),
            (Orphans::Follow, Some(last)) => Place {
                whole: true,
                ..last.clone()
            },
            // A portion without a continuation: the service may know the parent.
            (Orphans::Follow, None) => Place {
                id: Some(id_of(parent)),
                time: None,
                whole: true,
            },
        }
    }

    /// The node's own time, or one just after its parent; counted if it is estimated.
    fn time_of(&mut self, node: &Node, before: &Place) -> Option<i64> {
        if node.time.is_some() {
            return node.time;
        }
        let last = || self.earlier.last.as_ref().and_then(|last| last.time);
        let time = before.time.or_else(last).map(|time| time.saturating_add(1));
        let time = time.or(self.thread.created).or(self.first_time);
        match time {
            Some(_) => self.report.estimated_dates += 1,
            None => self.report.undated += 1,
        }
        time
    }

    /// Adds a message, or several where it is large, and returns the id of the last.
    fn add_message(
        &mut self,
        mut node: Node,
        parts: Vec<Part>,
        time: Option<i64>,
        parent: Option<String>,
    ) -> String {
        if node.time.is_none() && time.is_some() {
            node.metadata.set("dateEstimated", &true);
        }
        let first = self.unused_id(id_of(&node.key));
        self.bound_metadata(&mut node, &first);
        let bodies = fit::pack(parts, node.plain, &first, self.report);
        let (mut id, mut parent) = (first.clone(), parent);
        for (number, body) in bodies.into_iter().enumerate() {
            if number > 0 {
                parent = Some(id);
                id = self.unused_id(digest_id(&[&first, "part", &number.to_string()]));
            }
            let message = message(&node, body, id.clone(), time, parent.take(), number == 0);
            self.messages.push(message);
        }
        id
    }

    fn unused_id(&mut self, id: String) -> String {
        let mut unused = id.clone();
        while !self.used.insert(unused.clone()) {
            unused = digest_id(&[&unused, "again"]);
        }
        unused
    }

    fn bound_metadata(&mut self, node: &mut Node, id: &str) {
        const MOST: usize = 262_144;
        let size = node.metadata.size();
        if size > MOST {
            node.metadata = Fields::default();
            self.report.add_placeholder(too_large(id, "metadata", size));
        }
    }
}

/// A message; only the first of several accounts for tokens.
fn message(
    node: &Node,
    body: Body,
    id: String,
    time: Option<i64>,
    parent_id: Option<String>,
    is_first: bool,
) -> Message {
    let usage = node.usage.filter(|usage| is_first && !usage.is_zero());
    let tokens = node
        .tokens
        .filter(|_| is_first)
        .or(usage.map(Usage::tokens));
    let (content, parts) = match body {
        Body::Content(text) => (Some(text), None),
        Body::Parts(parts) => (None, Some(parts)),
    };
    Message {
        id,
        role: node.role,
        content,
        format: parts.is_some().then_some(node.format),
        parts,
        timestamp: time.map(to_iso),
        parent_id,
        status: node.status,
        model: node.model.as_deref().map(shortened_model),
        tokens,
        usage,
        metadata: node.metadata.clone(),
    }
}
