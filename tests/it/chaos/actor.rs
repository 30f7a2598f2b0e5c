//! A client on one device, which performs random operations chosen by its seed.

use std::collections::BTreeMap;
use std::sync::Arc;

use reqwest::Method;
use serde_json::json;

use super::follower::Follower;
use super::has_branches;
use super::history::{Event, Moment};
use super::json::{request_of, text, told};
use super::model::{Call, Party, Told};
use super::tree::Message;
use super::wire::{Request, Response, Wire};
use super::world::World;
use super::write::Write;
use crate::common::Client;

/// How many operations a client performs between two pauses.
const TURNS: usize = 20;

/// What a client has seen of a conversation.
#[derive(Default)]
pub(super) struct View {
    pub(super) etag: Option<String>,
    /// The active path, as far as the client knows.
    pub(super) messages: Vec<Message>,
    /// The ids of all messages that it ever saw there.
    pub(super) known: Vec<String>,
}

pub struct Actor {
    pub(super) name: String,
    pub(super) party: Party,
    pub(super) client: Client,
    pub(super) wire: Wire,
    pub(super) follower: Follower,
    pub(super) views: BTreeMap<String, View>,
    /// For ids and texts unique to this client.
    pub(super) written: usize,
}

impl Actor {
    pub fn new(
        world: Arc<World>,
        name: impl Into<String>,
        party: Party,
        client: Client,
        seed: u64,
    ) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        Self {
            name: name.into(),
            party,
            client,
            wire: Wire {
                world,
                random,
                gave_up: false,
            },
            follower: Follower::default(),
            views: BTreeMap::new(),
            written: 0,
        }
    }

    pub async fn live(mut self, rounds: u64) -> Self {
        for _ in 0..rounds {
            for _ in 0..TURNS {
                self.turn().await;
            }
            let world = self.wire.world.clone();
            world.pause.wait().await;
            world.pause.wait().await;
        }
        self
    }

    async fn turn(&mut self) {
        if self.party == Party::Guest {
            return self.turn_as_guest().await;
        }
        match self.wire.random.u32(0..1000) {
            0..4 => self.erase().await,
            4..14 => self.claim().await,
            14..64 => self.list().await,
            64..124 => self.follow().await,
            124..144 => self.export_all().await,
            144..154 => self.link().await,
            154..164 => self.redeem().await,
            164..194 => self.share().await,
            194..224 => self.read_share().await,
            224..236 => self.revoke_share().await,
            236..250 if has_branches() => self.fork().await,
            250..350 => {
                let random = &mut self.wire.random;
                let id = self.wire.world.some_guest_conversation(random);
                self.change(&id, false).await;
            }
            _ => {
                let id = self.wire.world.some_conversation(&mut self.wire.random);
                self.change(&id, true).await;
            }
        }
    }

    async fn turn_as_guest(&mut self) {
        let guest = self.wire.world.guest.lock().unwrap().clone();
        let id = guest.some_conversation(&mut self.wire.random);
        self.client = guest.client;
        if self.change(&id, true).await == Told::SignedOut {
            self.become_another_guest().await;
        }
    }

    async fn become_another_guest(&mut self) {
        let request = Request::new(Method::POST, "/api/session").with_body(json!({}));
        let public = self.wire.world.public.clone();
        let (Some(response), _) = self.wire.send(&public, &request).await else {
            return;
        };
        let token = text(&response.expect(201)["token"]);
        let mut guest = self.wire.world.guest.lock().unwrap();
        guest.number += 1;
        guest.client = public.with_token(&token);
        guest.is_claimed = false;
        guest.first = 0;
    }

    /// Reads or writes one conversation.
    async fn change(&mut self, id: &str, may_create: bool) -> Told {
        match self.wire.random.u32(0..100) {
            0..13 => return self.open(id).await,
            13..18 => return self.read_branches(id).await,
            18..22 => return self.export(id).await,
            _ => {}
        }
        let Some(write) = self.some_write(id, may_create) else {
            return self.open(id).await;
        };
        let view = self.views.entry(id.to_owned()).or_default();
        let is_conditional = !matches!(write, Write::Create(..)) && self.wire.random.u8(0..4) == 0;
        let if_match = view.etag.clone().filter(|_| is_conditional);
        self.write(id, write, if_match).await
    }

    async fn write(&mut self, id: &str, write: Write, if_match: Option<String>) -> Told {
        let mut request = request_of(id, &write);
        request.if_match.clone_from(&if_match);
        let event = self.send(&request).await;
        let learned = event.operation.as_ref().map_or(Told::Nothing, told);
        self.learn(id, &write, &learned);
        let call = Call::Write {
            by: self.party,
            write,
            if_match,
            told: learned.clone(),
        };
        let world = &self.wire.world;
        world.record.on_conversation(id, event.map(call));
        learned
    }

    /// Sends until the outcome is known or the client gives up, and records when that was.
    pub(super) async fn send(&mut self, request: &Request) -> Event<Option<Response>> {
        let client = self.client.clone();
        self.send_as(&client, request).await
    }

    pub(super) async fn send_as(
        &mut self,
        client: &Client,
        request: &Request,
    ) -> Event<Option<Response>> {
        let invoked = self.now();
        let (response, attempts) = self.wire.send(client, request).await;
        self.event(invoked, response, attempts)
    }

    /// Sends once.
    pub(super) async fn send_once(
        &mut self,
        client: &Client,
        request: &Request,
    ) -> Event<Option<Response>> {
        let invoked = self.now();
        let response = self.wire.send_once(client, request).await;
        self.event(invoked, response, 1)
    }

    fn now(&self) -> Moment {
        self.wire.world.record.now()
    }

    fn event(
        &self,
        invoked: Moment,
        response: Option<Response>,
        attempts: usize,
    ) -> Event<Option<Response>> {
        Event {
            client: self.name.clone(),
            invoked,
            answered: response.is_some().then(|| self.now()),
            attempts,
            gave_up: self.wire.gave_up,
            operation: response,
        }
    }
}
