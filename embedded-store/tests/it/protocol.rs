//! The REST protocol, over the engine and over Redis.

use std::time::Duration;

use crate::support::rest::read;
use crate::support::{Local, READ_ONLY_TOKEN, TOKEN};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn the_token_is_required_in_header_or_query() {
    let local = Local::embedded().await;
    let rest = &local.rest;
    for request in [
        rest.anonymous(Method::GET, "/ping"),
        rest.anonymous(Method::GET, "/ping").bearer_auth("wrong"),
        rest.anonymous(Method::GET, "/ping")
            .header("authorization", "Basic x"),
        rest.anonymous(Method::GET, "/ping?_token=wrong"),
    ] {
        let response = read(request.send().await.unwrap()).await;
        assert_eq!(response.status, 401);
        let error = response.json["error"].as_str().unwrap();
        assert!(error.starts_with("WRONGPASS invalid or missing auth token"));
    }
    let path = format!("/ping?_token={TOKEN}");
    let request = rest.anonymous(Method::GET, &path);
    let response = read(request.send().await.unwrap()).await;
    assert_eq!(response.json, json!({"result": "PONG"}));
}

#[tokio::test]
async fn the_read_only_token_reads_and_does_not_write() {
    for local in Local::all().await {
        let rest = local.rest.with_token(READ_ONLY_TOKEN);
        local.rest.result(json!(["SET", "k", "v"])).await;
        assert_eq!(rest.result(json!(["GET", "k"])).await, "v");
        let refused =
            "NOPERM this user has no permissions to run the 'set' command or its subcommand";
        assert_eq!(rest.error(json!(["SET", "k", "w"])).await, refused);
        let response = rest
            .post("/pipeline", json!([["SET", "k", "w"], ["GET", "k"]]))
            .await;
        assert_eq!(response.json, json!([{"error": refused}, {"result": "v"}]));
        let response = rest
            .post("/multi-exec", json!([["GET", "k"], ["DEL", "k"]]))
            .await;
        assert_eq!(response.status, 400);
        assert_eq!(local.rest.result(json!(["GET", "k"])).await, "v");
    }
}

#[tokio::test]
async fn a_command_is_a_json_array() {
    for local in Local::all().await {
        let rest = &local.rest;
        assert_eq!(rest.result(json!(["SET", "n", 41])).await, "OK");
        assert_eq!(rest.result(json!(["incr", "n"])).await, 42);
        assert_eq!(rest.result(json!(["GET", "n"])).await, "42");
        assert_eq!(rest.result(json!(["GET", "absent"])).await, Value::Null);
        assert_eq!(
            rest.result(json!(["MGET", "n", "absent"])).await,
            json!(["42", null])
        );
        rest.result(json!(["SET", "n", "text"])).await;
        let error = "ERR value is not an integer or out of range";
        assert_eq!(rest.error(json!(["INCR", "n"])).await, error);
    }
}

#[tokio::test]
async fn malformed_requests_are_refused() {
    let local = Local::embedded().await;
    let rest = &local.rest;
    for body in [
        json!({}),
        json!([["GET"]]),
        json!(["GET", {}]),
        json!("GET"),
    ] {
        assert_eq!(rest.error(body).await, "ERR failed to parse command");
    }
    assert_eq!(rest.error(json!([])).await, "ERR empty command");
    let response = rest.post("/pipeline", json!(["GET", "k"])).await;
    assert_eq!(response.status, 400);
    assert_eq!(
        response.json["error"],
        "ERR failed to parse pipeline request"
    );
    let request = rest.request(Method::POST, "/").body("[\"GET\"");
    assert_eq!(read(request.send().await.unwrap()).await.status, 400);
}

