//! Where the messages of earlier portions stand.

use serde::{Deserialize, Serialize};

/// The messages of earlier portions of the same source.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Earlier {
    /// Where the nodes stand, oldest first.
    pub(super) links: Vec<(String, Place)>,
    /// Whether there were more.
    pub(super) is_cut: bool,
    pub(super) last: Option<Place>,
    pub(super) created: Option<i64>,
    pub(super) updated: Option<i64>,
}

impl Earlier {
    /// The keys of the nodes.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.links.iter().map(|(key, _)| key.as_str())
    }

    pub(super) fn remember(&mut self, key: String, place: Place) {
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
pub(super) struct Place {
    /// Its message, or for a hidden node the one it follows; `None` at the beginning.
    pub(super) id: Option<String>,
    pub(super) time: Option<i64>,
    /// Whether all its ancestors are present.
    pub(super) whole: bool,
}
