//! Counters of the requests and bytes that a front has served.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// What a front has served so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Command requests that were well formed and authorised, those with an injected fault included. A request
    /// counts once, however many commands it carries. Refused connections are not counted.
    pub requests: u64,
    /// The requests and subscriptions that met an injected fault.
    pub faulted: u64,
    /// Subscriptions that were requested.
    pub subscriptions: u64,
    /// Bytes of the requests' bodies.
    pub received: u64,
    /// Bytes of the responses' bodies, without those of subscriptions.
    pub sent: u64,
    /// The time from each request's head to its response, added latency included. Overlapping requests each
    /// count in full.
    pub busy: Duration,
}

/// The counters behind [`Counts`].
#[derive(Default)]
pub struct Counters {
    requests: AtomicU64,
    faulted: AtomicU64,
    subscriptions: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
    busy_micros: AtomicU64,
}

impl Counters {
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

    pub fn responded(&self, bytes: u64, took: Duration) {
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
