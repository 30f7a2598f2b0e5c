//! A client that does everything there is to do, and knows what has to come of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use conversation_store::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use super::common::client::Answer;
use super::common::follower::{Follower, truth};
use super::common::{self, Client};

/// How often a request is sent before the test gives up.
const TRIES: usize = 200;

/// What one client knows to be true.
#[derive(Default)]
struct Model {
    /// Conversation -> message -> (content, tokens).
    conversations: BTreeMap<String, BTreeMap<String, (String, u64)>>,
    /// Share -> conversation and the messages it had then.
    shares: BTreeMap<String, (String, BTreeSet<String>)>,
}

/// A client with a history that only its seed decides.
pub struct Actor {
    client: Client,
    clock: Clock,
    random: fastrand::Rng,
    name: String,
    model: Model,
    /// Another device of his, which follows by sync.
    follower: Follower,
    /// Tokens of the messages this actor has put into the conversation all share, by message id.
    pub shared: BTreeMap<String, u64>,
    pub first_user: Client,
    pub refusals: Arc<AtomicUsize>,
}

impl Actor {
    pub fn new(client: Client, clock: Clock, random: fastrand::Rng, name: String) -> Self {
        Self {
            first_user: client.clone(),
            client,
            clock,
            random,
            name,
            model: Model::default(),
            follower: Follower::default(),
            shared: BTreeMap::new(),
            refusals: Arc::default(),
        }
    }

    /// Writes to the first user's conversation too, and counts refusals where all do.
    pub fn writing_to(self, first_user: Client, refusals: Arc<AtomicUsize>) -> Self {
        Self {
            first_user,
            refusals,
            ..self
        }
    }

    /// How many shares there are.
    pub fn shares(&self) -> usize {
        self.model.shares.len()
    }

    pub async fn live(mut self, turns: u64) -> Self {
        for turn in 0..turns {
            self.turn(turn).await;
            if turn % 5 == 0 {
                self.append_to_shared(turn).await;
            }
        }
        self
    }

    /// Several devices of one user write to one conversation at once.
    async fn append_to_shared(&mut self, turn: u64) {
        let (id, json, (_, tokens)) = self.message(turn, 9);
        let body = json!({ "messages": [json] });
        let path = "/api/conversations/shared/messages";
        let answer = self
            .send_as(&self.first_user, Method::POST, path, Some(body))
            .await;
        assert!(answer.status < 300, "{}", answer.text);
        self.shared.insert(id, tokens);
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.send_as(&self.client, method, path, body).await
    }

    /// Sends a request until it is answered for good, as a client's outbox does.
    async fn send_as(
        &self,
        client: &Client,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        for _ in 0..TRIES {
            let text = body.as_ref().map(Value::to_string);
            let answer = client.send(method.clone(), path, text).await;
            if answer.status < 500 {
                return answer;
            }
            self.note_refusal(&answer);
        }
        panic!("{method} {path}: never answered");
    }

    /// Every refusal is typed; an open circuit is waited for by moving the clock.
    fn note_refusal(&self, answer: &Answer) {
        self.refusals.fetch_add(1, Ordering::Relaxed);
        let code = answer.expect(answer.status)["error"]["code"].clone();
        let known = [
            "storage_unavailable",
            "storage_timeout",
            "storage_malformed",
            "storage_quota",
            "storage_full",
            "storage_busy",
        ];
        assert!(known.contains(&code.as_str().unwrap()), "{}", answer.text);
        if answer
            .header("retry-after")
            .is_some_and(|wait| wait.parse::<u64>().unwrap() > 5)
        {
            self.clock.advance(Duration::from_secs(61));
        }
    }

    async fn turn(&mut self, turn: u64) {
        let known: Vec<String> = self.model.conversations.keys().cloned().collect();
        let id = match known.is_empty() || self.random.u8(0..6) == 0 {
            true => return self.create(turn).await,
            false => known[self.random.usize(0..known.len())].clone(),
        };
        match self.random.u8(0..15) {
            0..=4 => self.append(&id, turn).await,
            5 | 6 => self.edit(&id, turn).await,
            7 => self.delete_message(&id).await,
            8 => self.save(&id, turn).await,
            9 => self.delete(&id).await,
            10 | 11 => self.share(&id, turn).await,
            12 => self.unshare().await,
            13 => self.import(turn).await,
            _ => self.follow().await,
        }
    }

    fn message(&mut self, turn: u64, part: u64) -> (String, Value, (String, u64)) {
        let id = format!("{}-{turn}-{part}", self.name);
        let (content, tokens) = (format!("text {turn} {}", self.name), self.random.u64(0..50));
        let json = json!({ "id": id, "type": "user", "content": content, "timestamp": turn, "tokens": { "total": tokens } });
        (id, json, (content, tokens))
    }

    async fn create(&mut self, turn: u64) {
        let id = format!("{}-c{turn}", self.name);
        let (message, json, kept) = self.message(turn, 0);
        let body = json!({ "id": id, "messages": [json] });
        let answer = self
            .send(Method::POST, "/api/conversations", Some(body))
            .await;
        assert!(answer.status < 300, "{}", answer.text);
        self.model
            .conversations
            .insert(id, BTreeMap::from([(message, kept)]));
    }

    async fn append(&mut self, id: &str, turn: u64) {
        let parts: Vec<_> = (0..2).map(|part| self.message(turn, part)).collect();
        let messages: Vec<&Value> = parts.iter().map(|(_, json, _)| json).collect();
        let path = format!("/api/conversations/{id}/messages");
        let body = json!({ "messages": messages });
        let answer = self.send(Method::POST, &path, Some(body)).await;
        assert!(answer.status < 300, "{}", answer.text);
        let conversation = self.model.conversations.get_mut(id).unwrap();
        conversation.extend(parts.into_iter().map(|(id, _, kept)| (id, kept)));
    }

