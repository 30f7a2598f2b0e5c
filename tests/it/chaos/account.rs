//! What a client does to the account as a whole: erasure, claims, devices, shares.

use reqwest::Method;
use serde_json::json;

use super::actor::Actor;
use super::codes::CodeCall;
use super::conversation::Page;
use super::history::Event;
use super::json::{line, text};
use super::model::{Call, Party, Told};
use super::record::{Everywhere, SharedSnapshot};
use super::shares::ShareCall;
use super::wire::{Request, Response};
use super::world::Guest;

impl Actor {
    /// Each attempt at an erasure counts separately: sent again, it erases what has been added since.
    pub(super) async fn erase(&mut self) {
        let request = Request::new(Method::DELETE, "/api/user");
        let client = self.client.clone();
        let event = unless_unfinished(self.send_once(&client, &request).await);
        let event = event.map(Everywhere::Erase);
        self.wire.world.record.everywhere(event);
    }

    /// Moves what the guest has into the account.
    pub(super) async fn claim(&mut self) {
        let guest = self.wire.world.guest.lock().unwrap().clone();
        if guest.is_claimed {
            return;
        }
        let body = json!({ "action": "claim", "token": guest.client.token() });
        let request = Request::new(Method::POST, "/api/session").with_body(body);
        let client = self.client.clone();
        let event = unless_unfinished(self.send_once(&client, &request).await);
        if event.answered.is_some() {
            let mut current = self.wire.world.guest.lock().unwrap();
            current.is_claimed |= current.number == guest.number;
        }
        let claim = Everywhere::Claim(Guest::prefix(guest.number));
        self.wire.world.record.everywhere(event.map(claim));
    }

    /// Makes a code for another device.
    pub(super) async fn link(&mut self) {
        let request =
            Request::new(Method::POST, "/api/session").with_body(json!({ "action": "link" }));
        let client = self.client.clone();
        let event = self.send_once(&client, &request).await;
        let code = event.operation.as_ref();
        let code = code.map(|response| text(&response.expect(201)["code"]));
        let world = &self.wire.world;
        world.codes.lock().unwrap().extend(code.clone());
        world.record.on_code(event.map(CodeCall::Link(code)));
    }

    /// Goes on with another token of the same user, as on another device.
    pub(super) async fn redeem(&mut self) {
        let code = self.wire.world.codes.lock().unwrap().last().cloned();
        let Some(code) = code else {
            return;
        };
        let body = json!({ "action": "redeem", "code": code });
        let request = Request::new(Method::POST, "/api/session").with_body(body);
        let public = self.wire.world.public.clone();
        let event = self.send_once(&public, &request).await;
        let call = match &event.operation {
            Some(response) if response.status == 200 => {
                self.client = public.with_token(&text(&response.expect(200)["token"]));
                CodeCall::Redeem(code)
            }
            Some(response) if response.status == 403 => CodeCall::Refused(code),
            // Too many wrong codes.
            Some(response) => {
                response.expect(429);
                return;
            }
            None => CodeCall::Redeem(code),
        };
        self.wire.world.record.on_code(event.map(call));
    }

    pub(super) async fn share(&mut self) {
        let id = self.wire.world.some_conversation(&mut self.wire.random);
        let body = json!({ "conversationId": id });
        let request = Request::new(Method::POST, "/api/shares").with_body(body);
        let event = self.send(&request).await;
        let Some(response) = &event.operation else {
            return;
        };
        let record = &self.wire.world.record;
        if response.status == 201 {
            let json = response.json();
            let snapshot = SharedSnapshot {
                conversation: id,
                title: text(&json["title"]),
                count: usize::try_from(json["messageCount"].as_u64().unwrap()).unwrap(),
                read: None,
            };
            record.shared(&text(&json["id"]), event.map(snapshot));
        } else if response.error_code() == "conversation_not_found" {
            let call = Call::Read {
                by: Party::Account,
                told: Told::Missing,
            };
            record.on_conversation(&id, event.map(call));
        }
    }

    fn some_share(&mut self) -> Option<String> {
        let shares = self.wire.world.record.shares();
        self.wire.random.choice(&shares).cloned()
    }

    /// Anybody can.
    pub(super) async fn read_share(&mut self) {
        let Some(id) = self.some_share() else {
            return;
        };
        let public = self.wire.world.public.clone();
        let (mut lines, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/shares?id={id}{cursor}");
            let event = self
                .send_as(&public, &Request::new(Method::GET, path))
                .await;
            let Some(response) = &event.operation else {
                return;
            };
            let found = response.status == 200;
            let record = &self.wire.world.record;
            record.on_share(&id, event.map(ShareCall::Read { found }));
            if !found {
                response.expect(404);
                return;
            }
            let json = response.expect(200);
            lines.extend(json["messages"].as_array().unwrap().iter().map(line));
            let Some(next) = json["nextCursor"].as_str() else {
                record.read_share(&id, text(&json["title"]), Page::path(lines));
                return;
            };
            cursor = format!("&cursor={next}");
        }
    }

    pub(super) async fn revoke_share(&mut self) {
        let Some(id) = self.some_share() else {
            return;
        };
        let request = Request::new(Method::DELETE, format!("/api/shares?id={id}"));
        let event = self.send(&request).await;
        let call = match event.operation.as_ref().map(|response| response.status) {
            Some(404) if event.attempts > 1 => ShareCall::End,
            Some(404) => ShareCall::NothingToEnd,
            _ => ShareCall::End,
        };
        self.wire.world.record.on_share(&id, event.map(call));
    }

    /// Opens every conversation that ever was, so that what was acknowledged has to be there.
    pub async fn look_at_everything(&mut self) {
        let guest = self.wire.world.guest.lock().unwrap().clone();
        let prefix = match self.party {
            Party::Account => String::new(),
            Party::Guest => Guest::prefix(guest.number),
        };
        if self.party == Party::Guest {
            self.client = guest.client;
        }
        let mut ids = self.wire.world.record.conversations();
        ids.retain(|id| id.starts_with(&prefix));
        for id in ids {
            self.open(&id).await;
        }
    }
}

/// An erasure or a claim that the moving clock stopped half way: all of it may have happened or not. The same holds for
/// one whose earlier attempt was lost, if a later one is refused because the account was recreated since.
fn unless_unfinished(event: Event<Option<Response>>) -> Event<Option<Response>> {
    let Some(response) = &event.operation else {
        return event;
    };
    if response.status == 202 || response.text.contains("request_too_old") {
        let answered = None;
        return Event { answered, ..event };
    }
    response.expect(200);
    event
}
