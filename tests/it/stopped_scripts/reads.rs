//! Everything that can be read from an account.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::common::{Client, ids};

/// Reads everything, and remembers what each version looked like.
#[derive(Default)]
pub struct Reader {
    versions: HashMap<(String, String), String>,
    cursor: Option<String>,
    shares: BTreeSet<String>,
    /// Messages of each share when it was made.
    shared: HashMap<String, Vec<String>>,
}

impl Reader {
    /// Panics where anything cannot be read, comes twice, or differs under one tag.
    pub async fn read_all(&mut self, at: &str, user: &Client) {
        let list = self.read(at, user, "/api/conversations?limit=50").await;
        let mut said = BTreeSet::new();
        for summary in list["data"].as_array().unwrap() {
            let id = summary["id"].as_str().unwrap();
            self.remember(
                at,
                id,
                summary["etag"].as_str(),
                &without_expiry(summary.clone()).to_string(),
            );
            if id != "copy" && self.read_conversation(at, user, id).await {
                said.insert(id.to_owned());
            }
        }
        search(at, user, &said).await;
        self.read(at, user, "/api/sync?limit=50").await;
        self.follow(at, user).await;
        self.read(at, user, "/api/user").await;
        self.read(at, user, "/api/session").await;
        self.read_shares(at, user).await;
    }

    /// Whether one of its messages has the word searched for.
    async fn read_conversation(&mut self, at: &str, user: &Client, id: &str) -> bool {
        let opened = self
            .read(at, user, &format!("/api/conversations/{id}"))
            .await;
        for order in ["asc", "desc"] {
            let path = format!("/api/conversations/{id}/messages?order={order}&limit=2");
            let (mut seen, mut cursor) = (BTreeSet::new(), String::new());
            loop {
                let page = self.read(at, user, &format!("{path}{cursor}")).await;
                for message in ids(&page["data"]) {
                    assert!(seen.insert(message.clone()), "{at}: {message} comes twice");
                }
                match page["nextCursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
        }
        let mut messages = opened["messages"].as_array().unwrap().iter();
        messages.any(|message| has_word(&message["content"]))
    }

    /// Syncs from where it ended the first time.
    async fn follow(&mut self, at: &str, user: &Client) {
        let cursor = self
            .cursor
            .as_ref()
            .map(|cursor| format!("&cursor={cursor}"));
        let path = format!("/api/sync?limit=50{}", cursor.unwrap_or_default());
        let changes = self.read(at, user, &path).await;
        let next = changes["nextCursor"].as_str().map(str::to_owned);
        self.cursor = self.cursor.take().or(next);
    }

    /// A share exists whole or not at all.
    async fn read_shares(&mut self, at: &str, user: &Client) {
        let listed = self.read(at, user, "/api/shares").await;
        self.shares.extend(ids(&listed["data"]));
        for share in self.shares.clone() {
            let response = user.get(&format!("/api/shares?id={share}")).await;
            if response.status == 404 {
                continue;
            }
            let messages = ids(&response.expect(200)["messages"]);
            let first = self
                .shared
                .entry(share.clone())
                .or_insert_with(|| messages.clone());
            assert_eq!(*first, messages, "{at}: share {share}");
        }
    }

    async fn read(&mut self, at: &str, user: &Client, path: &str) -> Value {
        let response = user.get(path).await;
        assert_eq!(response.status, 200, "{at}: {path}: {}", response.text);
        let mut json = response.expect(200);
        // The changes of a sync are a set: their order is that of the list, which a stopped change may have moved.
        if let Some(changed) = json["changed"].as_array_mut() {
            changed.sort_by_key(|summary| summary["id"].to_string());
        }
        let told = without_expiry(json.clone());
        self.remember(at, path, response.header("etag"), &told.to_string());
        json
    }

    fn remember(&mut self, at: &str, what: &str, tag: Option<&str>, body: &str) {
        let Some(tag) = tag else { return };
        let key = (what.to_owned(), tag.to_owned());
        let first = self.versions.entry(key).or_insert_with(|| body.to_owned());
        assert_eq!(first, body, "{at}: {what} under {tag}");
    }
}

/// A word in most messages of the account.
const WORD: &str = "said";

fn has_word(content: &Value) -> bool {
    content.as_str().unwrap_or_default().contains(WORD)
}

/// A search finds what has the word, with a signature or without.
async fn search(at: &str, user: &Client, expected: &BTreeSet<String>) {
    let (mut found, mut cursor) = (BTreeSet::new(), String::new());
    loop {
        let path = format!("/api/conversations?q={WORD}{cursor}");
        let page = user.get(&path).await.expect(200);
        let hits = page["data"].as_array().unwrap().iter();
        found.extend(hits.map(|hit| hit["conversation"]["id"].as_str().unwrap().to_owned()));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert!(found.is_superset(expected), "{at}: {found:?}, {expected:?}");
}

/// The expiry is not part of the version: reading extends it.
fn without_expiry(mut json: Value) -> Value {
    match &mut json {
        Value::Object(members) => {
            members.remove("expiresAt");
            members
                .values_mut()
                .for_each(|value| *value = without_expiry(value.take()));
        }
        Value::Array(items) => {
            items
                .iter_mut()
                .for_each(|item| *item = without_expiry(item.take()));
        }
        _ => {}
    }
    json
}
