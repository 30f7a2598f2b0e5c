//! What a client reads: a conversation, its branches, or everything.

use reqwest::Method;

use super::actor::{Actor, View};
use super::conversation::Page;
use super::history::Event;
use super::json::{branches, exported, messages_of, shown, text, told, told_branches};
use super::model::{Call, Told};
use super::record::Everywhere;
use super::tree::Message;
use super::wire::{Request, Response};

impl Actor {
    pub(super) async fn open(&mut self, id: &str) -> Told {
        let request = Request::new(Method::GET, format!("/api/conversations/{id}"));
        self.read(id, &request).await
    }

    /// One whole conversation, as far as the response shows it.
    pub(super) async fn export(&mut self, id: &str) -> Told {
        let request = Request::new(Method::GET, format!("/api/export?conversation={id}"));
        self.read(id, &request).await
    }

    async fn read(&mut self, id: &str, request: &Request) -> Told {
        let event = self.send(request).await;
        let Some(response) = &event.operation else {
            return Told::Nothing;
        };
        let mut told = told(response);
        if let Told::Done(shown, _) = &mut told {
            let json = response.expect(200);
            let messages = messages_of(&json);
            if request.path.starts_with("/api/export") {
                shown.page = Some(Page::Export(branches(&json["messages"])));
            }
            let view = self.views.entry(id.to_owned()).or_default();
            view.see(shown.etag.clone(), messages);
        }
        self.note_read(id, event, told.clone());
        told
    }

    pub(super) async fn read_branches(&mut self, id: &str) -> Told {
        let path = format!("/api/conversations/{id}/messages?branches=all&limit=100");
        let event = self.send(&Request::new(Method::GET, path)).await;
        let told = event.operation.as_ref().and_then(told_branches);
        let Some(told) = told else {
            return Told::Nothing;
        };
        self.note_read(id, event, told.clone());
        told
    }

    fn note_read(&self, id: &str, event: Event<Option<Response>>, told: Told) {
        let by = self.party;
        let read = Call::Read { by, told };
        self.wire.world.record.on_conversation(id, event.map(read));
    }

    /// A read of everything, of this kind.
    async fn look(&mut self, kind: &str, path: &str) -> Event<Option<Response>> {
        let event = self.send(&Request::new(Method::GET, path)).await;
        let client = format!("{} by {kind}", event.client);
        Event { client, ..event }
    }

    pub(super) async fn list(&mut self) {
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

    pub(super) async fn follow(&mut self) {
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

    pub(super) async fn export_all(&mut self) {
        let event = self.look("export", "/api/export").await;
        let Some(response) = &event.operation else {
            return;
        };
        let seen = Everywhere::Seen(exported(&response.text));
        self.wire.world.record.everywhere(event.map(seen));
    }
}

impl View {
    /// What exists now; other messages may be off the active path.
    fn see(&mut self, etag: Option<String>, messages: Vec<Message>) {
        self.etag = etag;
        self.know(&messages);
        self.messages = messages;
    }
}
