//! Faults on demand: delays, statuses, dropped connections, quotas and held requests.

use std::time::{Duration, Instant};

use crate::support::{Local, Rest};
use embedded_store::front::Fault;
use serde_json::{Value, json};
use test_support::until;

async fn count(rest: &Rest) -> Value {
    rest.result(json!(["GET", "n"])).await
}

#[tokio::test]
async fn a_delay_and_a_latency_add_up() {
    let local = Local::embedded().await;
    let faults = local.front.faults();
    faults.push(Fault::Delay(Duration::from_millis(60)), 1);
    faults.set_latency(Duration::from_millis(40));
    let start = Instant::now();
    assert_eq!(local.rest.result(json!(["PING"])).await, "PONG");
    assert!(start.elapsed() >= Duration::from_millis(100));
    // Long enough to tell a latency that is left from a busy machine.
    let minute = Duration::from_secs(60);
    faults.set_latency(minute);
    faults.set_latency(Duration::ZERO);
    let start = Instant::now();
    assert_eq!(local.rest.result(json!(["PING"])).await, "PONG");
    assert!(start.elapsed() < minute);
}

#[tokio::test]
async fn a_status_and_garbage_do_not_run_the_command() {
    for local in Local::all().await {
        let rest = &local.rest;
        let faults = local.front.faults();
        let (code, retry_after) = (429, Some(3));
        faults.push(Fault::Status { code, retry_after }, 2);
        faults.push(Fault::Garbage, 1);
        for _ in 0..2 {
            let response = rest.try_command(json!(["INCR", "n"])).await.unwrap();
            assert_eq!(response.status(), 429);
            assert_eq!(response.headers()["retry-after"], "3");
        }
        let response = rest.try_command(json!(["INCR", "n"])).await.unwrap();
        assert_eq!(response.status(), 200);
        let body = response.bytes().await.unwrap();
        assert!(serde_json::from_slice::<Value>(&body).is_err());
        assert_eq!(count(rest).await, Value::Null);
        let counts = local.front.counts();
        assert_eq!((counts.requests, counts.faulted), (4, 3));
    }
}

#[tokio::test]
async fn a_cut_before_runs_nothing_and_a_cut_after_runs_once() {
    for local in Local::all().await {
        let rest = &local.rest;
        let faults = local.front.faults();
        faults.push(Fault::CutBefore, 1);
        assert!(rest.try_command(json!(["INCR", "n"])).await.is_err());
        assert_eq!(count(rest).await, Value::Null);
        faults.push(Fault::CutAfter, 1);
        assert!(rest.try_command(json!(["INCR", "n"])).await.is_err());
        assert_eq!(count(rest).await, "1");
        assert_eq!(local.front.counts().faulted, 2);
    }
}

#[tokio::test]
async fn a_full_store_refuses_writes_only() {
    for local in Local::all().await {
        let rest = &local.rest;
        rest.result(json!(["SET", "k", "v"])).await;
        local.front.faults().push(Fault::CapacityError, 5);
        let error = rest.error(json!(["SET", "k", "w"])).await;
        assert!(
            error.starts_with("ERR DB capacity quota exceeded"),
            "{error}"
        );
        let commands = json!([["GET", "k"], ["SET", "k", "w"], ["DEL", "absent"]]);
        let response = rest.post("/pipeline", commands.clone()).await;
        assert_eq!(response.status, 200);
        assert_eq!(
            response.json,
            json!([{"result": "v"}, {"error": error}, {"result": 0}])
        );
        let response = rest.post("/multi-exec", commands).await;
        assert_eq!(response.status, 400);
        assert_eq!(response.json, json!({"error": error}));
        assert_eq!(rest.result(json!(["GET", "k"])).await, "v");
        assert_eq!(rest.result(json!(["DEL", "k"])).await, 1);
    }
}

#[tokio::test]
async fn a_used_up_quota_refuses_everything() {
    let local = Local::embedded().await;
    let faults = local.front.faults();
    faults.push(Fault::QuotaError, 1);
    faults.push(Fault::MonthlyQuotaError, 1);
    let error = local.rest.error(json!(["GET", "k"])).await;
    assert!(error.starts_with("ERR max daily request limit exceeded"));
    let error = local.rest.error(json!(["GET", "k"])).await;
    assert!(error.starts_with("ERR max requests limit exceeded"));
    local.rest.result(json!(["GET", "k"])).await;
}

