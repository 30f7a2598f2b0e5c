//! A device that keeps up by sync.

use std::collections::BTreeMap;

use serde_json::Value;

use super::conversation::Shown;
use super::json::{shown, text};

#[derive(Default)]
pub struct Follower {
    cursor: Option<String>,
    pub known: BTreeMap<String, Shown>,
    /// Whether the last answer said that there is no more.
    pub is_up_to_date: bool,
}

impl Follower {
    /// What to ask next.
    pub fn path(&self) -> String {
        let cursor = self.cursor.iter().map(|cursor| format!("&cursor={cursor}"));
        format!("/api/sync?limit=50{}", cursor.collect::<String>())
    }

    /// Takes over what an answer says.
    pub fn apply(&mut self, answer: &Value) {
        if answer["reset"] == true {
            self.known.clear();
        }
        for summary in answer["changed"].as_array().unwrap() {
            self.known.insert(text(&summary["id"]), shown(summary));
        }
        for id in answer["deleted"].as_array().unwrap() {
            self.known.remove(&text(id));
        }
        self.cursor = answer["nextCursor"].as_str().map(str::to_owned);
        self.is_up_to_date = answer["hasMore"] == false;
    }
}
