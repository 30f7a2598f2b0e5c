//! Everything that all clients did, and from it the history of each object.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use super::codes::CodeCall;
use super::conversation::{Page, Shown};
use super::history::{Event, History, Moment, Operation};
use super::model::{Call, Party, Told};
use super::shares::ShareCall;
use super::write::Write;

/// What concerns every conversation of the account.
#[derive(Clone, Debug)]
pub enum Everywhere {
    /// A list, a sync or an export that showed exactly these.
    Seen(BTreeMap<String, Shown>),
    Erase,
    /// The conversations of the guest whose ids begin with this become the account's.
    Claim(String),
}

/// A share that somebody was told the id of.
#[derive(Clone, Debug)]
pub struct SharedSnapshot {
    pub conversation: String,
    pub title: String,
    pub count: usize,
    /// What its readers were shown.
    pub read: Option<(String, Page)>,
}

/// What the ids of forks begin with.
pub const FORK: &str = "fork";

#[derive(Default)]
pub struct Events {
    conversations: BTreeMap<String, Vec<Event<Call>>>,
    everywhere: Vec<Event<Everywhere>>,
    snapshots: BTreeMap<String, Event<SharedSnapshot>>,
    shares: BTreeMap<String, Vec<Event<ShareCall>>>,
    codes: Vec<Event<CodeCall>>,
    pauses: Vec<Moment>,
    now: Moment,
}

#[derive(Default)]
pub struct Record {
    events: Mutex<Events>,
}

impl Record {
    fn lock(&self) -> MutexGuard<'_, Events> {
        self.events.lock().unwrap()
    }

    /// A unique moment: now.
    pub fn now(&self) -> Moment {
        let mut events = self.lock();
        events.now += 1;
        events.now
    }

    /// No request is under way.
    pub fn pause(&self) {
        let now = self.now();
        self.lock().pauses.push(now);
    }

    pub fn on_conversation(&self, id: &str, mut event: Event<Call>) {
        if let Call::Write { by, told, .. } = &event.operation {
            let (by, told) = (*by, told.clone());
            // An attempt that its client has given up may come later than the one that was refused.
            if told.is_refusal() && event.gave_up {
                let mut late = event.map(event.operation.unanswered().unwrap());
                late.answered = None;
                self.on_conversation(id, late);
            }
            // A guest may have been claimed since an earlier attempt did it.
            if told == Told::SignedOut {
                let read = event.map(Call::Read { by, told });
                self.on_conversation(id, read);
                event.operation = event.operation.unanswered().unwrap();
            } else if told == Told::Nothing {
                event.operation = event.operation.unanswered().unwrap();
            }
        }
        let mut events = self.lock();
        events
            .conversations
            .entry(id.to_owned())
            .or_default()
            .push(event);
    }

    pub fn everywhere(&self, event: Event<Everywhere>) {
        self.lock().everywhere.push(event);
    }

    pub fn on_code(&self, event: Event<CodeCall>) {
        self.lock().codes.push(event);
    }

    pub fn on_share(&self, id: &str, event: Event<ShareCall>) {
        self.lock()
            .shares
            .entry(id.to_owned())
            .or_default()
            .push(event);
    }

    /// A client learned that this share exists.
    pub fn shared(&self, id: &str, event: Event<SharedSnapshot>) {
        let mut events = self.lock();
        assert!(
            events.snapshots.insert(id.to_owned(), event).is_none(),
            "{id}"
        );
    }

    /// All readers of a share see the same.
    pub fn read_share(&self, id: &str, title: String, page: Page) {
        let mut events = self.lock();
        let shared = &mut events.snapshots.get_mut(id).unwrap().operation;
        let shown = (title, page);
        assert_eq!(shared.read.get_or_insert_with(|| shown.clone()), &shown);
    }

    pub fn shares(&self) -> Vec<String> {
        self.lock().snapshots.keys().cloned().collect()
    }

    /// Every conversation that any client wrote to or opened. Of a fork whose response was lost, or that was requested during
    /// an erasure, neither the source nor the number of copies is known.
    pub fn conversations(&self) -> Vec<String> {
        let events = self.lock();
        let is_known = |(id, own): &(&String, &Vec<Event<Call>>)| {
            let is_made = own[0].operation.is_creation();
            !id.starts_with(FORK) || (is_made && events.across_erasures(&own[..1]).is_empty())
        };
        let known = events.conversations.iter().filter(is_known);
        known.map(|(id, _)| id.clone()).collect()
    }

    pub fn history_of(&self, id: &str, owner: Party) -> History<Call> {
        let events = self.lock();
        let mut history = vec![Event {
            client: "-".to_owned(),
            operation: Call::Begin(owner),
            invoked: 0,
            answered: Some(0),
            attempts: 0,
            gave_up: false,
        }];
        let own = events.conversations.get(id).into_iter().flatten();
        history.extend(own.cloned());
        let mut repeated = events.across_erasures(&history);
        history.append(&mut repeated);
        for event in &events.everywhere {
            history.extend(of_one(event, id));
        }
        history.extend(events.snapshots_of(id));
        events.finish(history)
    }

    pub fn history_of_share(&self, id: &str) -> History<ShareCall> {
        let events = self.lock();
        let made = &events.snapshots[id];
        let mut history = vec![made.map(ShareCall::Make)];
        history.extend(events.shares.get(id).into_iter().flatten().cloned());
        let conversation = events.conversations.get(&made.operation.conversation);
        for event in conversation.into_iter().flatten() {
            if may_delete(&event.operation) {
                let end = match event.operation {
                    Call::Maybe(_) => ShareCall::Maybe(Box::new(ShareCall::End)),
                    _ => ShareCall::End,
                };
                history.push(event.map(end));
            }
        }
        history.extend(events.erasures().map(|event| event.map(ShareCall::End)));
        events.finish(history)
    }

    pub fn history_of_codes(&self) -> History<CodeCall> {
        let events = self.lock();
        let mut history = events.codes.clone();
        // The service repeats what the store did not answer, and another code may have come in between.
        let links = events.codes.iter();
        let links = links.filter(|event| matches!(event.operation, CodeCall::Link(_)));
        history.extend(links.map(|event| {
            let again = CodeCall::Maybe(Box::new(event.operation.clone()));
            event.map(again)
        }));
        history.extend(events.erasures().map(|event| event.map(CodeCall::Erase)));
        events.finish(history)
    }
}

