//! The Redis backend: script flags, errors, atomicity and reconnecting.

use std::time::{Duration, Instant};

use crate::support::Local;
use serde_json::json;

const LOCKING: &str = "#!lua flags=allow-key-locking\nreturn ARGV[1]";
const LOCKING_READ: &str =
    "#!lua flags=allow-key-locking,no-writes\nreturn redis.call('GET', KEYS[1])";
const NOSCRIPT: &str = "NOSCRIPT No matching script. Please use EVAL.";

fn sha1(script: &str) -> String {
    sha1_smol::Sha1::from(script).digest().to_string()
}

#[tokio::test]
async fn evalsha_finds_a_script_whose_flag_was_removed() {
    let Some(local) = Local::redis().await else {
        return;
    };
    let rest = &local.rest;
    let sha = sha1(LOCKING);
    assert_eq!(rest.error(json!(["EVALSHA", sha, 0, "a"])).await, NOSCRIPT);
    assert_eq!(rest.result(json!(["EVAL", LOCKING, 0, "a"])).await, "a");
    assert_eq!(rest.result(json!(["EVALSHA", sha, 0, "b"])).await, "b");
    assert_eq!(
        rest.result(json!(["SCRIPT", "EXISTS", sha, "0"])).await,
        json!([1, 0])
    );
    rest.result(json!(["SCRIPT", "FLUSH"])).await;
    assert_eq!(rest.error(json!(["EVALSHA", sha, 0, "b"])).await, NOSCRIPT);
}

#[tokio::test]
async fn script_load_returns_the_sha_that_the_client_knows() {
    let Some(local) = Local::redis().await else {
        return;
    };
    let rest = &local.rest;
    rest.result(json!(["SET", "k", "v"])).await;
    let sha = sha1(LOCKING_READ);
    assert_eq!(
        rest.result(json!(["SCRIPT", "LOAD", LOCKING_READ])).await,
        json!(sha)
    );
    let read = json!(["EVALSHA_RO", sha, 1, "k"]);
    let response = rest.post("/multi-exec", json!([read, read])).await;
    assert_eq!(response.json, json!([{"result": "v"}, {"result": "v"}]));
    let response = rest
        .post(
            "/pipeline",
            json!([["EVAL_RO", LOCKING_READ, 1, "k"], read]),
        )
        .await;
    assert_eq!(response.json, json!([{"result": "v"}, {"result": "v"}]));
}

#[tokio::test]
async fn errors_keep_the_servers_text() {
    let Some(local) = Local::redis().await else {
        return;
    };
    let rest = &local.rest;
    rest.result(json!(["LPUSH", "list", "x"])).await;
    let wrong_type = "WRONGTYPE Operation against a key holding the wrong kind of value";
    assert_eq!(rest.error(json!(["GET", "list"])).await, wrong_type);
    let arity = "ERR wrong number of arguments for 'get' command";
    assert_eq!(rest.error(json!(["GET"])).await, arity);
    for text in [
        "LOCKED by another",
        "two  spaces ",
        "LOADING x",
        "READONLY You can't",
        "ONE",
    ] {
        let script = format!("return {{err=\"{text}\"}}");
        assert_eq!(rest.error(json!(["EVAL", script, 0])).await, text);
    }
    let nested = json!([
        "EVAL",
        "return {1, {'a', false}, redis.status_reply('DONE')}",
        0
    ]);
    assert_eq!(rest.result(nested).await, json!([1, ["a", null], "DONE"]));
}

#[tokio::test]
async fn a_transaction_is_atomic() {
    let Some(local) = Local::redis().await else {
        return;
    };
    let swap = json!([["INCR", "a"], ["GET", "b"], ["INCR", "b"]]);
    let tasks = (0..50).map(|_| {
        let (rest, swap) = (local.rest.clone(), swap.clone());
        tokio::spawn(async move { rest.post("/multi-exec", swap).await.json })
    });
    for task in tasks.collect::<Vec<_>>() {
        let entries = task.await.unwrap();
        let before = entries[1]["result"].as_str().unwrap_or("0").parse::<i64>();
        assert_eq!(entries[0], entries[2]);
        assert_eq!(entries[0]["result"], before.unwrap() + 1);
    }
}

#[tokio::test]
async fn the_connection_comes_back_after_a_restart() {
    let Some(mut local) = Local::redis().await else {
        return;
    };
    let rest = local.rest.clone();
    rest.result(json!(["SET", "k", "v"])).await;
    let redis = local.redis.as_mut().unwrap();
    redis.kill().unwrap();
    for _ in 0..3 {
        let response = rest.try_command(json!(["GET", "k"])).await.unwrap();
        assert_eq!(response.status(), 503);
    }
    redis.restart().unwrap();
    let deadline = Instant::now() + Duration::from_secs(5);
    while rest.try_command(json!(["PING"])).await.unwrap().status() != 200 {
        assert!(Instant::now() < deadline, "no connection after the restart");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    rest.result(json!(["SET", "k", "w"])).await;
}
