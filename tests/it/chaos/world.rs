//! What the clients of a run have in common.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use conversation_store::clock::Clock;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::checker::violation;
use super::model::Party;
use super::record::Record;
use crate::common::Client;

/// Few, so that clients meet.
const SLOTS: usize = 3;

/// How many timestamps in a row are the same.
const ALIKE: i64 = 3;

/// A user without an account, until the account claims what is there.
#[derive(Clone)]
pub struct Guest {
    pub number: usize,
    pub client: Client,
    pub is_claimed: bool,
    /// The first conversation that is not deleted.
    pub first: usize,
}

impl Guest {
    /// What the ids of a guest's conversations begin with.
    pub fn prefix(number: usize) -> String {
        format!("guest{number}-")
    }

    /// One of this guest's.
    pub fn some_conversation(&self, random: &mut fastrand::Rng) -> String {
        let index = self.first + random.usize(0..2);
        format!("{}{index}", Self::prefix(self.number))
    }
}

pub struct World {
    pub record: Record,
    pub clock: Clock,
    /// A client without a token.
    pub public: Client,
    pub guest: Mutex<Guest>,
    /// Where all clients wait for each other.
    pub pause: Barrier,
    /// The codes for another device that clients were given.
    pub codes: Mutex<Vec<String>>,
    /// How often a request failed.
    pub failures: AtomicUsize,
    /// How many conversations of each slot were deleted.
    generations: [AtomicUsize; SLOTS],
    timestamp: AtomicI64,
    /// Requests that their clients have given up.
    abandoned: tokio::sync::Mutex<JoinSet<()>>,
}

impl World {
    /// With the pause shared by so many tasks.
    pub fn new(clock: Clock, public: Client, guest: Client, tasks: usize) -> Self {
        let guest = Guest {
            number: 0,
            client: guest,
            is_claimed: false,
            first: 0,
        };
        Self {
            record: Record::default(),
            clock,
            public,
            guest: Mutex::new(guest),
            pause: Barrier::new(tasks),
            codes: Mutex::default(),
            failures: AtomicUsize::default(),
            generations: Default::default(),
            timestamp: AtomicI64::default(),
            abandoned: tokio::sync::Mutex::default(),
        }
    }

    /// A conversation of the account: mostly one that is not deleted yet.
    pub fn some_conversation(&self, random: &mut fastrand::Rng) -> String {
        let slot = random.usize(0..SLOTS);
        let generation = self.generations[slot].load(Ordering::Relaxed);
        let is_former = generation > 0 && random.u8(0..12) == 0;
        format!("c{slot}-{}", generation - usize::from(is_former))
    }

    /// A conversation of the present guest, or of the one before, whom the account may have claimed.
    pub fn some_guest_conversation(&self, random: &mut fastrand::Rng) -> String {
        let guest = self.guest.lock().unwrap().clone();
        if guest.number == 0 || random.bool() {
            return guest.some_conversation(random);
        }
        format!("{}{}", Guest::prefix(guest.number - 1), random.usize(0..3))
    }

    /// This conversation is deleted: others of its slot are written to from now on.
    pub fn retire(&self, id: &str) {
        let (slot, generation) = id.split_once('-').unwrap();
        let next = generation.parse::<usize>().unwrap() + 1;
        if let Some(slot) = slot.strip_prefix('c') {
            let slot: usize = slot.parse().unwrap();
            self.generations[slot].fetch_max(next, Ordering::Relaxed);
            return;
        }
        let mut guest = self.guest.lock().unwrap();
        if id.starts_with(&Guest::prefix(guest.number)) {
            guest.first = guest.first.max(next);
        }
    }

    /// Never before an earlier one, and shared by a few.
    pub fn next_timestamp(&self) -> i64 {
        1_750_000_000_000 + self.timestamp.fetch_add(1, Ordering::Relaxed) / ALIKE
    }

    /// A client waits no longer than this, whether or not the service has finished.
    pub async fn give_up_after<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (told, hears) = tokio::sync::oneshot::channel();
        self.abandoned.lock().await.spawn(async move {
            let _ = told.send(work.await);
        });
        let heard = tokio::time::timeout(patience, hears).await;
        heard.ok().and_then(Result::ok)
    }

    /// Waits for the requests that were given up. `requests` tells how many the store has had: once it has no more,
    /// the service has finished those whose connection was dropped too.
    pub async fn settle(&self, requests: impl Fn() -> u64) {
        let mut abandoned = self.abandoned.lock().await;
        while let Some(request) = abandoned.join_next().await {
            request.unwrap();
        }
        let mut before = None;
        while before != Some(requests()) {
            before = Some(requests());
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        self.record.pause();
    }

    /// The histories that no order explains, the shortest first.
    pub fn violations(&self) -> Vec<String> {
        let mut found = Vec::new();
        for id in self.record.conversations() {
            let owner = match id.starts_with("guest") {
                true => Party::Guest,
                false => Party::Account,
            };
            let shown = violation(&self.record.history_of(&id, owner));
            found.extend(shown.map(|shown| format!("conversation {id}\n{shown}")));
        }
        for id in self.record.shares() {
            let shown = violation(&self.record.history_of_share(&id));
            found.extend(shown.map(|shown| format!("share {id}\n{shown}")));
        }
        let shown = violation(&self.record.history_of_codes());
        found.extend(shown.map(|shown| format!("codes\n{shown}")));
        found.sort_by_key(|shown| shown.lines().count());
        found
    }
}
