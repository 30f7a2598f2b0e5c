//! The engine must give random commands and scripts the replies of a real Redis 7.0.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::support::generated::{self, is_named, printable, sequences};
use crate::support::redis::RedisConnection;
use embedded_store::engine::Engine;
use embedded_store::reply::{Command, Reply};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use test_support::redis_server::RedisServer;

/// How many random sequences to try.
const SEQUENCES: u32 = 1_000;

/// Sorts a reply whose order is undefined.
fn sorted(reply: Reply, command: &[Vec<u8>]) -> Reply {
    let in_pairs = is_named(command, &["HGETALL", "HSCAN"]);
    match reply {
        Reply::Array(items) if is_named(command, &["SCAN", "HSCAN"]) => {
            let parts = items.into_iter();
            Reply::Array(parts.map(|part| sort_items(part, in_pairs)).collect())
        }
        other => sort_items(other, in_pairs),
    }
}

fn sort_items(reply: Reply, in_pairs: bool) -> Reply {
    let Reply::Array(items) = reply else {
        return reply;
    };
    let mut groups: Vec<_> = items.chunks(if in_pairs { 2 } else { 1 }).collect();
    groups.sort_by_key(|group| format!("{group:?}"));
    Reply::Array(groups.concat())
}

/// Whether both replies mean the same.
fn agree(command: &[Vec<u8>], ours: &Reply, theirs: &Reply) -> bool {
    let mentions = |names: &[&str]| {
        let is_one = |word: &Vec<u8>| {
            names
                .iter()
                .any(|name| word.eq_ignore_ascii_case(name.as_bytes()))
        };
        command.iter().any(is_one)
    };
    match (ours, theirs) {
        // Both clocks advance between the commands.
        (Reply::Int(ours), Reply::Int(theirs))
            if mentions(&["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"]) =>
        {
            ours == theirs || (*ours > 0 && *theirs > 0 && ours.abs_diff(*theirs) <= 2_000)
        }
        // Redis counts expired keys until it removes them.
        (Reply::Int(ours), Reply::Int(theirs)) if mentions(&["DBSIZE"]) => ours <= theirs,
        (Reply::Array(ours), Reply::Array(theirs)) => {
            let mut pairs = ours.iter().zip(theirs);
            ours.len() == theirs.len() && pairs.all(|(ours, theirs)| agree(command, ours, theirs))
        }
        (ours, theirs) => ours == theirs,
    }
}

fn check(redis: &mut RedisConnection, commands: &[Command]) -> Result<(), TestCaseError> {
    redis.execute(&bytes(&["FLUSHALL"]));
    redis.execute(&bytes(&["CONFIG", "RESETSTAT"]));
    let engine = Engine::in_memory();
    for command in commands.iter().chain(&generated::inspections()) {
        let ours = sorted(engine.execute(command), command);
        let theirs = sorted(redis.execute(command), command);
        prop_assert!(
            agree(command, &ours, &theirs),
            "{}\n  engine: {ours:?}\n  redis:  {theirs:?}",
            printable(command),
        );
    }
    prop_assert_eq!(engine.command_counts(), command_counts(redis));
    Ok(())
}

/// The calls that Redis counted, without those of this test itself.
fn command_counts(redis: &mut RedisConnection) -> BTreeMap<String, u64> {
    let Reply::Bulk(info) = redis.execute(&bytes(&["INFO", "commandstats"])) else {
        panic!("INFO has no text");
    };
    let info = String::from_utf8(info).unwrap();
    let lines = info
        .lines()
        .filter_map(|line| line.strip_prefix("cmdstat_"));
    let counts = lines.map(|line| {
        let (name, statistics) = line.split_once(":calls=").unwrap();
        let (calls, _) = statistics.split_once(',').unwrap();
        (name.to_owned(), calls.parse().unwrap())
    });
    counts
        .filter(|(name, calls)| *calls > 0 && name != "config|resetstat")
        .collect()
}

fn bytes(words: &[&str]) -> Command {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

#[test]
fn random_commands_get_the_replies_of_redis() {
    let Some(server) = RedisServer::start().unwrap() else {
        return;
    };
    let mut redis = RedisConnection::to(&server);
    let config = Config {
        cases: SEQUENCES,
        failure_persistence: None,
        ..Config::default()
    };
    let redis = RefCell::new(&mut redis);
    let outcome = TestRunner::new(config).run(&sequences(), |commands| {
        check(&mut redis.borrow_mut(), &commands)
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(difference, commands)) => {
            let commands: Vec<_> = commands.iter().map(|command| printable(command)).collect();
            panic!("{difference}\nafter:\n{}", commands.join("\n"));
        }
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

#[test]
fn scripts_get_the_replies_of_redis() {
    let Some(server) = RedisServer::start().unwrap() else {
        return;
    };
    let mut redis = RedisConnection::to(&server);
    let mut commands = vec![bytes(&["ZADD", "z", "1", "a"])];
    for script in include_str!("support/scripts.txt").split("\n--\n") {
        commands.push(bytes(&["EVAL", script, "1", "z", "argument"]));
        commands.push(bytes(&["EVAL_RO", script, "1", "z"]));
        commands.push(bytes(&["SCRIPT", "LOAD", script]));
    }
    for rest in [&["2", "a"][..], &["-1"], &["x"], &["01"]] {
        commands.push([&bytes(&["EVAL", "return 1"])[..], &bytes(rest)].concat());
    }
    for other in [
        &["EVALSHA", "abc", "0"][..],
        &["SCRIPT"],
        &["SCRIPT", "foo"],
        &["SCRIPT", "LOAD"],
        &["SCRIPT", "FLUSH", "x"],
        &["SCRIPT", "EXISTS", "abc"],
        &["EVAL", "return 1"],
        &["script|load", "return 1"],
        &["EVALSHA", "E0E1F9FABFC9D4800C877A703B823AC0578FF8DB", "0"],
    ] {
        commands.push(bytes(other));
    }
    check(&mut redis, &commands).unwrap_or_else(|failure| panic!("{failure}"));
}

/// At and beyond the limits of every kind of field, which random commands rarely reach.
#[test]
fn numbers_in_bitfields_overflow_like_those_of_redis() {
    let Some(server) = RedisServer::start().unwrap() else {
        return;
    };
    let mut redis = RedisConnection::to(&server);
    let widths = ["i1", "u1", "i5", "u5", "i8", "u8", "i63", "u63", "i64"];
    let numbers = [
        "0",
        "1",
        "-1",
        "-16",
        "127",
        "-129",
        "256",
        "4611686018427387904",
        "9223372036854775807",
        "-9223372036854775808",
        "-9223372036854775681",
    ];
    let mut commands = Vec::new();
    for width in widths {
        for (first, second) in numbers.iter().flat_map(|a| numbers.map(|b| (a, b))) {
            for overflow in ["WRAP", "SAT", "FAIL"] {
                let line = format!(
                    "BITFIELD b SET {width} 3 {first} OVERFLOW {overflow} INCRBY {width} 3 {second} \
                     SET {width} 3 {second} GET {width} 3"
                );
                commands.push(bytes(&line.split_whitespace().collect::<Vec<_>>()));
            }
        }
    }
    check(&mut redis, &commands).unwrap_or_else(|failure| panic!("{failure}"));
}
