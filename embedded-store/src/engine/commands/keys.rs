//! Commands on keys of any type.

use super::super::failure::Failure;
use super::super::spec::{Keys, Spec};
use super::super::store::Store;
use super::super::value::Value;
use super::outcome::{Outcome, count};
use crate::reply::Reply;

pub(super) const COMMANDS: &[Spec] = &[
    Spec::write("del", -2, del)
        .even_when_full()
        .with_keys(Keys::All),
    Spec::write("unlink", -2, del)
        .even_when_full()
        .with_keys(Keys::All),
    Spec::write("rename", 3, rename)
        .even_when_full()
        .with_keys(Keys::All),
    Spec::read("exists", -2, exists).with_keys(Keys::All),
    Spec::read("type", 2, type_of),
];

fn del(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let keys = command[1..].iter();
    let removed = keys.filter(|key| store.keyspace.remove(key)).count();
    if removed > 0 {
        store.changed();
    }
    Ok(count(removed))
}

fn rename(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let (from, to) = (&command[1], &command[2]);
    let expires_at = store.keyspace.expires_at(from);
    let value = store.keyspace.take(from);
    let value = value.ok_or_else(|| Failure::fixed("ERR no such key"))?;
    store.keyspace.put(to, value, expires_at);
    store.changed();
    Ok(Reply::Status("OK".into()))
}

fn exists(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let keys = command[1..].iter();
    Ok(count(
        keys.filter(|key| store.keyspace.contains(key)).count(),
    ))
}

fn type_of(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let value = store.keyspace.get(&command[1]);
    let name = value.map_or("none", Value::type_name);
    Ok(Reply::Status(name.to_owned()))
}
