//! A client on one device: it does everything there is to do, as its seed decides.

use std::collections::BTreeMap;
use std::sync::Arc;

use reqwest::Method;
use serde_json::json;

use super::conversation::Message;
use super::follower::Follower;
use super::history::{Event, Moment};
use super::json::{exported, messages_of, request_of, shown, text, told};
use super::model::{Call, Party, Told, Write};
use super::record::Everywhere;
use super::wire::{Request, Response, Wire};
use super::world::World;
use crate::common::Client;

/// Between two pauses each client does so much.
const TURNS: usize = 20;

/// What a client has seen of a conversation.
#[derive(Default)]
struct View {
    etag: Option<String>,
    messages: Vec<Message>,
}

pub struct Actor {
    pub(super) name: String,
    pub(super) party: Party,
    pub(super) client: Client,
    pub(super) wire: Wire,
    pub(super) follower: Follower,
    views: BTreeMap<String, View>,
    /// For ids and texts that nobody else writes.
    written: usize,
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
            wire: Wire { world, random },
            follower: Follower::default(),
            views: BTreeMap::new(),
            written: 0,
        }
    }

    pub async fn live(mut self, rounds: usize) -> Self {
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
            236..350 => {
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
            0..18 => return self.open(id).await,
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

    fn some_write(&mut self, id: &str, may_create: bool) -> Option<Write> {
        let known = self.views.get(id).map_or(&[][..], |view| &view.messages);
        let some_message = self.wire.random.choice(known).map(|m| m.line.0.clone());
        let seen = known.to_vec();
        Some(match self.wire.random.u32(0..100) {
            0..10 if may_create && seen.is_empty() => {
                let messages = self.new_messages(2);
                Write::Create(self.new_text(), messages)
            }
            0..16 if may_create => {
                let kept = self.wire.random.usize(0..=seen.len());
                let mut messages = seen;
                messages.truncate(kept);
                messages.extend(self.new_messages(1));
                Write::Save(self.new_text(), messages)
            }
            16..54 => {
                let count = self.wire.random.usize(1..=3);
                Write::Append(self.new_messages(count))
            }
            54..64 => Write::Rename(self.new_text()),
            64..84 => {
                let tokens = self.wire.random.u64(0..50);
                Write::Edit((some_message?, self.new_text(), tokens))
            }
            84..96 => Write::Remove {
                message: some_message?,
                and_after: self.wire.random.u8(0..3) == 0,
            },
            96..98 => Write::Delete,
            _ => return None,
        })
    }

    fn new_text(&mut self) -> String {
        self.written += 1;
        format!("{}-{}", self.name, self.written)
    }

    fn new_messages(&mut self, count: usize) -> Vec<Message> {
        let message = |_| {
            let tokens = self.wire.random.u64(0..50);
            Message {
                line: (self.new_text(), self.new_text(), tokens),
                timestamp: self.wire.world.next_timestamp(),
            }
        };
        (0..count).map(message).collect()
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

    fn learn(&mut self, id: &str, write: &Write, told: &Told) {
        let view = self.views.entry(id.to_owned()).or_default();
        match told {
            Told::Done(shown, _) => view.etag.clone_from(&shown.etag),
            Told::Deleted | Told::Gone => {
                self.views.remove(id);
                self.wire.world.retire(id);
                return;
            }
            Told::Missing => view.messages.clear(),
            _ => return,
        }
        match (write, told) {
            (Write::Create(_, messages) | Write::Save(_, messages), Told::Done(..)) => {
                view.messages.clone_from(messages);
            }
            (Write::Append(messages), Told::Done(..)) => view.messages.extend_from_slice(messages),
            _ => {}
        }
    }

    pub(super) async fn open(&mut self, id: &str) -> Told {
        let request = Request::new(Method::GET, format!("/api/conversations/{id}"));
        self.read(id, &request, 50).await
    }

    async fn export(&mut self, id: &str) -> Told {
        let request = Request::new(Method::GET, format!("/api/export?conversation={id}"));
        self.read(id, &request, usize::MAX).await
    }

    async fn read(&mut self, id: &str, request: &Request, limit: usize) -> Told {
        let event = self.send(request).await;
        let Some(response) = &event.operation else {
            return Told::Nothing;
        };
        let mut told = told(response);
        if let Told::Done(shown, _) = &mut told {
            shown.page.as_mut().unwrap().limit = limit;
            let view = View {
                etag: shown.etag.clone(),
                messages: messages_of(&response.expect(200)),
            };
            self.views.insert(id.to_owned(), view);
        }
        let call = Call::Read {
            by: self.party,
            told: told.clone(),
        };
        self.wire.world.record.on_conversation(id, event.map(call));
        told
    }

    /// Asks until the outcome is known or the client gives up, and notes when that was.
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

    /// Asks once.
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
            operation: response,
        }
    }

    /// A read of everything, of this kind.
    async fn look(&mut self, kind: &str, path: &str) -> Event<Option<Response>> {
        let event = self.send(&Request::new(Method::GET, path)).await;
        let client = format!("{} by {kind}", event.client);
        Event { client, ..event }
    }

    async fn list(&mut self) {
        let event = self.look("list", "/api/conversations?limit=50").await;
        let Some(response) = &event.operation else {
            return;
        };
        let list = response.expect(200);
        assert!(list["nextCursor"].is_null(), "more than a page");
        let items = list["data"].as_array().unwrap().iter();
        let seen = items.map(|item| (text(&item["id"]), shown(item)));
        let seen = Everywhere::Seen(seen.collect());
        self.wire.world.record.everywhere(event.map(seen));
    }

    async fn follow(&mut self) {
        let event = self.look("sync", &self.follower.path()).await;
        let Some(response) = &event.operation else {
            return;
        };
        self.follower.apply(&response.expect(200));
        if self.follower.is_up_to_date {
            let seen = Everywhere::Seen(self.follower.known.clone());
            self.wire.world.record.everywhere(event.map(seen));
        }
    }

    async fn export_all(&mut self) {
        let event = self.look("export", "/api/export").await;
        let Some(response) = &event.operation else {
            return;
        };
        let seen = Everywhere::Seen(exported(&response.text));
        self.wire.world.record.everywhere(event.map(seen));
    }
}
