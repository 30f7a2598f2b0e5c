//! What a client writes to a conversation, and what it knows of it afterwards; and forks.

use reqwest::Method;
use serde_json::json;

use super::actor::{Actor, View};
use super::has_branches;
use super::history::Event;
use super::json::{messages_of, parts_of, text, told};
use super::model::{Call, Told};
use super::record::FORK;
use super::tree::{Line, Message, Parent};
use super::wire::{Request, Response};
use super::write::Write;

impl Actor {
    pub(super) fn some_write(&mut self, id: &str, may_create: bool) -> Option<Write> {
        let view = self.views.get(id);
        let seen = view.map_or(vec![], |view| view.messages.clone());
        let some_message = self
            .wire
            .random
            .choice(&seen)
            .map(|message| message.line.id.clone());
        // One that may be off the active path by now, or gone.
        let known = view.map_or(&[][..], |view| &view.known);
        let some_known = self.wire.random.choice(known).cloned();
        Some(match self.wire.random.u32(0..100) {
            0..10 if may_create && seen.is_empty() => {
                let messages = self.new_messages(2);
                Write::Create(self.new_text(), messages)
            }
            0..14 if may_create => {
                let kept = self.wire.random.usize(0..=seen.len());
                let mut messages = seen;
                messages.truncate(kept);
                messages.extend(self.new_messages(1));
                Write::Save(self.new_text(), messages)
            }
            14..46 => {
                let count = self.wire.random.usize(1..=3);
                let messages = self.new_messages(count);
                Write::Append(messages, self.some_parent(some_known))
            }
            46..54 => {
                let mut message = self.new_messages(1).remove(0);
                if self.wire.random.bool() {
                    message.line.id = some_known?;
                }
                Write::Put(message)
            }
            54..60 => Write::Rename(self.new_text()),
            60..68 if has_branches() => Write::Switch(some_known?),
            60..68 => Write::Rename(self.new_text()),
            68..84 => {
                let content = self.new_text();
                Write::Edit {
                    message: some_message?,
                    parts: self.some_parts(&content),
                    content,
                    tokens: self.wire.random.u64(0..50),
                }
            }
            84..96 => Write::Remove {
                message: some_known?,
                and_after: self.wire.random.u8(0..3) == 0,
            },
            96..98 => Write::Delete,
            _ => return None,
        })
    }

    /// Every other append begins a branch, if its parent is not the head.
    fn some_parent(&mut self, known: Option<String>) -> Parent {
        if !has_branches() {
            return Parent::Head;
        }
        match (self.wire.random.u8(0..20), known) {
            (0, _) => Parent::Root,
            (1..10, Some(id)) => Parent::Message(id),
            _ => Parent::Head,
        }
    }

    fn some_parts(&mut self, content: &str) -> Option<String> {
        (self.wire.random.u8(0..3) == 0).then(|| parts_of(content))
    }

    fn new_text(&mut self) -> String {
        self.written += 1;
        format!("{}-{}", self.name, self.written)
    }

    fn new_messages(&mut self, count: usize) -> Vec<Message> {
        let message = |_| {
            let (id, content) = (self.new_text(), self.new_text());
            let line = Line {
                id,
                parts: self.some_parts(&content),
                content,
                tokens: self.wire.random.u64(0..50),
            };
            let timestamp = self.wire.world.next_timestamp();
            Message { line, timestamp }
        };
        (0..count).map(message).collect()
    }

    pub(super) fn learn(&mut self, id: &str, write: &Write, told: &Told) {
        let view = self.views.entry(id.to_owned()).or_default();
        match told {
            Told::Done(shown, _) => view.etag.clone_from(&shown.etag),
            Told::Deleted | Told::Gone => {
                self.views.remove(id);
                self.wire.world.retire(id);
                return;
            }
            Told::Missing => *view = View::default(),
            _ => {}
        }
        if !matches!(told, Told::Done(..)) {
            return;
        }
        match write {
            Write::Create(_, messages) | Write::Save(_, messages) => {
                view.know(messages);
                view.messages.clone_from(messages);
            }
            Write::Append(messages, parent) => {
                view.know(messages);
                view.go_back_to(parent);
                view.messages.extend_from_slice(messages);
            }
            _ => {}
        }
    }

    /// Forks a conversation into one that no other client writes to, and reads it.
    pub(super) async fn fork(&mut self) {
        let source = self.wire.world.some_conversation(&mut self.wire.random);
        let known = self.views.get(&source).map(|view| view.known.clone());
        let message = self.wire.random.choice(known.unwrap_or_default());
        let message = message.filter(|_| self.wire.random.bool());
        let id = format!("{FORK}{}", self.new_text());
        let mut origin = json!({ "conversationId": source });
        if let Some(message) = &message {
            origin["messageId"] = json!(message);
        }
        let body = json!({ "id": id, "forkOf": origin });
        let request = Request::new(Method::POST, "/api/conversations").with_body(body);
        let event = self.send(&request).await;
        let Some(response) = &event.operation else {
            return;
        };
        let told = match told(response) {
            Told::Done(shown, _) => {
                let Some(messages) = self.messages_of_fork(&id).await else {
                    return;
                };
                let lines = messages.iter().map(|message| message.line.clone());
                let forked = Told::Forked(shown.title.clone(), lines.collect());
                self.note_fork(&id, &event, response, messages);
                forked
            }
            other => other,
        };
        let fork = Call::Fork { message, told };
        self.wire
            .world
            .record
            .on_conversation(&source, event.map(fork));
        self.open(&id).await;
    }

    /// `None` if it no longer exists, or was not shown.
    async fn messages_of_fork(&mut self, id: &str) -> Option<Vec<Message>> {
        let request = Request::new(Method::GET, format!("/api/export?conversation={id}"));
        let response = self.send(&request).await.operation?;
        (response.status == 200).then(|| messages_of(&response.json()))
    }

    /// Of the new conversation, a fork is its creation.
    fn note_fork(
        &self,
        id: &str,
        event: &Event<Option<Response>>,
        response: &Response,
        messages: Vec<Message>,
    ) {
        let title = text(&response.json()["title"]);
        let create = Call::Write {
            by: self.party,
            write: Write::Create(title, messages),
            if_match: None,
            told: told(response),
        };
        self.wire
            .world
            .record
            .on_conversation(id, event.map(create));
    }
}

impl View {
    /// Notes the ids of messages that were seen or written.
    pub(super) fn know(&mut self, messages: &[Message]) {
        for message in messages {
            if !self.known.contains(&message.line.id) {
                self.known.push(message.line.id.clone());
            }
        }
    }

    fn go_back_to(&mut self, parent: &Parent) {
        let kept = match parent {
            Parent::Head => return,
            Parent::Root => 0,
            Parent::Message(id) => {
                let mut ids = self.messages.iter().map(|message| &message.line.id);
                ids.position(|known| known == id).map_or(0, |at| at + 1)
            }
        };
        self.messages.truncate(kept);
    }
}
