//! A full store: which commands and scripts it refuses, and how.

use crate::support::{Local, Rest};
use embedded_store::front::{Fault, Full};
use serde_json::{Value, json};

const CAPACITY: &str = "ERR DB capacity quota exceeded";

fn sha1(script: &str) -> String {
    sha1_smol::Sha1::from(script).digest().to_string()
}

/// Makes the store full: Redis by `maxmemory`, the embedded store by pretending.
fn set_memory_full(local: &Local, full: bool) {
    match &local.redis {
        Some(redis) => redis.set_full(full).unwrap(),
        None => {
            let full = full.then_some(Full::Admission);
            local.front.faults().set_full(full);
        }
    }
}

const NO_WRITES: &str = "#!lua flags=no-writes\nreturn redis.call('GET', KEYS[1])";
const NO_FLAGS: &str = "#!lua\nreturn redis.call('GET', KEYS[1])";
const ALLOW_OOM: &str = "#!lua flags=allow-oom\nreturn redis.call('INCR', 'n')";

/// Requests to a full store, some of which must succeed all the same.
fn requests() -> Vec<Value> {
    let growing = "redis.call('GET', KEYS[1]) return redis.call('SET', KEYS[1], 'w')";
    let shrinking = "redis.call('DEL', KEYS[2]) return redis.call('SET', KEYS[2], 'w')";
    let bounding = "redis.call('PUBLISH', 'c', 'm') redis.call('EXPIRE', 'k', 1000) return redis.call('INCR', 'n')";
    let caught = "return redis.pcall('HSET', KEYS[1], 'f', 'v').err";
    let mut all = vec![
        json!(["SET", "k", "w"]),
        json!(["INCR", "n"]),
        json!(["HSET", "new", "f", "v"]),
        json!(["HSETNX", "new", "f", "v"]),
        json!(["HINCRBY", "new", "f", 1]),
        json!(["ZADD", "z", 2, "b"]),
        json!(["ZINCRBY", "z", 2, "b"]),
        json!(["GET", "k"]),
        json!(["EXPIRE", "k", 1000]),
        json!(["PERSIST", "k"]),
        json!(["RENAME", "k", "l"]),
        json!(["RENAME", "l", "k"]),
        json!(["PUBLISH", "c", "m"]),
        json!(["ZREM", "z", "a"]),
        json!(["HDEL", "new", "f"]),
        json!(["GETDEL", "gone"]),
        json!(["DEL", "gone"]),
        json!(["UNLINK", "gone"]),
        json!(["SET", "k"]),
        json!(["EVAL", "return redis.call('GET', KEYS[1])", 1, "k"]),
        json!(["EVAL_RO", "return redis.call('GET', KEYS[1])", 1, "k"]),
        json!(["EVAL", growing, 1, "k"]),
        json!(["EVAL", shrinking, 2, "k", "d"]),
        json!(["EVAL", bounding, 2, "k", "n"]),
        json!(["EVAL", caught, 1, "new"]),
        json!(["EVAL", NO_FLAGS, 1, "k"]),
        json!(["EVAL", "#!lua flags=no-cluster\nreturn 1", 1, "k"]),
        json!([
            "EVAL",
            "#!lua flags=no-writes\nreturn redis.call('INCR', 'n')",
            1,
            "n"
        ]),
    ];
    for (script, key) in [(NO_WRITES, "k"), (NO_FLAGS, "k"), (ALLOW_OOM, "n")] {
        for (by_source, by_sha) in [("EVAL", "EVALSHA"), ("EVAL_RO", "EVALSHA_RO")] {
            all.push(json!([by_source, script, 1, key]));
            all.push(json!([by_sha, sha1(script), 1, key]));
        }
    }
    all
}

async fn responses(local: &Local, full: bool) -> Vec<(u16, Value)> {
    let rest = &local.rest;
    rest.result(json!(["FLUSHALL"])).await;
    rest.result(json!(["SET", "k", "v"])).await;
    rest.result(json!(["SET", "d", "v"])).await;
    rest.result(json!(["ZADD", "z", 1, "a"])).await;
    rest.result(json!(["EVAL", "return redis.call('GET', 'k')", 1, "k"]))
        .await;
    set_memory_full(local, full);
    let mut responses = Vec::new();
    for request in requests() {
        let response = rest.post("/", request).await;
        responses.push((response.status, response.json));
    }
    for path in ["/pipeline", "/multi-exec"] {
        let commands = json!([["GET", "k"], ["SET", "k", "x"], ["DEL", "k"]]);
        let response = rest.post(path, commands).await;
        responses.push((response.status, response.json));
    }
    set_memory_full(local, false);
    responses
}

