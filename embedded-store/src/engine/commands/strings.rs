//! Commands on strings and counters.

use super::super::failure::Failure;
use super::super::number::{integer_argument, parse_integer};
use super::super::spec::{Keys, Spec};
use super::super::store::Store;
use super::super::value::{Text, Value};
use super::expiry::Unit;
use super::outcome::{Outcome, bulk_or_nil};
use crate::reply::Reply;

pub(super) const COMMANDS: &[Spec] = &[
    Spec::read("get", 2, get),
    Spec::write("set", -3, set),
    Spec::write("getdel", 2, getdel).even_when_full(),
    Spec::read("mget", -2, mget).with_keys(Keys::All),
    Spec::write("incr", 2, |store, command| increment(store, &command[1], 1)),
    Spec::write("decr", 2, |store, command| {
        increment(store, &command[1], -1)
    }),
    Spec::write("incrby", 3, |store, command| {
        increment(store, &command[1], integer_argument(&command[2])?)
    }),
];

fn get(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    Ok(bulk_or_nil(store.keyspace.read::<Text>(&command[1])?))
}

fn getdel(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let reply = get(store, command)?;
    if store.keyspace.remove(&command[1]) {
        store.changed();
    }
    Ok(reply)
}

fn mget(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let read = |key: &Vec<u8>| match store.keyspace.get(key) {
        Some(Value::String(text)) => Reply::Bulk(text.clone()),
        _ => Reply::Nil,
    };
    Ok(Reply::Array(command[1..].iter().map(read).collect()))
}

fn increment(store: &mut Store, key: &[u8], by: i64) -> Outcome {
    let current = store.keyspace.read::<Text>(key)?;
    let current = current.map_or(Some(0), |text| parse_integer(text));
    let current = current.ok_or(Failure::NOT_AN_INTEGER)?;
    let sum = current.checked_add(by).ok_or(Failure::OVERFLOW)?;
    let expires_at = store.keyspace.expires_at(key);
    let text = sum.to_string().into_bytes();
    store.keyspace.put(key, Value::String(text), expires_at);
    store.changed();
    Ok(Reply::Int(sum))
}

/// The options of SET.
#[derive(Default)]
struct SetOptions<'a> {
    nx: bool,
    xx: bool,
    get: bool,
    keep_ttl: bool,
    expiry: Option<(Unit, &'a [u8])>,
}

impl<'a> SetOptions<'a> {
    fn parse(words: &'a [Vec<u8>]) -> Result<Self, Failure> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.to_ascii_uppercase().as_slice() {
                b"NX" if !options.xx => options.nx = true,
                b"XX" if !options.nx => options.xx = true,
                b"GET" => options.get = true,
                b"KEEPTTL" if options.expiry.is_none() => options.keep_ttl = true,
                b"EX" => options.set_expiry(Unit::SECONDS, words.next())?,
                b"PX" => options.set_expiry(Unit::MILLISECONDS, words.next())?,
                b"EXAT" => options.set_expiry(Unit::UNIX_SECONDS, words.next())?,
                b"PXAT" => options.set_expiry(Unit::UNIX_MILLISECONDS, words.next())?,
                _ => return Err(Failure::SYNTAX),
            }
        }
        Ok(options)
    }

    /// As in Redis the same unit may be given twice, and the last time counts.
    fn set_expiry(&mut self, unit: Unit, time: Option<&'a Vec<u8>>) -> Result<(), Failure> {
        let conflicts = self.expiry.is_some_and(|(other, _)| other != unit);
        let time = time.filter(|_| !conflicts && !self.keep_ttl);
        self.expiry = Some((unit, time.ok_or(Failure::SYNTAX)?));
        Ok(())
    }

    /// When the key is to expire, in milliseconds since the Unix epoch.
    fn expires_at(&self, now_ms: i64) -> Result<Option<i64>, Failure> {
        let Some((unit, time)) = self.expiry else {
            return Ok(None);
        };
        let time = Some(integer_argument(time)?).filter(|time| *time > 0);
        let expires_at = time.and_then(|time| unit.to_unix_ms(time, now_ms));
        let expires_at = expires_at.ok_or_else(|| Failure::invalid_expiry("set"))?;
        Ok(Some(expires_at))
    }
}

fn set(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let (key, value) = (&command[1], &command[2]);
    let options = SetOptions::parse(&command[3..])?;
    let expires_at = options.expires_at(store.now_ms())?;
    let old = if options.get {
        Some(get(store, command)?)
    } else {
        None
    };
    let exists = store.keyspace.contains(key);
    if options.nx && exists || options.xx && !exists {
        return Ok(old.unwrap_or(Reply::Nil));
    }
    let kept = store.keyspace.expires_at(key).filter(|_| options.keep_ttl);
    put_until(store, key, value, expires_at.or(kept));
    Ok(old.unwrap_or_else(Reply::ok))
}

/// Sets a string; an expiry in the past deletes the key instead.
fn put_until(store: &mut Store, key: &[u8], value: &[u8], expires_at: Option<i64>) {
    let Some(time) = expires_at else {
        store.keyspace.put(key, Value::String(value.to_vec()), None);
        return store.changed_as(&[b"SET", key, value]);
    };
    if time < store.now_ms() {
        store.keyspace.remove(key);
        return store.changed_as(&[b"DEL", key]);
    }
    store
        .keyspace
        .put(key, Value::String(value.to_vec()), expires_at);
    store.changed_as(&[b"SET", key, value, b"PXAT", time.to_string().as_bytes()]);
}
