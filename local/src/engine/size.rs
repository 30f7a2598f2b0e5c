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
