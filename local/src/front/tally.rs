//! What a front has served.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

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
}

/// The counters behind [`Counts`].
#[derive(Default)]
pub struct Tally {
    requests: AtomicU64,
    faulted: AtomicU64,
    subscriptions: AtomicU64,
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

    pub fn counts(&self) -> Counts {
        Counts {
            requests: self.requests.load(Relaxed),
            faulted: self.faulted.load(Relaxed),
            subscriptions: self.subscriptions.load(Relaxed),
        }
    }
}