#[tokio::test]
async fn commands_of_a_connection_are_not_available() {
    for local in Local::all().await {
        for name in ["select", "MULTI", "BLPOP", "SORT", "client", ""] {
            let error = local.rest.error(json!([name, "1"])).await;
            let expected = format!("ERR Command is not available: '{}'.", name.to_uppercase());
            assert!(error.starts_with(&expected), "{error}");
        }
    }
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let local = Local::embedded().await;
    for method in [Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let request = local.rest.request(method, "/get/k");
        assert_eq!(request.send().await.unwrap().status(), 405);
    }
    let request = local.rest.request(Method::HEAD, "/ping");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_command_is_a_path() {
    for local in Local::all().await {
        let rest = &local.rest;
        rest.get("/set/a%2Fb/%20x%2B/EX/100").await;
        assert_eq!(rest.get("/get/a%2Fb").await.json["result"], " x+");
        let value = r#"{"any": "body"}"#;
        for method in [Method::POST, Method::PUT] {
            let request = rest.request(method, "/set/body?EX=100").body(value);
            let response = read(request.send().await.unwrap()).await;
            assert_eq!(response.json["result"], "OK");
        }
        assert_eq!(rest.get("/get/body").await.json["result"], value);
    }
}

#[tokio::test]
async fn a_pipeline_replies_in_order_and_continues_after_errors() {
    for local in Local::all().await {
        let rest = &local.rest;
        rest.result(json!(["SET", "text", "x"])).await;
        let commands = json!([
            ["SET", "n", 1],
            ["INCR", "text"],
            [],
            ["select", 1],
            ["INCR", "n"]
        ]);
        let response = rest.post("/pipeline", commands).await;
        assert_eq!(response.status, 200);
        let entries = response.json.as_array().unwrap();
        assert_eq!(entries.len(), 5);
        assert_eq!(entries[0], json!({"result": "OK"}));
        assert_eq!(
            entries[1],
            json!({"error": "ERR value is not an integer or out of range"})
        );
        assert_eq!(entries[2], json!({"error": "ERR empty command"}));
        assert!(entries[3]["error"].is_string());
        assert_eq!(entries[4], json!({"result": 2}));
    }
}

#[tokio::test]
async fn a_transaction_runs_whole_or_not_at_all() {
    for local in Local::all().await {
        let rest = &local.rest;
        rest.result(json!(["SET", "text", "x"])).await;
        let commands = json!([["SET", "n", 1], ["INCR", "text"], ["INCR", "n"]]);
        let response = rest.post("/multi-exec", commands).await;
        let error = "ERR value is not an integer or out of range";
        assert_eq!(response.status, 200);
        assert_eq!(
            response.json,
            json!([{"result": "OK"}, {"error": error}, {"result": 2}])
        );
        for bad in ["NOSUCHCOMMAND", "SELECT"] {
            let response = rest
                .post("/multi-exec", json!([["INCR", "n"], [bad, "1"]]))
                .await;
            assert_eq!(response.status, 400);
            let error = response.json["error"].as_str().unwrap();
            assert!(
                error.starts_with("EXECABORT Transaction discarded"),
                "{error}"
            );
        }
        assert_eq!(rest.result(json!(["GET", "n"])).await, "2");
    }
}

#[tokio::test]
async fn base64_keeps_bytes_that_are_no_utf_8() {
    for local in Local::all().await {
        let rest = &local.rest;
        rest.get("/set/bytes/%FF%FEa").await;
        assert_eq!(
            rest.get("/get/bytes").await.json["result"],
            "\u{fffd}\u{fffd}a"
        );
        let body = json!([
            ["GET", "bytes"],
            ["MGET", "bytes", "x"],
            ["SET", "k", "v"],
            ["PING"],
            ["NO"]
        ]);
        let request = rest
            .request(Method::POST, "/pipeline")
            .body(body.to_string());
        let request = request.header("Upstash-Encoding", "base64");
        let response = read(request.send().await.unwrap()).await;
        let results: Vec<_> = response
            .json
            .as_array()
            .unwrap()
            .iter()
            .map(|e| &e["result"])
            .collect();
        let expected = [
            json!("//5h"),
            json!(["//5h", null]),
            json!("OK"),
            json!("UE9ORw=="),
        ];
        assert_eq!(results[..4], expected.iter().collect::<Vec<_>>());
        assert!(
            response.json[4]["error"]
                .as_str()
                .unwrap()
                .starts_with("ERR ")
        );
    }
}

#[tokio::test]
async fn the_sync_token_grows_with_writes() {
    for local in Local::all().await {
        let rest = &local.rest;
        let first = rest.post("/", json!(["GET", "k"])).await.sync_token;
        let same = rest.post("/", json!(["GET", "k"])).await.sync_token;
        assert_eq!(first, same);
        let written = rest.post("/", json!(["SET", "k", "v"])).await.sync_token;
        assert!(written > first);
        let request = rest.request(Method::GET, "/get/k");
        let request = request.header("Upstash-Sync-Token", &written);
        let response = read(request.send().await.unwrap()).await;
        assert_eq!(response.json["result"], "v");
        assert_eq!(response.sync_token, written);
    }
}

#[tokio::test]
async fn a_request_over_the_limit_is_refused() {
    let local = Local::embedded().await;
    let request = local.rest.request(Method::POST, "/set/k");
    let body = vec![b'x'; 11 * 1024 * 1024];
    let response = read(request.body(body).send().await.unwrap()).await;
    assert_eq!(response.status, 413);
    let error = response.json["error"].as_str().unwrap();
    let expected = "ERR max request size exceeded. Limit: 10485760 bytes, Actual: 11534336 bytes.";
    assert!(error.starts_with(expected), "{error}");
    let request = local.rest.request(Method::POST, "/set/k");
    let request = request.body(vec![b'x'; 10 * 1024 * 1024]);
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn requests_and_commands_are_counted() {
    for local in Local::all().await {
        let rest = &local.rest;
        rest.post(
            "/pipeline",
            json!([["SET", "k", 1], ["INCR", "k"], ["INCR", "k"]]),
        )
        .await;
        rest.result(json!(["GET", "k"])).await;
        let counts = local.front.counts();
        assert_eq!(
            (counts.requests, counts.faulted, counts.subscriptions),
            (2, 0, 0)
        );
        let commands = local.backend.command_counts().await.unwrap();
        let calls = |name: &str| {
            let same = |key: &&String| key.eq_ignore_ascii_case(name);
            commands.keys().find(same).map(|key| commands[key])
        };
        assert_eq!(
            (calls("set"), calls("incr"), calls("get")),
            (Some(1), Some(2), Some(1))
        );
    }
}

#[tokio::test]
async fn bytes_and_time_are_counted() {
    let local = Local::embedded().await;
    let command = json!(["ECHO", "0123456789"]);
    local.rest.result(command.clone()).await;
    let counts = local.front.counts();
    let response = json!({ "result": "0123456789" });
    assert_eq!(counts.received, command.to_string().len() as u64);
    assert_eq!(counts.sent, response.to_string().len() as u64);
    let latency = Duration::from_millis(20);
    local.front.faults().set_latency(latency);
    local.rest.result(command).await;
    assert!(local.front.counts().busy >= counts.busy + latency);
}

#[tokio::test]
async fn an_unknown_command_fails_as_in_redis_with_a_hint_after_the_error() {
    for local in Local::all().await {
        let rest = &local.rest;
        let hint = "see docs/development.md; --redis <url> has all of them";
        for (command, start) in [
            (
                json!(["NONSENSE", "a"]),
                "ERR unknown command 'NONSENSE', with args beginning with: 'a'",
            ),
            (
                json!(["SCRIPT", "NONSENSE"]),
                "ERR unknown subcommand 'NONSENSE'. Try SCRIPT HELP.",
            ),
            (
                json!(["EVAL", "return redis.call('NONSENSE')", 0]),
                "ERR Unknown Redis command called from script script: ",
            ),
        ] {
            let error = rest.error(command).await;
            assert!(error.starts_with(start), "{error}");
            assert_eq!(error.contains(hint), local.redis.is_none(), "{error}");
        }
        // A known command that fails gets no hint.
        assert!(!rest.error(json!(["GET"])).await.contains(hint));
    }
}
