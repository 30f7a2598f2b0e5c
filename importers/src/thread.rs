//! Builds a conversation from what a format has read of it: nodes that follow one another, some of them hidden.
//!
//! Here ids are made, parents resolved, circles cut, dates estimated and large messages spread, for all formats alike.
//! Trees are walked by loops, so their depth costs no stack.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::conversation::{Conversation, Fields, Message, Role, Status, Tokens, Usage};
use crate::fit::{self, Body};
use crate::ids::{digest, digest_id, id_of};
use crate::parts::Part;
use crate::report::{ConversationReport, Placeholder, PlaceholderReason, SkipCode};
use crate::time::to_iso;

/// A conversation as its format has read it.
#[derive(Debug, Default)]
pub(crate) struct Thread {
    /// What the source calls it.
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
    /// What becomes of a node whose parent is not there.
    pub orphans: Orphans,
    /// Whether a key that comes again is the same message again, and not another one.
    pub keys_are_unique: bool,
}

/// What becomes of a node whose parent is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Orphans {
    /// It begins a branch of its own.
    #[default]
    Begin,
    /// It follows the one before it.
    Follow,
}

/// A message, or one that the source hides: then it only links what follows it to what it follows.
#[derive(Debug)]
pub(crate) struct Node {
    /// What the source calls it; empty where it has no name.
    pub key: String,
    pub parent: Link,
    pub role: Role,
    pub time: Option<i64>,
    /// What it says; `None` where it is hidden.
    pub parts: Option<Vec<Part>>,
    pub format: &'static str,
    /// Whether a single text becomes the content instead of a part.
    pub plain: bool,
    pub model: Option<String>,
    pub usage: Option<Usage>,
    /// Where the source has no more than a sum.
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

/// What a node follows.
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

/// What is known of earlier portions of the same source.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Earlier {
    /// Where the nodes stand, oldest first.
    links: Vec<(String, Place)>,
    /// Whether there were more.
    is_cut: bool,
    last: Option<Place>,
    created: Option<i64>,
    updated: Option<i64>,
}

impl Earlier {
    /// The keys of the nodes.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.links.iter().map(|(key, _)| key.as_str())
    }

    fn remember(&mut self, key: String, place: Place) {
        self.links.push((key, place));
    }

    /// Keeps only the newest.
    pub(crate) fn cut(&mut self, most: usize) {
        if self.links.len() > most {
            self.links.drain(..self.links.len() - most);
            self.is_cut = true;
        }
    }
}

/// Where a node stands.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Place {
    /// The message it is, or where it is hidden the one it follows; `None` at the beginning.
    id: Option<String>,
    time: Option<i64>,
    /// Whether all that it follows is there.
    whole: bool,
}

/// Builds the conversation; `None` where nothing is to be seen of it, and the report says so.
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
        source: thread.source,
        messages: built.messages,
    })
}

/// A name for a conversation that its source gives none: made of its beginning, so that it stays when the end grows.
fn name_of(thread: &Thread) -> String {
    let first = thread.nodes.first();
    let key = first.map(|node| node.key.as_str()).unwrap_or_default();
    let text = first.and_then(|node| node.parts.as_ref()?.first().map(Part::to_json));
    let created = thread.created.map(to_iso).unwrap_or_default();
    let text = text.as_deref().map_or("", RawValue::get);
    format!("unnamed:{}", digest(&[&created, key, text]))
}

