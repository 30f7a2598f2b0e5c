//! How much room the content of a store takes up.

use super::keyspace::Keyspace;
use super::value::Value;

/// What an entry costs beside its bytes, roughly.
const OVERHEAD: usize = 48;

/// The bytes of all keys and values, and something for each entry.
pub(super) fn used_memory(keyspace: &Keyspace) -> usize {
    let sizes = keyspace.keys().map(|key| {
        let value = keyspace.get(key).map_or(0, size_of);
        key.len() + value + OVERHEAD
    });
    sizes.sum()
}

/// The same of one key; 0 where there is none.
pub(super) fn size_of_key(keyspace: &Keyspace, key: &[u8]) -> usize {
    let value = keyspace.get(key);
    value.map_or(0, |value| key.len() + size_of(value) + OVERHEAD)
}

fn size_of(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Hash(hash) => hash
            .iter()
            .map(|(field, value)| field.len() + value.len() + OVERHEAD)
            .sum(),
        Value::SortedSet(set) => set.iter().map(|(member, _)| member.len() + OVERHEAD).sum(),
    }
}