impl Events {
    fn erasures(&self) -> impl Iterator<Item = &Event<Everywhere>> {
        let events = self.everywhere.iter();
        events.filter(|event| matches!(event.operation, Everywhere::Erase))
    }

    /// With an erasure it is forgotten which requests were answered, so one that was sent before and again
    /// afterwards, by the client or by the service itself, may take effect twice.
    fn across_erasures(&self, history: &[Event<Call>]) -> Vec<Event<Call>> {
        let repeated = history.iter().filter(|event| {
            let end = event.end(&self.pauses);
            self.erasures()
                .any(|erasure| erasure.invoked < end && event.invoked < erasure.end(&self.pauses))
        });
        repeated
            .filter_map(|event| Some(event.map(event.operation.unanswered()?)))
            .collect()
    }

    /// A share is a read of its conversation, at a moment between request and response.
    fn snapshots_of(&self, id: &str) -> impl Iterator<Item = Event<Call>> {
        let shares = self.snapshots.values();
        let of_this = shares.filter(move |event| event.operation.conversation == id);
        of_this.map(|event| {
            let snapshot = &event.operation;
            let shown = Shown {
                revision: None,
                etag: None,
                title: snapshot.title.clone(),
                count: snapshot.count,
                tokens: None,
                head: None,
                page: snapshot.read.as_ref().map(|(_, page)| page.clone()),
            };
            event.map(Call::Read {
                by: Party::Account,
                told: Told::Done(shown, None),
            })
        })
    }

    /// What was not answered may have happened or not.
    fn finish<O: Operation>(&self, mut events: Vec<Event<O>>) -> History<O> {
        events.retain_mut(|event| {
            if event.answered.is_some() {
                return true;
            }
            let unanswered = event.operation.unanswered();
            let is_kept = unanswered.is_some();
            if let Some(operation) = unanswered {
                event.operation = operation;
            }
            is_kept
        });
        History {
            events,
            pauses: self.pauses.clone(),
        }
    }
}

fn may_delete(call: &Call) -> bool {
    match call {
        Call::Maybe(call) => may_delete(call),
        Call::Write { write, told, .. } => {
            *write == Write::Delete && matches!(told, Told::Deleted | Told::Nothing)
        }
        _ => false,
    }
}

/// What something that concerns all conversations is for one of them.
fn of_one(event: &Event<Everywhere>, id: &str) -> Vec<Event<Call>> {
    match &event.operation {
        Everywhere::Seen(shown) => {
            let told = match shown.get(id) {
                Some(shown) => Told::Done(shown.clone(), None),
                None => Told::Missing,
            };
            let by = Party::Account;
            vec![event.map(Call::Read { by, told })]
        }
        // It takes several steps, and a conversation that is created again between two of them falls to the next.
        Everywhere::Erase => {
            let more = event.map(Call::Maybe(Box::new(Call::Erase)));
            vec![event.map(Call::Erase), more.clone(), more]
        }
        Everywhere::Claim(prefix) if id.starts_with(prefix) => {
            vec![event.map(Call::Void), event.map(Call::Move)]
        }
        Everywhere::Claim(_) => vec![],
    }
}
