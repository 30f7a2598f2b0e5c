//! The engine's commands by family, its clock, channels and command counts.

use std::time::Duration;

use crate::support::words::{bulk, command, run};
use embedded_store::engine::Engine;
use embedded_store::reply::Reply;

fn bulks(words: &str) -> Reply {
    Reply::Array(words.split_whitespace().map(bulk).collect())
}

fn error(text: &str) -> Reply {
    Reply::Error(text.to_owned())
}

/// Runs each command and compares its reply.
fn expect(engine: &Engine, exchanges: &[(&str, Reply)]) {
    for (words, reply) in exchanges {
        assert_eq!(run(engine, words), *reply, "{words}");
    }
}

#[test]
fn strings_and_counters() {
    expect(
        &Engine::in_memory(),
        &[
            ("SET k v", Reply::ok()),
            ("SET k w NX", Reply::Nil),
            ("SET k w XX GET", bulk("v")),
            (
                "SET k x NX EX 0",
                error("ERR invalid expire time in 'set' command"),
            ),
            ("SET k x NX XX", error("ERR syntax error")),
            ("MGET k nosuch", Reply::Array(vec![bulk("w"), Reply::Nil])),
            (
                "INCR k",
                error("ERR value is not an integer or out of range"),
            ),
            ("INCRBY n 41", Reply::Int(41)),
            ("incr n", Reply::Int(42)),
            ("GETDEL n", bulk("42")),
            ("GET n", Reply::Nil),
            (
                "HGET k f",
                error("WRONGTYPE Operation against a key holding the wrong kind of value"),
            ),
        ],
    );
}

#[test]
fn bitfields() {
    let ints = |numbers: &[i64]| Reply::Array(numbers.iter().map(|n| Reply::Int(*n)).collect());
    let engine = Engine::in_memory();
    expect(
        &engine,
        &[
            ("BITFIELD b GET u8 0", ints(&[0])),
            ("EXISTS b", Reply::Int(0)),
            ("BITFIELD b SET u8 #1 65 GET u8 8", ints(&[0, 65])),
            ("PEXPIREAT b 4102444800000", Reply::Int(1)),
            ("BITFIELD b INCRBY i5 11 1", ints(&[2])),
            ("GET b", bulk("\0B")),
            ("BITFIELD_RO b GET u4 8 GET i4 60", ints(&[4, 0])),
            ("PEXPIRETIME b", Reply::Int(4_102_444_800_000)),
            (
                "BITFIELD b OVERFLOW FAIL INCRBY u2 100 4",
                Reply::Array(vec![Reply::Nil]),
            ),
            ("BITFIELD b", ints(&[])),
            ("TYPE b", Reply::Status("string".to_owned())),
            (
                "BITFIELD_RO b SET u8 0 1",
                error("ERR BITFIELD_RO only supports the GET subcommand"),
            ),
            (
                "BITFIELD b GET u8 -1",
                error("ERR bit offset is not an integer or out of range"),
            ),
            ("BITFIELD b GET u8", error("ERR syntax error")),
        ],
    );
}

#[test]
fn hashes() {
    expect(
        &Engine::in_memory(),
        &[
            ("HSET h b 1 a 2 b 3", Reply::Int(2)),
            (
                "HSET h b",
                error("ERR wrong number of arguments for 'hset' command"),
            ),
            ("HGETALL h", bulks("a 2 b 3")),
            ("HSETNX h a 9", Reply::Int(0)),
            ("HINCRBY h a -5", Reply::Int(-3)),
            ("HSTRLEN h a", Reply::Int(2)),
            ("HDEL h a b c", Reply::Int(2)),
            ("EXISTS h", Reply::Int(0)),
        ],
    );
}

#[test]
fn sorted_sets() {
    expect(
        &Engine::in_memory(),
        &[
            ("ZADD z 1 b 1 a 3 c", Reply::Int(3)),
            ("ZADD z GT CH 0 a 5 c", Reply::Int(1)),
            ("ZADD z GT INCR 0 a", Reply::Nil),
            ("ZADD z XX INCR 1 nosuch", Reply::Nil),
            ("ZRANGE z 0 -1 WITHSCORES", bulks("a 1 b 1 c 5")),
            ("ZRANGE z +inf (1 BYSCORE REV LIMIT 0 1", bulks("c")),
            ("ZREVRANGEBYSCORE z (5 -inf", bulks("b a")),
            ("ZREVRANK z a", Reply::Int(2)),
            ("ZCOUNT z 1 (5", Reply::Int(2)),
            ("ZCOUNT z (1 (1", Reply::Int(0)),
            ("ZCOUNT z 5 1", Reply::Int(0)),
            ("ZREMRANGEBYRANK z -1 -1", Reply::Int(1)),
            ("ZREMRANGEBYSCORE z -inf +inf", Reply::Int(2)),
            ("TYPE z", Reply::Status("none".to_owned())),
        ],
    );
}