    fn some_message(&mut self, id: &str) -> Option<String> {
        let messages: Vec<&String> = self.model.conversations[id].keys().collect();
        let at = self.random.usize(0..messages.len().max(1));
        messages.get(at).map(|id| (*id).clone())
    }

    async fn edit(&mut self, id: &str, turn: u64) {
        let Some(message) = self.some_message(id) else {
            return;
        };
        let (content, tokens) = (format!("edited {turn}"), self.random.u64(0..50));
        let body = json!({ "content": content, "tokens": { "total": tokens } });
        let path = format!("/api/conversations/{id}/messages/{message}");
        self.send(Method::PATCH, &path, Some(body))
            .await
            .expect(200);
        let conversation = self.model.conversations.get_mut(id).unwrap();
        conversation.insert(message, (content, tokens));
    }

    async fn delete_message(&mut self, id: &str) {
        let Some(message) = self.some_message(id) else {
            return;
        };
        let path = format!("/api/conversations/{id}/messages/{message}");
        self.send(Method::DELETE, &path, None).await.expect(200);
        self.model
            .conversations
            .get_mut(id)
            .unwrap()
            .remove(&message);
    }

    async fn save(&mut self, id: &str, turn: u64) {
        let (message, json, kept) = self.message(turn, 7);
        let body = json!({ "title": turn.to_string(), "messages": [json] });
        self.send(Method::PUT, &format!("/api/conversations/{id}"), Some(body))
            .await
            .expect(200);
        self.model
            .conversations
            .insert(id.to_owned(), BTreeMap::from([(message, kept)]));
    }

    async fn delete(&mut self, id: &str) {
        self.send(Method::DELETE, &format!("/api/conversations/{id}"), None)
            .await
            .expect(200);
        self.model.conversations.remove(id);
        self.model.shares.retain(|_, (shared, _)| shared != id);
    }

    async fn share(&mut self, id: &str, turn: u64) {
        let named = self
            .client
            .with_header("idempotency-key", &turn.to_string());
        let body = json!({ "conversationId": id });
        let answer = self
            .send_as(&named, Method::POST, "/api/shares", Some(body))
            .await;
        let share = answer.expect(201)["id"].as_str().unwrap().to_owned();
        let messages = self.model.conversations[id].keys().cloned().collect();
        self.model.shares.insert(share, (id.to_owned(), messages));
    }

    async fn unshare(&mut self) {
        let Some((share, _)) = self.model.shares.pop_first() else {
            return;
        };
        let path = format!("/api/shares?id={share}");
        self.send(Method::DELETE, &path, None).await.expect(200);
    }

    async fn import(&mut self, turn: u64) {
        let id = format!("{}-i{turn}", self.name);
        let (message, json, kept) = self.message(turn, 5);
        let body = json!([{ "id": id, "messages": [json], "updatedAt": turn }]);
        let answer = self.send(Method::POST, "/api/import", Some(body)).await;
        assert_eq!(answer.expect(200)["rejected"], 0);
        self.model
            .conversations
            .insert(id, BTreeMap::from([(message, kept)]));
    }

    async fn follow(&mut self) {
        let path = self.follower.path(3);
        let answer = self.send(Method::GET, &path, None).await.expect(200);
        self.follower.apply(&answer);
    }

    /// Compares what there is with what was acknowledged.
    pub async fn verify(&mut self) {
        self.follower.catch_up(&self.client).await;
        assert_eq!(self.follower.known, truth(&self.client).await);
        self.verify_shares().await;
        self.verify_conversations().await;
    }

    async fn verify_shares(&self) {
        let listed = self.client.get("/api/shares").await.expect(200);
        let listed: BTreeSet<String> = common::ids(&listed["data"]).into_iter().collect();
        let known: BTreeSet<String> = self.model.shares.keys().cloned().collect();
        assert_eq!(listed, known, "{}", self.name);
        for (share, (_, messages)) in &self.model.shares {
            let path = format!("/api/shares?id={share}");
            let shown = self.client.get(&path).await.expect(200);
            let found: BTreeSet<String> = common::ids(&shown["messages"]).into_iter().collect();
            assert_eq!(&found, messages, "{share}");
        }
    }

    async fn verify_conversations(&self) {
        let listed = truth(&self.client).await;
        let listed: BTreeSet<&String> = listed.keys().filter(|id| *id != "shared").collect();
        let known: BTreeSet<&String> = self.model.conversations.keys().collect();
        assert_eq!(listed, known, "{}", self.name);
        for (id, messages) in &self.model.conversations {
            let opened = self
                .client
                .get(&format!("/api/conversations/{id}?limit=100"))
                .await
                .expect(200);
            let found: BTreeMap<String, (String, u64)> = opened["messages"]
                .as_array()
                .unwrap()
                .iter()
                .map(|message| {
                    let text = |field: &str| message[field].as_str().unwrap().to_owned();
                    (
                        text("id"),
                        (
                            text("content"),
                            message["tokens"]["total"].as_u64().unwrap(),
                        ),
                    )
                })
                .collect();
            assert_eq!(&found, messages, "{id}");
            assert_eq!(opened["messageCount"], messages.len());
            let tokens: u64 = messages.values().map(|(_, tokens)| tokens).sum();
            assert_eq!(opened["totalTokens"], tokens, "{id}");
        }
    }
}