#[tokio::test]
async fn without_memory_the_embedded_store_replies_as_redis_does() {
    let Some(redis) = Local::redis().await else {
        return;
    };
    let embedded = Local::embedded().await;
    for full in [true, false] {
        let (ours, theirs) = (
            responses(&embedded, full).await,
            responses(&redis, full).await,
        );
        for (index, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            assert_eq!(ours, theirs, "{full}: {:?}", requests().get(index));
        }
    }
}

#[tokio::test]
async fn without_memory_only_scripts_with_a_flag_for_it_start() {
    let local = Local::embedded().await;
    let rest = &local.rest;
    local.front.faults().set_full(Some(Full::Admission));
    let text = "OOM command not allowed when used memory > 'maxmemory'.";
    assert_eq!(rest.error(json!(["SET", "k", "v"])).await, text);
    assert_eq!(rest.error(json!(["EVAL", NO_FLAGS, 1, "k"])).await, text);
    assert_eq!(rest.result(json!(["EVAL", ALLOW_OOM, 1, "n"])).await, 1);
    local.front.faults().set_full(None);
    assert_eq!(
        rest.result(json!(["EVAL", NO_FLAGS, 1, "k"])).await,
        Value::Null
    );
}

async fn refused(rest: &Rest, command: Value) {
    let error = rest.error(command.clone()).await;
    assert!(error.starts_with(CAPACITY), "{command}: {error}");
}

#[tokio::test]
async fn where_every_command_is_refused_scripts_stop_in_the_middle() {
    for local in Local::all().await {
        let rest = &local.rest;
        rest.result(json!(["SET", "k", "v"])).await;
        rest.result(json!(["SET", "d", "v"])).await;
        local.front.faults().set_full(Some(Full::EveryCommand));
        for command in [
            json!(["SET", "k", "w"]),
            json!(["RENAME", "k", "l"]),
            json!(["PERSIST", "k"]),
            json!(["EVAL", ALLOW_OOM, 1, "n"]),
            json!(["EVALSHA", sha1(ALLOW_OOM), 1, "n"]),
        ] {
            refused(rest, command).await;
        }
        for command in [
            json!(["GET", "k"]),
            json!(["PEXPIREAT", "k", 4_102_444_800_000_u64]),
            json!(["PUBLISH", "c", "m"]),
            json!(["DEL", "absent"]),
            json!(["EVAL", NO_FLAGS, 1, "k"]),
            json!(["EVAL_RO", NO_WRITES, 1, "k"]),
            json!(["EVALSHA_RO", sha1(NO_WRITES), 1, "k"]),
        ] {
            rest.result(command).await;
        }
        let script = "#!lua flags=allow-key-locking
            redis.call('del', KEYS[1])
            redis.call('EXPIRE', KEYS[2], 100)
            redis.call('PUBLISH', 'c', 'm')
            local reply = redis.pcall('SET', KEYS[1], 'w')
            redis.call('SET', KEYS[2], reply.err)";
        refused(rest, json!(["EVAL", script, 2, "d", "k"])).await;
        assert_eq!(
            rest.result(json!(["MGET", "d", "k"])).await,
            json!([null, "v"])
        );
        assert_eq!(rest.result(json!(["TTL", "k"])).await, 100);
        let response = rest
            .post("/multi-exec", json!([["GET", "k"], ["DEL", "k"]]))
            .await;
        assert_eq!(response.json, json!([{"result": "v"}, {"result": 1}]));
        local.front.faults().set_full(None);
        rest.result(json!(["EVAL", ALLOW_OOM, 1, "n"])).await;
    }
}

#[tokio::test]
async fn one_request_to_a_full_store_respects_the_flags_of_its_script() {
    for local in Local::all().await {
        let rest = &local.rest;
        let faults = local.front.faults();
        for script in [NO_WRITES, NO_FLAGS, ALLOW_OOM] {
            rest.result(json!(["SCRIPT", "LOAD", script])).await;
        }
        let allowed = [
            json!(["EVAL", ALLOW_OOM, 1, "n"]),
            json!(["EVALSHA", sha1(ALLOW_OOM), 1, "n"]),
            json!(["EVAL", NO_WRITES, 1, "k"]),
            json!(["EVALSHA", sha1(NO_WRITES).to_uppercase(), 1, "k"]),
            json!(["EVALSHA_RO", sha1(NO_WRITES), 1, "k"]),
            json!(["EVAL_RO", "return redis.call('GET', KEYS[1])", 1, "k"]),
        ];
        for command in allowed {
            faults.push(Fault::CapacityError, 1);
            rest.result(command).await;
        }
        for command in [
            json!(["EVAL", NO_FLAGS, 1, "k"]),
            json!(["EVALSHA", sha1(NO_FLAGS), 1, "k"]),
            json!(["EVAL", "return 1", 0]),
            json!(["EVALSHA", sha1("unknown"), 0]),
        ] {
            faults.push(Fault::CapacityError, 1);
            refused(rest, command).await;
        }
        assert_eq!(rest.result(json!(["GET", "n"])).await, "2");
    }
}
