//! PING, ECHO, TIME, PUBLISH and the commands on the whole database.

use super::super::failure::Failure;
use super::super::size::used_memory;
use super::super::spec::{Keys, Spec};
use super::super::store::Store;
use super::outcome::{Outcome, count, is};
use crate::reply::Reply;

pub(super) const COMMANDS: &[Spec] = &[
    Spec::read("ping", -1, ping).with_keys(Keys::None),
    Spec::read("echo", 2, echo).with_keys(Keys::None),
    Spec::read("time", 1, time).with_keys(Keys::None),
    // It changes no key, but Redis refuses it to read-only scripts like a write.
    Spec::write("publish", 3, publish)
        .even_when_full()
        .with_keys(Keys::None),
    Spec::read("dbsize", 1, dbsize).with_keys(Keys::Keyspace),
    Spec::read("info", -1, info).with_keys(Keys::Keyspace),
    Spec::write("flushdb", -1, flush)
        .even_when_full()
        .with_keys(Keys::Keyspace),
    Spec::write("flushall", -1, flush)
        .even_when_full()
        .with_keys(Keys::Keyspace),
];

fn ping(_: &mut Store, command: &[Vec<u8>]) -> Outcome {
    match command {
        [_] => Ok(Reply::Status("PONG".to_owned())),
        [_, message] => Ok(Reply::Bulk(message.clone())),
        _ => Err(Failure::wrong_arity("ping")),
    }
}

fn echo(_: &mut Store, command: &[Vec<u8>]) -> Outcome {
    Ok(Reply::Bulk(command[1].clone()))
}

fn time(store: &mut Store, _: &[Vec<u8>]) -> Outcome {
    let (seconds, micros) = (store.now_us / 1_000_000, store.now_us % 1_000_000);
    let parts = [seconds, micros].map(|part| Reply::Bulk(part.to_string().into_bytes()));
    Ok(Reply::Array(parts.into()))
}

fn publish(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    Ok(count(store.channels.publish(&command[1], &command[2])))
}

fn dbsize(store: &mut Store, _: &[Vec<u8>]) -> Outcome {
    Ok(count(store.keyspace.len()))
}

/// The only section is memory; of other sections there is only the heading, as at Upstash.
fn info(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    let is_memory = |name: &Vec<u8>| {
        ["memory", "default", "all"]
            .iter()
            .any(|known| is(name, known))
    };
    let text = match command {
        [_, section] if !is_memory(section) => {
            format!("# {}\r\n", String::from_utf8_lossy(section))
        }
        _ => format!(
            "# Memory\r\nused_memory:{}\r\n",
            used_memory(&store.keyspace)
        ),
    };
    Ok(Reply::Bulk(text.into_bytes()))
}

fn flush(store: &mut Store, command: &[Vec<u8>]) -> Outcome {
    match command {
        [_] => {}
        [_, mode] if is(mode, "SYNC") || is(mode, "ASYNC") => {}
        _ => return Err(Failure::SYNTAX),
    }
    store.keyspace.clear();
    store.changed();
    Ok(Reply::ok())
}
