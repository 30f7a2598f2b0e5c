//! A client that follows changes by sync or stream, to be compared with the list.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Client;

/// A client that follows changes.
#[derive(Default)]
pub struct Follower {
    pub cursor: Option<String>,
    pub known: BTreeMap<String, u64>,
    pub resets: usize,
}

impl Follower {
    /// The path of the next request.
    pub fn path(&self, limit: usize) -> String {
        let cursor = self
            .cursor
            .as_ref()
            .map(|cursor| format!("&cursor={cursor}"));
        format!("/api/sync?limit={limit}{}", cursor.unwrap_or_default())
    }

    pub async fn step(&mut self, user: &Client, limit: usize) -> Value {
        let response = user.get(&self.path(limit)).await.expect(200);
        self.apply(&response);
        response
    }

    /// Applies a response.
    pub fn apply(&mut self, response: &Value) {
        if response["reset"] == true {
            self.known.clear();
            self.resets += 1;
        }
        for summary in response["changed"].as_array().unwrap() {
            let id = summary["id"].as_str().unwrap().to_owned();
            self.known.insert(id, summary["revision"].as_u64().unwrap());
        }
        for id in response["deleted"].as_array().unwrap() {
            self.known.remove(id.as_str().unwrap());
        }
        self.cursor = response["nextCursor"].as_str().map(str::to_owned);
    }

    pub async fn catch_up(&mut self, user: &Client) {
        while self.step(user, 3).await["hasMore"] == true {}
    }
}

/// The content of the list.
pub async fn truth(user: &Client) -> BTreeMap<String, u64> {
    let (mut all, mut cursor) = (BTreeMap::new(), String::new());
    loop {
        let page = user
            .get(&format!("/api/conversations?limit=50{cursor}"))
            .await
            .expect(200);
        for summary in page["data"].as_array().unwrap() {
            let id = summary["id"].as_str().unwrap().to_owned();
            all.insert(id, summary["revision"].as_u64().unwrap());
        }
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}
