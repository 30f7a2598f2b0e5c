//! Commands on hashes, except HSCAN.

use super::super::failure::Failure;
use super::super::number::{integer_argument, parse_integer};
use super::super::spec::Spec;
use super::super::store::Store;
use super::super::value::Hash;
use super::outcome::{Outcome, bulk_or_nil, count, flag};
use crate::reply::Reply;

pub(super) const COMMANDS: &[Spec] = &[
    Spec::write("hset", -4, hset),
    Spec::write("hsetnx", 4, hsetnx),
    Spec::read("hget", 3, hget),
    Spec::read("hmget", -3, hmget),
    Spec::read("hgetall", 2, hgetall),
    Spec::read("hkeys", 2, hkeys),
    Spec::read("hvals", 2, hvals),
    Spec::read("hlen", 2, hlen),
    Spec::read("hexists", 3, hexists),
    Spec::write("hdel", -3, hdel).even_when_full(),
    Spec::write("hincrby", 4, hincrby),
    Spec::read("hstrlen", 3, hstrlen),
];

fn hset(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let (pairs, []) = command[2..].as_chunks::<2>() else {
        return Err(Failure::wrong_arity("hset"));
    };
    let added = store.keyspace.update(&command[1], |hash: &mut Hash| {
        let pairs = pairs.iter();
        pairs
            .filter(|[field, value]| hash.insert(field.clone(), value.clone()).is_none())
            .count()
    })?;
    store.changed();
    Ok(count(added))
}

fn hsetnx(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let [_, key, field, value] = command else {
        return Err(Failure::wrong_arity("hsetnx"));
    };
    let added = store.keyspace.update(key, |hash: &mut Hash| {
        let missing = !hash.contains_key(field);
        if missing {
            hash.insert(field.clone(), value.clone());
        }
        missing
    })?;
    if added {
        store.changed();
    }
    Ok(flag(added))
}

fn read<'a>(store: &'a Store, command: &[Vec<u8>]) -> Result<Option<&'a Hash>, Failure> {
    store.keyspace.read(&command[1])
}

fn field<'a>(store: &'a Store, command: &[Vec<u8>]) -> Result<Option<&'a Vec<u8>>, Failure> {
    Ok(read(store, command)?.and_then(|hash| hash.get(&command[2])))
}

fn hget(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    Ok(bulk_or_nil(field(store, command)?))
}

fn hexists(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    Ok(flag(field(store, command)?.is_some()))
}

fn hstrlen(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    Ok(count(field(store, command)?.map_or(0, Vec::len)))
}

fn hmget(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let hash = read(store, command)?;
    let value = |field| bulk_or_nil(hash.and_then(|hash| hash.get(field)));
    Ok(Reply::Array(command[2..].iter().map(value).collect()))
}

fn hlen(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    Ok(count(read(store, command)?.map_or(0, Hash::len)))
}

fn hgetall(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let pairs = read(store, command)?.into_iter().flatten();
    Ok(bulks(pairs.flat_map(|(field, value)| [field, value])))
}

fn hkeys(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    Ok(bulks(
        read(store, command)?.into_iter().flat_map(Hash::keys),
    ))
}

fn hvals(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    Ok(bulks(
        read(store, command)?.into_iter().flat_map(Hash::values),
    ))
}

fn bulks<'a>(items: impl Iterator<Item = &'a Vec<u8>>) -> Reply {
    Reply::Array(items.map(|item| Reply::Bulk(item.clone())).collect())
}

fn hdel(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let removed = store.keyspace.update(&command[1], |hash: &mut Hash| {
        let fields = command[2..].iter();
        fields.filter(|field| hash.remove(*field).is_some()).count()
    })?;
    if removed > 0 {
        store.changed();
    }
    Ok(count(removed))
}

fn hincrby(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let by = integer_argument(&command[3])?;
    let current = field(store, command)?.map_or(Some(0), |text| parse_integer(text));
    let current = current.ok_or(Failure::fixed("ERR hash value is not an integer"))?;
    let sum = current.checked_add(by).ok_or(Failure::OVERFLOW)?;
    store.keyspace.update(&command[1], |hash: &mut Hash| {
        hash.insert(command[2].clone(), sum.to_string().into_bytes())
    })?;
    store.changed();
    Ok(Reply::Int(sum))
}
