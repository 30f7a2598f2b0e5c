//! A conversation, and how much of it a response shows.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::tree::{Line, Message, Parent, Tree};

/// What a response shows of a conversation.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown {
    pub revision: Option<u64>,
    pub etag: Option<String>,
    pub title: String,
    /// Messages of the active path.
    pub count: usize,
    /// Of all messages.
    pub tokens: Option<u64>,
    /// `None` if a response does not mention it.
    pub head: Option<Option<String>>,
    pub page: Option<Page>,
}

/// Messages that are shown.
#[derive(Clone, PartialEq, Eq)]
pub enum Page {
    /// The newest of the active path, oldest first.
    Newest {
        limit: usize,
        lines: Vec<Line>,
        /// Of each the siblings, itself included; none where it is the only one.
        siblings: Option<Vec<Vec<String>>>,
    },
    /// Those of every branch, each with its parent, in the order in which they came.
    Branches(Vec<(Line, Option<String>)>),
    /// The same as exports have them: the active path comes first.
    Export(Vec<(Line, Option<String>)>),
}

impl Page {
    /// An active path, as whole as shares show it.
    pub fn path(lines: Vec<Line>) -> Self {
        Self::Newest {
            limit: usize::MAX,
            lines,
            siblings: None,
        }
    }
}

/// What there is under an id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kept {
    Absent,
    /// Its id is not used again.
    Deleted,
    Present(Conversation),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conversation {
    pub title: String,
    /// Shared by all the states that a checker keeps.
    tree: Arc<Tree>,
    /// Unknown from the last change until a response shows them.
    revision: Option<u64>,
    pub etag: Option<String>,
    /// Each change has a higher revision than the one before.
    least_revision: u64,
    /// The last one known before the present state.
    pub former_etag: Option<String>,
}

/// What a conversation without a title is called; here all have one.
const UNTITLED: &str = "New Conversation";

impl Conversation {
    /// A new one, which no client has seen yet.
    pub fn new(title: &str, messages: &[Message]) -> Self {
        let mut created = Self {
            title: title.to_owned(),
            ..Self::default()
        };
        created.tree_mut().append(messages, &Parent::Head);
        created
    }

    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    pub fn tree_mut(&mut self) -> &mut Tree {
        Arc::make_mut(&mut self.tree)
    }

    /// Becomes another state, with another revision.
    pub fn change(&mut self) {
        self.least_revision = self.revision.take().unwrap_or(self.least_revision) + 1;
        if let Some(etag) = self.etag.take() {
            self.former_etag = Some(etag);
        }
    }

    /// The same of another user, whose tags are others.
    pub fn moved(&self) -> Self {
        Self {
            etag: None,
            former_etag: self.etag.clone(),
            ..self.clone()
        }
    }

    /// Whether this is what was shown; if so, its revision and ETag are known from now on.
    pub fn learn(&mut self, shown: &Shown) -> bool {
        // A repeat that concerns a deleted conversation is answered without the title: no user text is kept.
        let is_title =
            shown.title == self.title || (shown.title == UNTITLED && shown.page.is_none());
        self.learn_version(shown.revision, shown.etag.as_ref())
            && is_title
            && shown.count == self.tree.path().len()
            && shown.tokens.is_none_or(|shown| shown == self.tree.tokens())
            && shown
                .head
                .as_ref()
                .is_none_or(|head| *head == self.tree.head)
            && shown.page.as_ref().is_none_or(|page| self.shows(page))
    }

    /// Whether this version may be the present one; if so, it is known from now on.
    pub fn learn_version(&mut self, revision: Option<u64>, etag: Option<&String>) -> bool {
        if let Some(revision) = revision {
            let known = self
                .revision
                .get_or_insert(revision.max(self.least_revision));
            if *known != revision {
                return false;
            }
        }
        if let Some(etag) = etag {
            let known = self.etag.get_or_insert_with(|| etag.clone());
            if known != etag || self.former_etag.as_ref() == Some(etag) {
                return false;
            }
        }
        true
    }

    pub fn shows(&self, page: &Page) -> bool {
        match page {
            Page::Newest {
                limit,
                lines,
                siblings,
            } => {
                let path = self.tree.path();
                let newest = &path[path.len().saturating_sub(*limit)..];
                let are_siblings = |told: &Vec<Vec<String>>| {
                    let families = self.tree.families();
                    let mut both = newest.iter().zip(told);
                    both.all(
                        |(node, told)| match &families[&node.parent.as_deref()][..] {
                            [_] => told.is_empty(),
                            family => family == told,
                        },
                    )
                };
                newest.iter().map(|node| &node.message.line).eq(lines)
                    && siblings.as_ref().is_none_or(are_siblings)
            }
            Page::Branches(told) => self.shows_branches(told, |_| false),
            Page::Export(told) => {
                let path = self.tree.path();
                self.shows_branches(told, |id| path.iter().any(|node| node.id() == id))
            }
        }
    }

    /// `comes_first`: whether a message comes before its siblings.
    fn shows_branches(
        &self,
        told: &[(Line, Option<String>)],
        comes_first: impl Fn(&str) -> bool,
    ) -> bool {
        let mut told_families: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
        for (line, parent) in told {
            let family = told_families.entry(parent.as_deref()).or_default();
            family.push(&line.id);
        }
        let mut sorted: Vec<_> = told.iter().map(|(line, parent)| (line, parent)).collect();
        sorted.sort_by_key(|(line, _)| &line.id);
        let known = self.tree.nodes();
        let are_there = known
            .map(|node| (&node.message.line, &node.parent))
            .eq(sorted);
        let mut families = self.tree.families();
        for family in families.values_mut() {
            family.sort_by_key(|id| !comes_first(id));
        }
        are_there && families == told_families
    }
}
