//! Faults inside scripts: a single command fails.

use crate::support::{Local, Rest};
use embedded_store::front::{Fault, Faults};
use serde_json::{Value, json};

const ERROR: &str = "ERR the disk's on fire";

/// Four commands, the third of which may fail.
const SCRIPT: &str = "#!lua flags=allow-key-locking
redis.call('SET', KEYS[1], '1')
redis.call('INCR', KEYS[1])
local reply = redis.pcall('INCR', KEYS[1])
redis.call('SET', KEYS[2], type(reply) == 'table' and reply.err or reply)
return redis.call('GET', KEYS[1])";

fn fail(faults: &Faults, nth: u32) {
    let error = ERROR.to_owned();
    faults.push(Fault::ScriptCommand { nth, error }, 1);
}

fn sha1(script: &str) -> String {
    sha1_smol::Sha1::from(script).digest().to_string()
}

async fn values(rest: &Rest) -> Value {
    rest.result(json!(["MGET", "a", "b"])).await
}

async fn clear(rest: &Rest) {
    rest.result(json!(["DEL", "a", "b"])).await;
}

/// The values that the script leaves when its n-th command fails; the list starts with n = 1.
fn left() -> [Value; 5] {
    [
        json!([null, null]),
        json!(["1", null]),
        json!(["2", ERROR]),
        json!(["3", null]),
        json!(["3", "3"]),
    ]
}

#[tokio::test]
async fn each_command_can_fail_and_keeps_what_was_done_before() {
    for local in Local::all().await {
        let (rest, faults) = (&local.rest, local.front.faults());
        rest.result(json!(["SCRIPT", "LOAD", SCRIPT])).await;
        let by_source = json!(["EVAL", SCRIPT, 2, "a", "b"]);
        let by_sha = json!(["EVALSHA", sha1(SCRIPT), 2, "a", "b"]);
        for command in [by_source, by_sha] {
            let mut nth = 1;
            loop {
                clear(rest).await;
                fail(faults, nth);
                let response = rest.post("/", command.clone()).await;
                if !faults.take_fired() {
                    assert_eq!(response.json, json!({"result": "3"}));
                    break;
                }
                let expected = left()[nth as usize - 1].clone();
                assert_eq!(values(rest).await, expected, "{nth}: {response:?}");
                assert_eq!(response.status == 200, nth == 3, "{nth}: {response:?}");
                nth += 1;
            }
            assert_eq!(nth, 6);
        }
    }
}

#[tokio::test]
async fn the_client_sees_the_same_text_on_both_stores() {
    let mut texts = Vec::new();
    for local in Local::all().await {
        let (rest, faults) = (&local.rest, local.front.faults());
        let mut seen = Vec::new();
        fail(faults, 2);
        seen.push(rest.error(json!(["EVAL", SCRIPT, 2, "a", "b"])).await);
        // A command that runs after the fault replies with Redis's own error.
        let script = "local ok, problem = pcall(redis.call, 'GET', 'a')
            redis.call('HSET', KEYS[1], 'f', 'v')
            local reply = redis.call('GET', KEYS[1])
            return reply";
        fail(faults, 1);
        seen.push(rest.error(json!(["EVAL", script, 1, "h"])).await);
        fail(faults, 9);
        let caught = "local ok, problem = pcall(redis.call, 'SET', KEYS[1], '1')
            return {tostring(ok), problem, redis.sha1hex('')}";
        fail(faults, 1);
        rest.result(json!(["EVAL", "return 1", 0])).await;
        seen.push(
            rest.result(json!(["EVAL", caught, 1, "a"]))
                .await
                .to_string(),
        );
        texts.push(seen);
    }
    let expected = format!("{ERROR} script: {}, on @user_script:3.", sha1(SCRIPT));
    assert_eq!(texts[0][0], expected);
    for (position, seen) in texts.iter().enumerate() {
        assert_eq!(*seen, texts[0], "{position}");
    }
    assert!(texts[0][1].starts_with("WRONGTYPE"), "{texts:?}");
    assert!(texts[0][2].contains(ERROR), "{texts:?}");
}

#[tokio::test]
async fn one_script_of_a_pipeline_or_a_transaction_fails() {
    for local in Local::all().await {
        let (rest, faults) = (&local.rest, local.front.faults());
        let count = "return redis.call('INCR', KEYS[1])";
        for path in ["/pipeline", "/multi-exec"] {
            clear(rest).await;
            fail(faults, 1);
            let eval = json!(["EVAL", count, 1, "a"]);
            let response = rest
                .post(path, json!([["SET", "b", "x"], eval, eval, ["GET", "a"]]))
                .await;
            assert!(faults.take_fired(), "{path}");
            let error = response.json[1]["error"].as_str().unwrap();
            assert!(error.starts_with(ERROR), "{error}");
            assert_eq!(response.json[2], json!({"result": 1}));
            assert_eq!(response.json[3], json!({"result": "1"}));
        }
        // The fault is not kept.
        rest.result(json!(["EVAL", count, 1, "a"])).await;
        assert!(!faults.take_fired());
    }
}

#[tokio::test]
async fn reading_scripts_fail_too_and_an_unknown_one_fails_when_it_comes() {
    for local in Local::all().await {
        let (rest, faults) = (&local.rest, local.front.faults());
        let script = "#!lua flags=no-writes,allow-key-locking\nreturn redis.call('GET', KEYS[1])";
        let by_sha = json!(["EVALSHA_RO", sha1(script), 1, "a"]);
        fail(faults, 1);
        assert!(rest.error(by_sha.clone()).await.starts_with("NOSCRIPT"));
        assert!(!faults.take_fired());
        let error = rest.error(json!(["EVAL_RO", script, 1, "a"])).await;
        assert!(error.starts_with(ERROR), "{error}");
        assert!(faults.take_fired());
        assert_eq!(
            rest.result(json!(["EVAL_RO", script, 1, "a"])).await,
            Value::Null
        );
        fail(faults, 1);
        assert!(rest.error(by_sha.clone()).await.starts_with(ERROR));
        assert_eq!(rest.result(by_sha.clone()).await, Value::Null);
        assert_eq!(local.front.counts().faulted, 3);
        rest.result(json!(["SCRIPT", "FLUSH"])).await;
        fail(faults, 1);
        assert!(rest.error(by_sha).await.starts_with("NOSCRIPT"));
    }
}

#[tokio::test]
async fn no_command_is_the_zeroth() {
    for local in Local::all().await {
        fail(local.front.faults(), 0);
        let script = json!(["EVAL", "return redis.call('INCR', KEYS[1])", 1, "a"]);
        assert_eq!(local.rest.result(script).await, 1);
        assert!(!local.front.faults().take_fired());
    }
}