/// As long as the service takes them; `None` where it is empty.
fn shortened_title(title: &str) -> Option<String> {
    const LONGEST: usize = 1_000;
    let title: String = title.trim().chars().take(LONGEST).collect();
    (!title.is_empty()).then_some(title)
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

/// The nodes with a key each, and none that comes again.
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

/// What has been built.
struct Built {
    messages: Vec<Message>,
    head: Option<String>,
}

struct Builder<'a> {
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

/// What a node follows, looked up.
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
    fn new(
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

    fn run(mut self) -> Built {
        let keys = self
            .nodes
            .iter()
            .flatten()
            .map(|node| node.key.clone())
            .collect::<Vec<_>>();
        let mut is_in_line = vec![false; keys.len()];
        for index in 0..keys.len() {
            // Each behind what it follows; in a circle, one of it follows nothing.
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

    /// Where that stands which a node follows, and whether the source lacks it.
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
                None => (self.place_of_orphan(), true),
            },
        }
    }

    fn place_of_orphan(&self) -> Place {
        let last = || self.earlier.last.clone().unwrap_or_default();
        match self.thread.orphans {
            Orphans::Follow => Place {
                whole: true,
                ..last()
            },
            Orphans::Begin => Place::default(),
        }
    }

    /// The node's own time, or one just after what it follows; counted where it is estimated.
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
            self.report.add_placeholder(Placeholder {
                message_id: id.to_owned(),
                name: Some("metadata".to_owned()),
                bytes: Some(size as u64),
                reason: PlaceholderReason::TooLarge,
            });
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
        model: node.model.clone(),
        tokens,
        usage,
        metadata: node.metadata.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(key: &str, parent: Link) -> Node {
        let mut node = Node::new(key.into(), parent, Role::User, "x");
        node.parts = Some(vec![Part::Text(key.into())]);
        node
    }

    fn to(key: &str) -> Link {
        Link::To(key.into())
    }

    fn built(thread: Thread) -> (Conversation, ConversationReport) {
        let mut report = ConversationReport::default();
        let conversation = build(thread, 1_000_000, &mut Earlier::default(), &mut report);
        (conversation.unwrap(), report)
    }

    fn links(conversation: &Conversation) -> Vec<(&str, Option<&str>)> {
        let messages = conversation.messages.iter();
        messages
            .map(|message| (&*message.id, message.parent_id.as_deref()))
            .collect()
    }

    #[test]
    fn hidden_nodes_link_what_follows_them() {
        let mut hidden = node("b", to("a"));
        hidden.parts = None;
        let nodes = vec![
            node("c", to("b")),
            node("a", Link::Root),
            hidden,
            node("d", to("b")),
        ];
        let thread = Thread {
            nodes,
            head: Some("b".into()),
            ..Thread::default()
        };
        let (conversation, _) = built(thread);
        assert_eq!(
            links(&conversation),
            [("a", None), ("c", Some("a")), ("d", Some("a"))]
        );
        assert_eq!(conversation.head_id.as_deref(), Some("a"));
    }

    #[test]
    fn a_circle_is_cut() {
        let nodes = vec![
            node("a", to("c")),
            node("b", to("a")),
            node("c", to("b")),
            node("d", to("d")),
        ];
        let (conversation, report) = built(Thread {
            nodes,
            ..Thread::default()
        });
        let expected = [("b", None), ("c", Some("b")), ("a", Some("c")), ("d", None)];
        assert_eq!(links(&conversation), expected);
        assert_eq!(report.missing_parents, 2);
    }

    #[test]
    fn the_head_hangs_together_with_a_beginning() {
        let nodes = || {
            vec![
                node("a", Link::Root),
                node("b", to("a")),
                node("c", to("gone")),
            ]
        };
        let (conversation, _) = built(Thread {
            nodes: nodes(),
            ..Thread::default()
        });
        assert_eq!(conversation.head_id.as_deref(), Some("b"));
        let thread = Thread {
            nodes: nodes(),
            orphans: Orphans::Follow,
            ..Thread::default()
        };
        let (conversation, _) = built(thread);
        assert_eq!(conversation.head_id.as_deref(), Some("c"));
        assert_eq!(conversation.messages[2].parent_id.as_deref(), Some("b"));
    }

    #[test]
    fn a_long_line_costs_no_stack() {
        let mut nodes: Vec<Node> = (0..100_000)
            .map(|i| node(&format!("n{i}"), to(&format!("n{}", i + 1))))
            .collect();
        nodes.push(node("n100000", Link::Root));
        let (conversation, report) = built(Thread {
            nodes,
            ..Thread::default()
        });
        assert_eq!(conversation.messages.len(), 100_001);
        assert_eq!(report.undated, 100_001);
    }

    #[test]
    fn dates_that_are_not_there_are_estimated() {
        let mut dated = node("b", to("a"));
        dated.time = Some(5_000);
        let nodes = vec![
            node("a", Link::Root),
            dated,
            node("c", to("b")),
            node("", Link::Previous),
        ];
        let (conversation, report) = built(Thread {
            nodes,
            ..Thread::default()
        });
        let seconds = conversation
            .messages
            .iter()
            .map(|message| message.timestamp.as_ref().unwrap());
        let seconds: Vec<_> = seconds.map(|time| &time[17..23]).collect();
        assert_eq!(seconds, ["05.000", "05.000", "05.001", "05.002"]);
        assert_eq!(report.estimated_dates, 3);
    }

    #[test]
    fn a_message_that_is_spread_is_one_line() {
        let mut long = node("a", Link::Root);
        long.parts = Some(vec![Part::reasoning("x"); 2_500]);
        long.usage = Some(Usage {
            input: 1,
            ..Usage::default()
        });
        let (conversation, _) = built(Thread {
            nodes: vec![long, node("b", to("a"))],
            ..Thread::default()
        });
        let messages = &conversation.messages;
        assert_eq!(messages.len(), 4);
        for pair in messages.windows(2) {
            assert_eq!(pair[1].parent_id.as_ref(), Some(&pair[0].id));
        }
        assert_eq!(
            messages
                .iter()
                .filter(|message| message.tokens.is_some())
                .count(),
            1
        );
    }
}
