//! A device that keeps up by sync.

use std::collections::BTreeMap;

use serde_json::Value;

use super::conversation::Shown;
use super::json::{shown, text};

#[derive(Default)]
pub struct Follower {
    cursor: Option<String>,
    pub known: BTreeMap<String, Shown>,
    /// Whether the last response said that there is no more.
    pub is_up_to_date: bool,
}

impl Follower {
    /// The path of the next request.
    pub fn path(&self) -> String {
        let cursor = self.cursor.iter().map(|cursor| format!("&cursor={cursor}"));
        format!("/api/sync?limit=50{}", cursor.collect::<String>())
    }

    /// Applies a response.
    pub fn apply(&mut self, response: &Value) {
        if response["reset"] == true {
            self.known.clear();
        }
        for summary in response["changed"].as_array().unwrap() {
            self.known.insert(text(&summary["id"]), shown(summary));
        }
        for id in response["deleted"].as_array().unwrap() {
            self.known.remove(&text(id));
        }
        self.cursor = response["nextCursor"].as_str().map(str::to_owned);
        self.is_up_to_date = response["hasMore"] == false;
    }
}
