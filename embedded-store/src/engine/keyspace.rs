//! The keys with their values and expiry, indexed for SCAN and for expiry.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::failure::Failure;
use super::value::{Collection, Kind, Value};

/// A key's bytes, shared between the indexes.
pub(super) type Key = Arc<[u8]>;

struct Entry {
    value: Value,
    /// Milliseconds since the Unix epoch.
    expires_at: Option<i64>,
}

/// All keys, with an index for SCAN and one for expiry.
#[derive(Default)]
pub(super) struct Keyspace {
    entries: HashMap<Key, Entry>,
    scan_order: BTreeSet<(u64, Key)>,
    deadlines: BTreeSet<(i64, Key)>,
}

impl Keyspace {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&self, key: &[u8]) -> Option<&Value> {
        self.entries.get(key).map(|entry| &entry.value)
    }

    pub(super) fn contains(&self, key: &[u8]) -> bool {
        self.entries.contains_key(key)
    }

    /// The content of `key` as a `T`; WRONGTYPE if it holds something else.
    pub(super) fn read<T: Kind>(&self, key: &[u8]) -> Result<Option<&T>, Failure> {
        let value = self.get(key);
        value
            .map(|value| T::of(value).ok_or(Failure::WRONG_TYPE))
            .transpose()
    }

    /// Lets `change` work on the collection at `key`, a new one if there is none; an empty
    /// one is removed afterwards.
    pub(super) fn update<T: Collection, R>(
        &mut self,
        key: &[u8],
        change: impl FnOnce(&mut T) -> R,
    ) -> Result<R, Failure> {
        if !self.contains(key) {
            self.put(key, T::default().into(), None);
        }
        let value = self.entries.get_mut(key).map(|entry| &mut entry.value);
        let content = value.and_then(T::of_mut).ok_or(Failure::WRONG_TYPE)?;
        let result = change(content);
        if content.is_empty() {
            self.remove(key);
        }
        Ok(result)
    }

    /// Sets `key` to `value`, whatever it held before.
    pub(super) fn put(&mut self, key: &[u8], value: Value, expires_at: Option<i64>) {
        self.remove(key);
        let key = Key::from(key);
        self.scan_order
            .insert((scan_position(&key), Arc::clone(&key)));
        if let Some(deadline) = expires_at {
            self.deadlines.insert((deadline, Arc::clone(&key)));
        }
        self.entries.insert(key, Entry { value, expires_at });
    }

    /// Whether `key` was there.
    pub(super) fn remove(&mut self, key: &[u8]) -> bool {
        self.take(key).is_some()
    }

    /// Removes `key` and returns what it held.
    pub(super) fn take(&mut self, key: &[u8]) -> Option<Value> {
        let (key, entry) = self.entries.remove_entry(key)?;
        if let Some(deadline) = entry.expires_at {
            self.deadlines.remove(&(deadline, Arc::clone(&key)));
        }
        self.scan_order.remove(&(scan_position(&key), key));
        Some(entry.value)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// When `key` expires, in milliseconds since the Unix epoch.
    pub(super) fn expires_at(&self, key: &[u8]) -> Option<i64> {
        self.entries.get(key)?.expires_at
    }

    /// Sets when `key` expires, or that it never does. Does nothing if there is no such key.
    pub(super) fn set_expiry(&mut self, key: &[u8], expires_at: Option<i64>) {
        let Some((shared, _)) = self.entries.get_key_value(key) else {
            return;
        };
        let shared = Arc::clone(shared);
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        if let Some(old) = std::mem::replace(&mut entry.expires_at, expires_at) {
            self.deadlines.remove(&(old, Arc::clone(&shared)));
        }
        if let Some(new) = expires_at {
            self.deadlines.insert((new, shared));
        }
    }

    /// Removes and returns a key that expired before `now_ms`.
    pub(super) fn pop_expired(&mut self, now_ms: i64) -> Option<Key> {
        let (deadline, key) = self.deadlines.first()?;
        if *deadline >= now_ms {
            return None;
        }
        let key = Arc::clone(key);
        self.remove(&key);
        Some(key)
    }

    /// All keys, in no particular order.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.entries.keys()
    }

    /// The keys from `cursor` on, each with its position in the order of SCAN.
    pub(super) fn scan_from(&self, cursor: u64) -> impl Iterator<Item = (u64, &Key)> {
        let from_cursor = self.scan_order.range((cursor, Key::from(&[][..]))..);
        from_cursor.map(|(position, key)| (*position, key))
    }
}

/// The position of a name in the order of SCAN and HSCAN, which is what their cursors mean.
///
/// It depends on the name alone, so an iteration meets every key that exists throughout, whatever is added or
/// removed meanwhile. It is never 0 (a cursor of 0 means the end) and has 48 bits, so that a client can hold it in
/// a double.
pub(super) fn scan_position(name: &[u8]) -> u64 {
    // FNV-1a: a cursor can outlive the process, so the hash must not change between processes.
    let hash = name.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash >> 16).max(1)
}
