//! The visible state of an account, without what depends on time and on the number of attempts.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::common::{Client, DAY, Deployment, Site};

/// Conversation -> message -> content.
pub type Contents = BTreeMap<String, BTreeMap<String, String>>;

/// The visible state of an account, without what depends on time and on the number of attempts.
#[derive(Debug, PartialEq)]
pub struct View {
    /// In the order of the list.
    pub conversations: Vec<(String, Value)>,
    pub shares: Vec<Value>,
    pub current: Value,
    pub totals: Value,
    /// By their ids.
    pub trash: Vec<Value>,
}

/// Members that depend on when something happened, or how often.
const VOLATILE: [&str; 7] = [
    "$export",
    "revision",
    "etag",
    "createdAt",
    "updatedAt",
    "expiresAt",
    "deletedAt",
];

impl View {
    pub async fn of(user: &Client) -> Self {
        let text = user.get("/api/export").await;
        assert_eq!(text.status, 200, "{}", text.text);
        let lines = text
            .text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        let mut kept: BTreeMap<String, Value> = lines
            .filter(|line: &Value| line["id"].is_string())
            .map(|line: Value| (line["id"].as_str().unwrap().to_owned(), steady(line)))
            .collect();
        let mut conversations = Vec::new();
        for summary in list(user).await {
            let id = summary["id"].as_str().unwrap().to_owned();
            let exported = kept
                .remove(&id)
                .unwrap_or_else(|| panic!("{id} is not exported"));
            let pair = Value::Array(vec![steady(summary.clone()), exported]);
            let id = pair[0]["id"].as_str().unwrap().to_owned();
            conversations.push((id, pair));
        }
        assert!(kept.is_empty(), "not listed: {kept:?}");
        let shares = user.get("/api/shares").await.expect(200);
        let mut shares: Vec<Value> = shares["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|share| {
                let mut share = steady(share.clone());
                share.as_object_mut().unwrap().remove("id");
                share
            })
            .collect();
        shares.sort_by_key(Value::to_string);
        let trash = user.get("/api/conversations?trash=true").await.expect(200);
        let trash = trash["data"].as_array().unwrap().iter();
        let mut trash: Vec<Value> = trash.map(|one| steady(one.clone())).collect();
        trash.sort_by_key(Value::to_string);
        Self {
            conversations,
            shares,
            current: user.get("/api/session").await.expect(200)["currentConversationId"].clone(),
            totals: user.get("/api/user").await.expect(200)["totals"]["current"].clone(),
            trash,
        }
    }

    /// Panics if the other one differs, and says how.
    #[track_caller]
    pub fn check_same(&self, at: &str, expected: &Self) {
        let order = |view: &Self| -> Vec<String> {
            view.conversations
                .iter()
                .map(|(id, _)| id.clone())
                .collect()
        };
        assert_eq!(order(self), order(expected), "{at}: conversations");
        for (mine, other) in self.conversations.iter().zip(&expected.conversations) {
            assert_eq!(mine.1, other.1, "{at}: {}", mine.0);
        }
        assert_eq!(self.shares, expected.shares, "{at}: shares");
        assert_eq!(self.current, expected.current, "{at}: current conversation");
        assert_eq!(self.totals, expected.totals, "{at}: totals");
    }

    /// Panics if the other one has a different trash. A full database may have put nothing into it.
    #[track_caller]
    pub fn check_same_trash(&self, at: &str, expected: &Self) {
        assert_eq!(self.trash, expected.trash, "{at}: trash");
    }

    /// The text of every message.
    pub fn contents(&self) -> Contents {
        let of = |pair: &Value| contents_of(&pair[1]["messages"]);
        self.conversations
            .iter()
            .map(|(id, pair)| (id.clone(), of(pair)))
            .collect()
    }

    /// Panics if the stored counts differ from the stored data.
    pub fn check_counts(&self, at: &str) {
        let (mut messages, mut tokens) = (0, 0);
        for (id, pair) in &self.conversations {
            let kept = pair[1]["messages"].as_array().unwrap();
            let on_path = path_length(pair);
            assert_eq!(pair[0]["messageCount"], on_path, "{at}: messages of {id}");
            let sum: u64 = kept
                .iter()
                .map(|message| message["tokens"]["total"].as_u64().unwrap_or(0))
                .sum();
            assert_eq!(pair[0]["totalTokens"], sum, "{at}: tokens of {id}");
            (messages, tokens) = (messages + on_path, tokens + sum);
        }
        assert_eq!(
            self.totals["conversations"],
            self.conversations.len(),
            "{at}: conversations"
        );
        assert_eq!(self.totals["messages"], messages, "{at}: messages");
        assert_eq!(self.totals["tokens"], tokens, "{at}: tokens");
    }
}

/// How many messages are on the active path of an exported conversation.
fn path_length(pair: &Value) -> usize {
    let kept = pair[1]["messages"].as_array().unwrap();
    let Some(parents) = parents_of(kept) else {
        return kept.len();
    };
    let (mut length, mut at) = (0, pair[0]["headId"].as_str());
    while let Some(id) = at {
        length += 1;
        at = parents[id];
    }
    length
}

/// What each message follows, where there are branches.
fn parents_of(messages: &[Value]) -> Option<BTreeMap<&str, Option<&str>>> {
    let parents = messages.iter().map(|message| {
        let parent = message.get("parentId")?.as_str();
        Some((message["id"].as_str().unwrap(), parent))
    });
    parents.collect()
}

/// The messages of a page or an export.
pub fn contents_of(messages: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let messages = messages.as_array().unwrap().iter();
    messages
        .map(|message| (text(&message["id"]), text(&message["content"])))
        .collect()
}

/// Conversations moved to another id have one that depends on the user, and so do shares.
fn steady(value: Value) -> Value {
    let mut value = value;
    for member in ["id", "conversationId"] {
        if value[member]
            .as_str()
            .is_some_and(|id| id.starts_with("conv-"))
        {
            value[member] = "aside".into();
        }
    }
    if value["forkedFrom"]["shareId"].is_string() {
        value["forkedFrom"]["shareId"] = "share".into();
    }
    if let Some(members) = value.as_object_mut() {
        *members = std::mem::take(members)
            .into_iter()
            .filter(|(name, _)| !VOLATILE.contains(&name.as_str()))
            .collect::<Map<_, _>>();
    }
    value
}

/// Panics if the stored byte count differs from a recount a day later.
pub async fn check_bytes(at: &str, site: &Site, deployment: &Deployment, user: &Client) {
    let kept = user.get("/api/user").await.expect(200)["bytes"].clone();
    site.advance(DAY);
    user.get("/api/conversations").await.expect(200);
    deployment.idle().await;
    let counted = user.get("/api/user").await.expect(200)["bytes"].clone();
    assert_eq!(kept, counted, "{at}: bytes");
}

/// Every page of the list, and of agent sessions.
async fn list(user: &Client) -> Vec<Value> {
    let mut all = pages(user, "").await;
    all.extend(pages(user, "&kind=session").await);
    all
}

async fn pages(user: &Client, filter: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/conversations?limit=50{filter}{cursor}");
        let page = user.get(&path).await.expect(200);
        all.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}
