//! Everything at once: clients that do everything there is to do, while the store misbehaves in every way
//! it can and the Redis behind it is killed and restarted. At the end every acknowledged write is there
//! exactly once, and nothing else. `CHAOS_SEED` tries another history.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::client::Answer;
use common::{Client, Site};
use local::front::Fault;
use reqwest::Method;
use serde_json::{Value, json};

const USERS: u64 = 4;
const TURNS: u64 = 100;
const TRIES: usize = 200;

/// What one client knows to be true.
#[derive(Default)]
struct Model {
    /// Conversation -> message -> (content, tokens).
    conversations: BTreeMap<String, BTreeMap<String, (String, u64)>>,
}

/// A client with a history that only its seed decides.
struct Actor {
    client: Client,
    clock: conversation_store::clock::Clock,
    random: fastrand::Rng,
    name: String,
    model: Model,
    /// Tokens of the messages this actor has put into the conversation all share, by message id.
    shared: BTreeMap<String, u64>,
    first_user: Client,
    refusals: Arc<AtomicUsize>,
}

impl Actor {
    async fn live(mut self) -> Self {
        for turn in 0..TURNS {
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
        match self.random.u8(0..10) {
            0..=4 => self.append(&id, turn).await,
            5 | 6 => self.edit(&id, turn).await,
            7 => self.delete_message(&id).await,
            8 => self.save(&id, turn).await,
            _ => self.delete(&id).await,
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
    }

    /// Compares what there is with what was acknowledged.
    async fn verify(&self) {
        let list = self
            .client
            .get("/api/conversations?limit=50")
            .await
            .expect(200);
        let listed: BTreeSet<&str> = list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["id"].as_str().unwrap())
            .collect();
        let known: BTreeSet<&str> = self
            .model
            .conversations
            .keys()
            .map(String::as_str)
            .collect();
        let listed: BTreeSet<&str> = listed.into_iter().filter(|id| *id != "shared").collect();
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

fn seed() -> u64 {
    std::env::var("CHAOS_SEED").map_or(7, |seed| seed.parse().unwrap())
}

fn misbehave(site: &Site, seed: u64) {
    let status = |code| Fault::Status {
        code,
        retry_after: None,
    };
    site.faults().random(
        seed,
        [
            (0.06, Fault::CutBefore),
            (0.08, Fault::CutAfter),
            (0.04, status(500)),
            (0.04, status(429)),
            (0.02, Fault::Garbage),
            (0.01, Fault::QuotaError),
            (0.01, Fault::CapacityError),
            (0.04, Fault::Delay(Duration::from_millis(5))),
        ],
    );
}

async fn actors(site: &Site) -> Vec<Actor> {
    let first_user = site.user().await;
    first_user.create("shared", vec![]).await;
    let refusals = Arc::new(AtomicUsize::new(0));
    let mut actors = Vec::new();
    for user in 0..USERS {
        actors.push(Actor {
            client: if user == 0 {
                first_user.clone()
            } else {
                site.user().await
            },
            clock: site.clock.clone(),
            random: fastrand::Rng::with_seed(seed() * 100 + user),
            name: format!("u{user}"),
            model: Model::default(),
            shared: BTreeMap::new(),
            first_user: first_user.clone(),
            refusals: refusals.clone(),
        });
    }
    actors
}

/// Compares the conversation all have written to with what was acknowledged to any.
async fn verify_shared(actors: &[Actor]) {
    let all: BTreeMap<&String, &u64> = actors.iter().flat_map(|actor| &actor.shared).collect();
    let path = "/api/conversations/shared?limit=100";
    let opened = actors[0].first_user.get(path).await.expect(200);
    let found: BTreeSet<String> = common::ids(&opened["messages"]).into_iter().collect();
    assert_eq!(found, all.keys().map(|id| (*id).clone()).collect());
    assert_eq!(opened["messageCount"], all.len());
    assert_eq!(opened["totalTokens"], all.values().copied().sum::<u64>());
    assert_eq!(opened["revision"], all.len() + 1);
}

/// Lets the actors live, and disturbs the site in every way until they are done.
async fn run(mut site: Site) {
    let actors = actors(&site).await;
    misbehave(&site, seed());
    let running: Vec<_> = actors
        .into_iter()
        .map(|actor| tokio::spawn(actor.live()))
        .collect();
    let mut disturbances = 0;
    while running.iter().any(|task| !task.is_finished()) {
        if disturbances < 3 {
            disturb(&mut site).await;
            disturbances += 1;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    site.faults().clear();
    site.clock.advance(Duration::from_secs(61));
    let mut actors = Vec::new();
    for task in running {
        actors.push(task.await.unwrap());
    }
    for actor in &actors {
        actor.verify().await;
    }
    verify_shared(&actors).await;
    let refusals = actors[0].refusals.load(Ordering::Relaxed);
    assert!(refusals > 0, "nothing went wrong: the test tests nothing");
}

/// The port closes and opens again; and where there is a real Redis, it is killed and comes back.
async fn disturb(site: &mut Site) {
    site.faults().refuse(true).await;
    if let Some(redis) = &mut site.redis {
        redis.kill().unwrap();
        redis.restart().unwrap();
    }
    site.faults().refuse(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embedded_nothing_acknowledged_is_lost() {
    run(Site::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_nothing_acknowledged_is_lost() {
    if let Some(site) = Site::durable_redis().await {
        run(site).await;
    }
}
