//! The shortest sequence of commands that recreates a store.

use crate::reply::Command;

use super::super::number::format_double;
use super::super::store::Store;
use super::super::value::Value;

/// The commands that create each key.
pub(super) fn commands(store: &Store) -> impl Iterator<Item = Vec<Command>> {
    store.keyspace.keys().filter_map(|key| {
        let value = store.keyspace.get(key)?;
        let mut commands = vec![creation(key, value)];
        if let Some(time) = store.keyspace.expires_at(key) {
            let time = time.to_string().into_bytes();
            commands.push(vec![b"PEXPIREAT".to_vec(), key.to_vec(), time]);
        }
        Some(commands)
    })
}

fn creation(key: &[u8], value: &Value) -> Command {
    let name: &[u8] = match value {
        Value::String(_) => b"SET",
        Value::Hash(_) => b"HSET",
        Value::SortedSet(_) => b"ZADD",
    };
    let mut command = vec![name.to_vec(), key.to_vec()];
    match value {
        Value::String(text) => command.push(text.clone()),
        Value::Hash(hash) => {
            let words = hash.iter().flat_map(|(field, value)| [field, value]);
            command.extend(words.cloned());
        }
        Value::SortedSet(set) => {
            let words = set
                .iter()
                .flat_map(|(member, score)| [format_double(score).into_bytes(), member.to_vec()]);
            command.extend(words);
        }
    }
    command
}