#[tokio::test]
async fn a_closed_port_can_be_opened_again() {
    for local in Local::all().await {
        let rest = &local.rest;
        let faults = local.front.faults();
        rest.result(json!(["SET", "k", "v"])).await;
        for _ in 0..3 {
            faults.refuse(true).await;
            let error = rest.try_command(json!(["GET", "k"])).await.unwrap_err();
            assert!(error.is_connect(), "{error:?}");
            faults.refuse(false).await;
            assert_eq!(rest.result(json!(["GET", "k"])).await, "v");
        }
    }
}

#[tokio::test]
async fn closing_the_port_drops_open_requests() {
    let local = Local::embedded().await;
    let faults = local.front.faults().clone();
    faults.push(Fault::Delay(Duration::from_secs(60)), 1);
    let waiting = local.rest.try_command(json!(["PING"]));
    let refusing = async {
        until("the request is there", async || {
            local.front.counts().requests > 0
        })
        .await;
        faults.refuse(true).await;
    };
    let (response, ()) = tokio::join!(waiting, refusing);
    assert!(response.is_err());
    local.front.stop().await;
    // Without the front there is nothing to wait for.
    faults.refuse(false).await;
}

#[tokio::test]
async fn random_faults_stop_when_cleared() {
    let local = Local::embedded().await;
    let faults = local.front.faults();
    faults.random(1, [(0.5, Fault::CutBefore)]);
    let mut failed = 0;
    for _ in 0..50 {
        let response = local.rest.try_command(json!(["INCR", "n"])).await;
        failed += u64::from(response.is_err());
    }
    faults.clear();
    assert!((10..40).contains(&failed), "{failed}");
    assert_eq!(count(&local.rest).await, (50 - failed).to_string());
    assert_eq!(local.front.counts().faulted, failed);
}

#[tokio::test]
async fn dropping_the_front_closes_the_port() {
    let local = Local::embedded().await;
    let rest = local.rest.clone();
    rest.result(json!(["PING"])).await;
    drop(local);
    let deadline = Instant::now() + Duration::from_secs(5);
    while rest.try_command(json!(["PING"])).await.is_ok() {
        assert!(Instant::now() < deadline);
    }
}

#[tokio::test]
async fn a_held_request_runs_when_it_is_released() {
    for local in Local::all().await {
        let rest = &local.rest;
        let hold = local.front.faults().hold_next();
        let waiting = tokio::spawn({
            let rest = rest.clone();
            async move { rest.result(json!(["INCR", "n"])).await }
        });
        hold.arrived().await;
        // Other requests overtake it.
        assert_eq!(count(rest).await, Value::Null);
        assert_eq!(rest.result(json!(["INCR", "n"])).await, 1);
        assert!(!waiting.is_finished());
        hold.release();
        assert_eq!(waiting.await.unwrap(), 2);
    }
}

#[tokio::test]
async fn a_held_request_outlives_its_client_and_its_handle() {
    let local = Local::embedded().await;
    let hold = local.front.faults().hold_next();
    let waiting = tokio::spawn({
        let rest = local.rest.clone();
        async move { rest.try_command(json!(["INCR", "n"])).await.map(drop) }
    });
    hold.arrived().await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    assert_eq!(count(&local.rest).await, Value::Null);
    drop(hold);
    let deadline = Instant::now() + Duration::from_secs(5);
    while count(&local.rest).await != "1" {
        assert!(Instant::now() < deadline);
    }
}

#[tokio::test]
async fn the_repetition_of_a_cut_request_can_be_held() {
    let local = Local::embedded().await;
    let rest = &local.rest;
    let faults = local.front.faults();
    faults.push(Fault::CutAfter, 1);
    let hold = faults.hold_next();
    assert!(rest.try_command(json!(["INCR", "n"])).await.is_err());
    let retry = tokio::spawn({
        let rest = rest.clone();
        async move { rest.result(json!(["INCR", "n"])).await }
    });
    hold.arrived().await;
    assert_eq!(count(rest).await, "1");
    hold.release();
    assert_eq!(retry.await.unwrap(), 2);
    assert_eq!(local.front.counts().faulted, 1);
}

#[tokio::test]
async fn a_fault_can_hit_the_third_request() {
    let local = Local::embedded().await;
    let rest = &local.rest;
    local.front.faults().on_request(3, Fault::CutBefore);
    for expected in [Some(1), Some(2), None, Some(3)] {
        let response = rest.try_command(json!(["INCR", "n"])).await;
        assert_eq!(response.is_ok(), expected.is_some(), "{expected:?}");
    }
    assert_eq!(count(rest).await, "3");
}
