//! EXPIRE, TTL, PERSIST and their variants.

use super::super::failure::Failure;
use super::super::number::integer_argument;
use super::super::spec::Spec;
use super::super::store::Store;
use super::outcome::{Outcome, flag};
use crate::reply::Reply;

pub(super) const COMMANDS: &[Spec] = &[
    Spec::write("expire", -3, |store, command| {
        expire(store, command, Unit::SECONDS, "expire")
    })
    .even_when_full(),
    Spec::write("pexpire", -3, |store, command| {
        expire(store, command, Unit::MILLISECONDS, "pexpire")
    })
    .even_when_full(),
    Spec::write("expireat", -3, |store, command| {
        expire(store, command, Unit::UNIX_SECONDS, "expireat")
    })
    .even_when_full(),
    Spec::write("pexpireat", -3, |store, command| {
        expire(store, command, Unit::UNIX_MILLISECONDS, "pexpireat")
    })
    .even_when_full(),
    Spec::write("persist", 2, persist).even_when_full(),
    Spec::read("ttl", 2, |store, command| {
        remaining(store, command, Unit::SECONDS)
    }),
    Spec::read("pttl", 2, |store, command| {
        remaining(store, command, Unit::MILLISECONDS)
    }),
    Spec::read("expiretime", 2, |store, command| {
        remaining(store, command, Unit::UNIX_SECONDS)
    }),
    Spec::read("pexpiretime", 2, |store, command| {
        remaining(store, command, Unit::UNIX_MILLISECONDS)
    }),
];

/// The unit and origin of a command's times.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit {
    milliseconds: i64,
    from_now: bool,
}

impl Unit {
    pub(super) const SECONDS: Self = Self {
        milliseconds: 1000,
        from_now: true,
    };
    pub(super) const MILLISECONDS: Self = Self {
        milliseconds: 1,
        from_now: true,
    };
    pub(super) const UNIX_SECONDS: Self = Self {
        milliseconds: 1000,
        from_now: false,
    };
    pub(super) const UNIX_MILLISECONDS: Self = Self {
        milliseconds: 1,
        from_now: false,
    };

    /// `time` in milliseconds since the Unix epoch, unless that is out of range.
    pub(super) fn to_unix_ms(self, time: i64, now_ms: i64) -> Option<i64> {
        let milliseconds = time.checked_mul(self.milliseconds)?;
        milliseconds.checked_add(self.origin(now_ms))
    }

    fn origin(self, now_ms: i64) -> i64 {
        if self.from_now { now_ms } else { 0 }
    }
}

/// The options of EXPIRE and its variants: when the expiry may be set.
#[derive(Default)]
struct Conditions {
    nx: bool,
    xx: bool,
    gt: bool,
    lt: bool,
}

impl Conditions {
    fn parse(options: &[Vec<u8>]) -> Result<Self, Failure> {
        let mut given = Self::default();
        for option in options {
            match option.to_ascii_uppercase().as_slice() {
                b"NX" => given.nx = true,
                b"XX" => given.xx = true,
                b"GT" => given.gt = true,
                b"LT" => given.lt = true,
                _ => {
                    let option = String::from_utf8_lossy(option);
                    return Err(Failure::new(format!("ERR Unsupported option {option}")));
                }
            }
        }
        if given.nx && (given.xx || given.gt || given.lt) {
            return Err(Failure::fixed(
                "ERR NX and XX, GT or LT options at the same time are not compatible",
            ));
        }
        if given.gt && given.lt {
            return Err(Failure::fixed(
                "ERR GT and LT options at the same time are not compatible",
            ));
        }
        Ok(given)
    }

    /// Whether `new` may replace `current`; a key that never expires counts as expiring last.
    fn allow(&self, current: Option<i64>, new: i64) -> bool {
        !(self.nx && current.is_some()
            || self.xx && current.is_none()
            || self.gt && current.is_none_or(|current| new <= current)
            || self.lt && current.is_some_and(|current| new >= current))
    }
}

fn expire(store: &mut Store, command: &[Vec<u8>], unit: Unit, name: &str) -> Outcome {
    let key = &command[1];
    let conditions = Conditions::parse(&command[3..])?;
    let time = integer_argument(&command[2])?;
    let expires_at = unit.to_unix_ms(time, store.now_ms());
    let expires_at = expires_at.ok_or_else(|| Failure::invalid_expiry(name))?;
    let current = store.keyspace.expires_at(key);
    if !store.keyspace.contains(key) || !conditions.allow(current, expires_at) {
        return Ok(flag(false));
    }
    if expires_at <= store.now_ms() {
        store.keyspace.remove(key);
        store.changed_as(&[b"DEL", key]);
    } else {
        store.keyspace.set_expiry(key, Some(expires_at));
        store.changed_as(&[b"PEXPIREAT", key, expires_at.to_string().as_bytes()]);
    }
    Ok(flag(true))
}

fn persist(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let key = &command[1];
    let expires = store.keyspace.expires_at(key).is_some();
    if expires {
        store.keyspace.set_expiry(key, None);
        store.changed();
    }
    Ok(flag(expires))
}

fn remaining(store: &mut Store, command: &[Vec<u8>], unit: Unit) -> Outcome {
    let key = &command[1];
    if !store.keyspace.contains(key) {
        return Ok(Reply::Int(-2));
    }
    let Some(expires_at) = store.keyspace.expires_at(key) else {
        return Ok(Reply::Int(-1));
    };
    let left = expires_at
        .saturating_sub(unit.origin(store.now_ms()))
        .max(0);
    // Rounded to the nearest second.
    Ok(Reply::Int(
        left.saturating_add(unit.milliseconds / 2) / unit.milliseconds,
    ))
}
