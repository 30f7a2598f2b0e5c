//! The append log: what a restart restores, and which files it refuses.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::generated;
use crate::support::words::{bulk, command, run};
use embedded_store::engine::Engine;
use embedded_store::reply::Reply;
use proptest::prelude::*;
use tempfile::TempDir;

fn log() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("engine.log");
    (folder, path)
}

fn open(path: &Path) -> Engine {
    Engine::open(path).unwrap()
}

#[test]
fn a_restart_restores_everything() {
    let (_folder, path) = log();
    let engine = open(&path);
    for words in [
        "SET s 1",
        "INCR s",
        "SET t v EX 100",
        "HSET h f 1 g 2",
        "HINCRBY h f 4",
        "HDEL h g",
        "ZADD z 0.1 a 2 b",
        "ZINCRBY z inf b",
        "SET gone 1",
        "GETDEL gone",
        "EXPIRE h 50",
    ] {
        assert!(!matches!(run(&engine, words), Reply::Error(_)), "{words}");
    }
    engine.execute(&[b"SET".to_vec(), b"\x00 \xff\n%".to_vec(), b"".to_vec()]);
    drop(engine);

    let engine = open(&path);
    assert_eq!(run(&engine, "GET s"), bulk("2"));
    assert_eq!(run(&engine, "TTL t"), Reply::Int(100));
    assert_eq!(
        run(&engine, "HGETALL h"),
        Reply::Array(vec![bulk("f"), bulk("5")])
    );
    assert_eq!(run(&engine, "TTL h"), Reply::Int(50));
    assert_eq!(
        run(&engine, "ZMSCORE z a b"),
        Reply::Array(vec![bulk("0.10000000000000001"), bulk("inf")])
    );
    assert_eq!(
        engine.execute(&[b"GET".to_vec(), b"\x00 \xff\n%".to_vec()]),
        bulk("")
    );
    assert_eq!(run(&engine, "DBSIZE"), Reply::Int(5));
    assert_eq!(engine.commands_billed(), 7, "replaying is not billed");
}

#[test]
fn keys_that_expired_before_a_restart_stay_expired() {
    let (_folder, path) = log();
    let engine = open(&path);
    run(&engine, "SET counter 5 EX 10");
    engine.advance_clock(Duration::from_secs(11));
    assert_eq!(run(&engine, "INCR counter"), Reply::Int(1));
    drop(engine);
    // The clock is back at a time at which the first value had not expired.
    assert_eq!(run(&open(&path), "GET counter"), bulk("1"));
}

#[test]
fn reads_and_refused_writes_are_not_logged() {
    let (_folder, path) = log();
    let engine = open(&path);
    run(&engine, "SET k v");
    let before = fs::read(&path).unwrap();
    for words in [
        "GET k",
        "SET k w NX",
        "DEL other",
        "HSET k f v",
        "ZREM other m",
        "EXPIRE other 5",
    ] {
        run(&engine, words);
    }
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn an_incomplete_last_record_is_dropped_whole() {
    let (_folder, path) = log();
    let engine = open(&path);
    run(&engine, "SET a 1");
    let intact = fs::read(&path).unwrap().len();
    let script = "redis.call('SET', 'b', '1') redis.call('SET', 'c', '1')";
    engine.execute(&[b"EVAL".to_vec(), script.into(), b"0".to_vec()]);
    drop(engine);
    let whole = fs::read(&path).unwrap();
    for end in intact..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let engine = open(&path);
        assert_eq!(run(&engine, "EXISTS a b c"), Reply::Int(1), "cut at {end}");
        assert_eq!(fs::read(&path).unwrap(), &whole[..intact], "cut at {end}");
        run(&engine, "SET d 1");
        drop(engine);
        assert_eq!(run(&open(&path), "EXISTS a b c d"), Reply::Int(2));
    }
}

#[test]
fn a_file_without_a_complete_header_is_recreated() {
    let (_folder, path) = log();
    fs::write(&path, "append-l").unwrap();
    run(&open(&path), "SET a 1");
    assert_eq!(run(&open(&path), "GET a"), bulk("1"));
}