#[test]
fn sorted_sets_are_read_by_name() {
    let not_a_range = error("ERR min or max not valid string range item");
    expect(
        &Engine::in_memory(),
        &[
            ("ZADD z 0 b 0 a 0 c", Reply::Int(3)),
            ("ZRANGE z (a [c BYLEX", bulks("b c")),
            ("ZRANGE z [a (bb bylex", bulks("a b")),
            ("ZRANGE z - + BYLEX LIMIT 1 1", bulks("b")),
            ("ZRANGE z + (a BYLEX REV", bulks("c b")),
            ("ZRANGE z + - BYLEX", bulks("")),
            ("ZRANGE z [b (b BYLEX", bulks("")),
            ("ZRANGE nosuch - + BYLEX", bulks("")),
            ("ZRANGE z a [c BYLEX", not_a_range),
            ("ZRANGE z - + BYLEX BYSCORE", error("ERR syntax error")),
            (
                "ZRANGE z - + BYLEX WITHSCORES",
                error("ERR syntax error, WITHSCORES not supported in combination with BYLEX"),
            ),
        ],
    );
}

#[test]
fn keys_expire_by_the_engines_clock() {
    let engine = Engine::in_memory();
    expect(
        &engine,
        &[
            ("SET k v PX 1500", Reply::ok()),
            ("SET stays v", Reply::ok()),
            ("EXPIRE k 5 LT", Reply::Int(0)),
            ("EXPIRE k 5 GT", Reply::Int(1)),
        ],
    );
    engine.advance_clock(Duration::from_secs(4));
    assert_eq!(run(&engine, "TTL k"), Reply::Int(1));
    engine.advance_clock(Duration::from_secs(2));
    expect(
        &engine,
        &[
            ("TTL k", Reply::Int(-2)),
            ("DBSIZE", Reply::Int(1)),
            ("KEYS *", bulks("stays")),
            ("EXPIRE stays -1", Reply::Int(1)),
            ("EXISTS stays", Reply::Int(0)),
        ],
    );
}

