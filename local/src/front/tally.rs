//! What a front has served.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// What a front has served so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Command requests that were well formed and authorised, each counted once whatever its number
    /// of commands, those with an injected fault included. Refused connections are not counted.
    pub requests: u64,
    /// Of the requests and the subscriptions, those that met an injected fault.
    pub faulted: u64,
    /// Subscriptions that were asked for.
    pub subscriptions: u64,
    /// Bytes of the requests' bodies.
    pub received: u64,
    /// Bytes of the answers' bodies, those of subscriptions left out.
    pub sent: u64,
    /// The time from each request's head to its answer, added latency included; where requests overlap, it
    /// counts for each of them.
    pub busy: Duration,
}

/// The counters behind [`Counts`].
#[derive(Default)]
pub struct Tally {
    requests: AtomicU64,
    faulted: AtomicU64,
    subscriptions: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
    busy_micros: AtomicU64,
}

impl Tally {
    pub fn request(&self) {
        self.requests.fetch_add(1, Relaxed);
    }

    pub fn fault(&self) {
        self.faulted.fetch_add(1, Relaxed);
    }

    pub fn subscription(&self) {
        self.subscriptions.fetch_add(1, Relaxed);
    }

    pub fn received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Relaxed);
    }

    pub fn answered(&self, bytes: u64, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.sent.fetch_add(bytes, Relaxed);
        self.busy_micros.fetch_add(micros, Relaxed);
    }

    pub fn counts(&self) -> Counts {
        Counts {
            requests: self.requests.load(Relaxed),
            faulted: self.faulted.load(Relaxed),
            subscriptions: self.subscriptions.load(Relaxed),
            received: self.received.load(Relaxed),
            sent: self.sent.load(Relaxed),
            busy: Duration::from_micros(self.busy_micros.load(Relaxed)),
        }
    }
}