#[test]
fn a_corrupt_record_before_the_last_is_an_error() {
    let (_folder, path) = log();
    let engine = open(&path);
    for words in ["SET a 1", "SET b 2", "SET c 3"] {
        run(&engine, words);
    }
    drop(engine);
    let content = fs::read_to_string(&path).unwrap();
    let damaged = content.replace("SET b 2", "SET b 3");
    fs::write(&path, &damaged).unwrap();
    let error = Engine::open(&path).err().unwrap().to_string();
    assert!(error.contains("engine.log: line 3"), "{error}");
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        damaged,
        "the file is left alone"
    );
}

#[test]
fn another_file_is_not_taken_for_a_log() {
    let (_folder, path) = log();
    fs::write(&path, "my notes").unwrap();
    let error = Engine::open(&path).err().unwrap().to_string();
    assert!(error.ends_with("engine.log: not an append log"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "my notes");
}

#[test]
fn two_engines_cannot_share_a_log() {
    let (_folder, path) = log();
    let engine = open(&path);
    let error = Engine::open(&path).err().unwrap().to_string();
    assert!(error.contains("open in another engine"), "{error}");
    drop(engine);
    open(&path);
}

#[test]
fn a_large_log_is_rewritten_when_opened() {
    let (_folder, path) = log();
    let engine = open(&path);
    run(&engine, "HSET h f v");
    run(&engine, "ZADD z 1.5 m -inf n");
    for _ in 0..3_000 {
        run(&engine, "INCR counter");
    }
    run(&engine, "EXPIRE counter 100");
    drop(engine);
    let before = fs::metadata(&path).unwrap().len();
    let engine = open(&path);
    assert!(fs::metadata(&path).unwrap().len() < before / 100);
    run(&engine, "INCR counter");
    drop(engine);

    let engine = open(&path);
    assert_eq!(run(&engine, "GET counter"), bulk("3001"));
    assert_eq!(run(&engine, "TTL counter"), Reply::Int(100));
    assert_eq!(run(&engine, "HGET h f"), bulk("v"));
    assert_eq!(
        run(&engine, "ZMSCORE z m n"),
        Reply::Array(vec![bulk("1.5"), bulk("-inf")])
    );
}

#[test]
fn a_transaction_is_one_record() {
    let (_folder, path) = log();
    let engine = open(&path);
    let replies =
        engine.transaction(&[command("SET a 1"), command("HGET a f"), command("SET b 1")]);
    assert!(matches!(replies.unwrap()[1], Reply::Error(_)));
    drop(engine);
    let content = fs::read_to_string(&path).unwrap();
    assert_eq!(content.lines().count(), 2, "{content}");
    assert_eq!(run(&open(&path), "EXISTS a b"), Reply::Int(2));
}

#[test]
fn a_script_that_fails_keeps_what_it_wrote() {
    let (_folder, path) = log();
    let engine = open(&path);
    let script = "redis.call('SET', 'a', '1') error('stop')";
    let reply = engine.execute(&[b"EVAL".to_vec(), script.into(), b"0".to_vec()]);
    assert!(matches!(reply, Reply::Error(_)));
    drop(engine);
    assert_eq!(run(&open(&path), "GET a"), bulk("1"));
}

/// All data of the engine.
fn content(engine: &Engine) -> Vec<Reply> {
    let inspections = generated::inspections();
    inspections
        .iter()
        .map(|command| engine.execute(command))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_sequence_survives_a_restart(
        commands in generated::sequences(),
        transaction_from in 0..20usize,
        advance_at in 0..20usize,
    ) {
        let (_folder, path) = log();
        let engine = open(&path);
        let (single, together) = commands.split_at(transaction_from.min(commands.len()));
        for (index, command) in single.iter().enumerate() {
            if index == advance_at {
                engine.advance_clock(Duration::from_secs(200));
            }
            engine.execute(command);
        }
        // A transaction that cannot be queued changes nothing, which must survive as well.
        let _ = engine.transaction(together);
        let before = content(&engine);
        drop(engine);
        let after = content(&open(&path));
        let commands: Vec<_> = commands.iter().map(|command| generated::printable(command)).collect();
        prop_assert_eq!(before, after, "{}", commands.join("\n"));
    }
}
