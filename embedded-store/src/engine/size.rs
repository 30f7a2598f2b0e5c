//! Estimating the memory of keys and values.

use super::keyspace::Keyspace;
use super::value::Value;

/// The approximate cost of an entry on top of its bytes.
const OVERHEAD: usize = 48;

/// The memory of all keys and values.
pub(super) fn used_memory(keyspace: &Keyspace) -> usize {
    let sizes = keyspace.keys().map(|key| {
        let value = keyspace.get(key).map_or(0, size_of);
        key.len() + value + OVERHEAD
    });
    sizes.sum()
}

/// The memory of one key; 0 if it does not exist.
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