#[test]
fn time_follows_the_clock() {
    let seconds = |engine: &Engine| match run(engine, "TIME") {
        Reply::Array(parts) => match &parts[0] {
            Reply::Bulk(seconds) => String::from_utf8_lossy(seconds).parse::<u64>().unwrap(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    let engine = Engine::in_memory();
    let before = seconds(&engine);
    engine.advance_clock(Duration::from_secs(86_400));
    assert!((86_400..86_410).contains(&(seconds(&engine) - before)));
    engine.advance_clock(Duration::MAX);
    assert!(matches!(run(&engine, "PING"), Reply::Status(_)));
}

/// Follows the cursors of `words` to the end and returns all items.
fn scan_all(engine: &Engine, words: &str, count: usize) -> Vec<Reply> {
    let mut items = Vec::new();
    let mut cursor = "0".to_owned();
    loop {
        let reply = run(engine, &format!("{words} {cursor} COUNT {count}"));
        let Reply::Array(parts) = reply else {
            panic!("{reply:?}")
        };
        let [Reply::Bulk(next), Reply::Array(page)] = &parts[..] else {
            panic!("{parts:?}")
        };
        items.extend_from_slice(page);
        cursor = String::from_utf8_lossy(next).into_owned();
        if cursor == "0" {
            return items;
        }
        // Keys added and removed meanwhile must not hide those that stay.
        run(engine, &format!("SET passing{cursor} v"));
        run(engine, &format!("DEL passing{cursor}"));
    }
}

#[test]
fn scans_meet_every_key_and_field_once() {
    let engine = Engine::in_memory();
    for n in 0..1_000 {
        run(&engine, &format!("SET key{n} v"));
        run(&engine, &format!("HSET h field{n} {n}"));
    }
    assert_eq!(scan_all(&engine, "SCAN", 7).len(), 1_001);
    assert_eq!(scan_all(&engine, "HSCAN h", 100).len(), 2_000);
    let reply = run(&engine, "SCAN 0 MATCH key99? COUNT 5000 TYPE string");
    assert!(
        matches!(reply, Reply::Array(parts) if matches!(&parts[1], Reply::Array(keys) if keys.len() == 10))
    );
}

#[test]
fn unknown_commands_and_wrong_arity() {
    let engine = Engine::in_memory();
    expect(
        &engine,
        &[
            (
                "foo a b",
                error("ERR unknown command 'foo', with args beginning with: 'a' 'b' "),
            ),
            (
                "GET",
                error("ERR wrong number of arguments for 'get' command"),
            ),
            (
                "SCRIPT nosuch",
                error("ERR unknown subcommand 'nosuch'. Try SCRIPT HELP."),
            ),
            (
                "script|load x y",
                error("ERR unknown command 'script|load', with args beginning with: 'x' 'y' "),
            ),
        ],
    );
    assert_eq!(engine.execute(&[]), error("ERR empty command"));
}

#[test]
fn no_command_panics_without_arguments() {
    let engine = Engine::in_memory();
    let names = "ping echo time publish dbsize info flushdb flushall del unlink rename exists type expire pexpire \
        expireat pexpireat persist ttl pttl expiretime pexpiretime get set getdel mget incr decr incrby \
        hset hsetnx hget hmget hgetall hkeys hvals hlen hexists hdel hincrby hstrlen zadd zincrby zrem \
        zremrangebyscore zremrangebyrank zcard zcount zscore zmscore zrank zrevrank zrange zrevrange \
        zrangebyscore zrevrangebyscore keys scan hscan eval eval_ro evalsha evalsha_ro script";
    for name in names.split_whitespace() {
        for words in 0..8 {
            run(&engine, &format!("{name}{}", " 0".repeat(words)));
            run(&engine, &format!("{name}{}", " load".repeat(words)));
        }
    }
    assert_eq!(run(&engine, "PING"), Reply::Status("PONG".to_owned()));
}

#[test]
fn a_transaction_is_all_or_nothing_queued() {
    let engine = Engine::in_memory();
    let refused = engine.transaction(&[command("SET a 1"), command("GET")]);
    assert_eq!(
        refused,
        Err(error(
            "EXECABORT Transaction discarded because of previous errors."
        ))
    );
    assert_eq!(run(&engine, "EXISTS a"), Reply::Int(0));
    let replies = engine.transaction(&[command("SET a x"), command("INCR a"), command("GET a")]);
    let not_an_integer = error("ERR value is not an integer or out of range");
    assert_eq!(replies, Ok(vec![Reply::ok(), not_an_integer, bulk("x")]));
    assert_eq!(engine.transaction(&[]), Ok(Vec::new()));
}

#[test]
fn messages_reach_subscribers() {
    let engine = Engine::in_memory();
    assert_eq!(run(&engine, "PUBLISH ch early"), Reply::Int(0));
    let mut first = engine.subscribe(b"ch");
    let second = engine.subscribe(b"ch");
    assert_eq!(run(&engine, "PUBLISH ch hello"), Reply::Int(2));
    drop(second);
    assert_eq!(run(&engine, "PUBLISH ch again"), Reply::Int(1));
    assert_eq!(first.try_recv().unwrap(), b"hello");
    assert_eq!(first.try_recv().unwrap(), b"again");
    assert!(first.try_recv().is_err());
}

#[test]
fn every_command_that_runs_is_billed() {
    let engine = Engine::in_memory();
    let script =
        "redis.call('INCR', 'a') redis.pcall('HGET', 'a', 'f') redis.pcall('GET') return 1";
    let eval = vec![b"EVAL".to_vec(), script.into(), b"0".to_vec()];
    run(&engine, "GET");
    run(&engine, "nosuch");
    run(&engine, "SCRIPT EXISTS abc");
    assert!(engine.transaction(&[command("GET a"), eval]).is_ok());
    let counts: Vec<_> = engine.command_counts().into_iter().collect();
    let expected = [
        ("eval", 1),
        ("get", 1),
        ("hget", 1),
        ("incr", 1),
        ("script|exists", 1),
    ];
    assert_eq!(
        counts,
        expected.map(|(name, calls)| (name.to_owned(), calls))
    );
    assert_eq!(engine.commands_billed(), 5);
}

#[test]
fn handles_can_go_to_other_threads() {
    let engine = Engine::in_memory();
    let threads = (0..4).map(|_| {
        let engine = engine.clone();
        std::thread::spawn(move || {
            for _ in 0..100 {
                run(&engine, "INCR n");
            }
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        thread.join().unwrap();
    }
    assert_eq!(run(&engine, "GET n"), bulk("400"));
}
