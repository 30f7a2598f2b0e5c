//! A cache of callers, so that one known to be over a limit costs no request. Nothing depends on it: a new process
//! learns everything from the next reply.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many callers are known at most; past that all are forgotten.
const MOST: usize = 10_000;

/// Calls of one caller in one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Calls {
    pub(super) reads: u64,
    pub(super) writes: u64,
}

impl Calls {
    pub(super) fn total(self) -> u64 {
        self.reads.saturating_add(self.writes)
    }
}

/// Bytes written from one address in one day.
#[derive(Clone, Copy, Debug, Default)]
struct AddressBytes {
    /// By all instances, as far as known.
    total: u64,
    /// By this one, not yet added up.
    pending: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Callers(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    window: i64,
    calls: HashMap<String, Calls>,
    day: i64,
    /// Keys of this day that have an expiry.
    bounded: HashSet<String>,
    addresses: HashMap<String, AddressBytes>,
}

impl Callers {
    /// What is known of a caller's calls in this window.
    pub(super) fn calls(&self, caller: &str, window: i64) -> Calls {
        let state = self.in_window(window);
        state.calls.get(caller).copied().unwrap_or_default()
    }

    /// Notes how many writes a reply has counted.
    pub(super) fn note_writes(&self, caller: &str, window: i64, writes: u64) -> Calls {
        self.change(caller, window, |calls| {
            calls.writes = calls.writes.max(writes);
        })
    }

    /// Notes one more read: what the database has counted, or where it could not, what this process counts.
    pub(super) fn note_read(&self, caller: &str, window: i64, counted: Option<u64>) -> Calls {
        self.change(caller, window, |calls| {
            calls.reads = counted.unwrap_or(0).max(calls.reads.saturating_add(1));
        })
    }

    /// Whether the expiry of a key of this day still has to be set, as far as this process knows.
    pub(super) fn is_unbounded(&self, key: &str, day: i64) -> bool {
        !self.on_day(day).bounded.contains(key)
    }

    /// Notes that a key of this day has an expiry.
    pub(super) fn note_bounded(&self, key: String, day: i64) {
        let mut state = self.on_day(day);
        if state.bounded.len() >= MOST {
            state.bounded.clear();
        }
        state.bounded.insert(key);
    }

    /// Bytes written from an address today, as far as known.
    pub(super) fn address_bytes(&self, address: &str, day: i64) -> u64 {
        let state = self.on_day(day);
        let bytes = state.addresses.get(address).copied().unwrap_or_default();
        bytes.total.saturating_add(bytes.pending)
    }

    /// Adds bytes that an address has written; returns those that are to be added up now.
    pub(super) fn add_address_bytes(&self, address: &str, day: i64, bytes: u64, batch: u64) -> u64 {
        let mut state = self.on_day(day);
        if state.addresses.len() >= MOST {
            state.addresses.clear();
        }
        let entry = state.addresses.entry(address.to_owned()).or_default();
        entry.pending = entry.pending.saturating_add(bytes);
        if entry.pending < batch {
            return 0;
        }
        std::mem::take(&mut entry.pending)
    }

    /// Notes what all instances have counted; `None` where that could not be learned: then `sent` is tried again.
    pub(super) fn note_address_bytes(
        &self,
        address: &str,
        day: i64,
        sent: u64,
        total: Option<u64>,
    ) {
        let mut state = self.on_day(day);
        if let Some(entry) = state.addresses.get_mut(address) {
            match total {
                Some(total) => entry.total = total,
                None => entry.pending = entry.pending.saturating_add(sent),
            }
        }
    }

    fn change(&self, caller: &str, window: i64, change: impl FnOnce(&mut Calls)) -> Calls {
        let mut state = self.in_window(window);
        if state.calls.len() >= MOST {
            state.calls.clear();
        }
        let calls = state.calls.entry(caller.to_owned()).or_default();
        change(calls);
        *calls
    }

    fn in_window(&self, window: i64) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        if state.window != window {
            state.window = window;
            state.calls.clear();
        }
        state
    }

    fn on_day(&self, day: i64) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        if state.day != day {
            state.day = day;
            state.bounded.clear();
            state.addresses.clear();
        }
        state
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_window_begins_at_nothing() {
        let callers = Callers::default();
        callers.note_writes("ada", 1, 5);
        assert_eq!(callers.note_read("ada", 1, Some(7)).total(), 12);
        assert_eq!(callers.note_read("ada", 1, None).reads, 8);
        assert_eq!(callers.calls("bob", 1), Calls::default());
        assert_eq!(callers.calls("ada", 2), Calls::default());
    }

    #[test]
    fn bytes_of_an_address_are_added_up_in_batches() {
        let callers = Callers::default();
        assert_eq!(callers.add_address_bytes("a", 1, 60, 100), 0);
        assert_eq!(callers.add_address_bytes("a", 1, 60, 100), 120);
        callers.note_address_bytes("a", 1, 120, None);
        assert_eq!(callers.address_bytes("a", 1), 120);
        assert_eq!(callers.add_address_bytes("a", 1, 1, 100), 121);
        callers.note_address_bytes("a", 1, 121, Some(500));
        assert_eq!(callers.address_bytes("a", 1), 500);
        assert_eq!(callers.address_bytes("a", 2), 0);
    }

    #[test]
    fn a_key_is_bounded_for_a_day() {
        let callers = Callers::default();
        assert!(callers.is_unbounded("k", 1));
        callers.note_bounded("k".into(), 1);
        assert!(!callers.is_unbounded("k", 1));
        assert!(callers.is_unbounded("k", 2));
    }
}
