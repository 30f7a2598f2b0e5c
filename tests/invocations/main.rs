//! How long an invocation lasts, as reported to the platform: until its body was sent. And what a function does when
//! it is asked to end. The executables run as on Vercel, without its command line.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[path = "../common/mod.rs"]
mod common;
mod function;

use std::time::{Duration, Instant};

use crate::common::events::Events;
use crate::common::{Client, Site, message};
use function::{Function, PATIENCE};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::time::timeout;

const SYNC: &str = env!("CARGO_BIN_EXE_sync");
const EXPORT: &str = env!("CARGO_BIN_EXE_export");
const SESSION: &str = env!("CARGO_BIN_EXE_session");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_streams_invocation_ends_with_the_stream() {
    let site = Site::embedded().await;
    let brief = [("SYNC_STREAM_SECONDS", "2")];
    let mut sync = Function::start(SYNC, &site, &brief).await;
    let client = sync.invoked_by(&site.user().await, "stream");
    let mut events = Events::open(&client, "/api/sync", None).await;
    assert_eq!(events.next().await.name, "sync");
    sync.expect_no_end_soon().await;
    assert_eq!(events.next().await.name, "reconnect");
    assert!(events.ended().await);
    assert_eq!(sync.ended_invocation().await, "stream");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_streams_invocation_ends_when_its_client_is_gone() {
    let site = Site::embedded().await;
    let mut sync = Function::start(SYNC, &site, &[]).await;
    let user = site.user().await;
    let client = sync.invoked_by(&user, "abandoned");
    let mut events = Events::open(&client, "/api/sync", None).await;
    events.next().await;
    sync.expect_no_end_soon().await;
    drop(events);
    // A disconnected reader is noticed at a write: the first may still reach the connection, and some share one.
    let writing = async {
        for number in 0.. {
            user.create(&format!("c{number}"), vec![]).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        ended = sync.ended_invocation() => assert_eq!(ended, "abandoned"),
        () = writing => unreachable!("it writes until then"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exports_invocation_ends_with_its_last_byte() {
    let site = Site::embedded().await;
    let mut export = Function::start(EXPORT, &site, &[]).await;
    let user = with_a_long_list(&site).await;
    // Upkeep found due by the export would hold the invocation open as well, so it is done before.
    user.get("/api/export").await;
    site.idle().await;
    // The second fifty wait.
    site.faults().pass(2);
    let hold = site.faults().hold_next();
    let client = export.invoked_by(&user, "export");
    let (mut response, begun) = begin(&client).await;
    hold.arrived().await;
    export.expect_no_end_soon().await;
    hold.release();
    assert_complete(&read_on(&mut response, begun).await);
    assert_eq!(export.ended_invocation().await, "export");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_request_ends_its_invocation_at_once() {
    let site = Site::embedded().await;
    let mut session = Function::start(SESSION, &site, &[]).await;
    let client = session.invoked_by(&site.user().await, "plain");
    client.get("/api/session").await;
    assert_eq!(session.ended_invocation().await, "plain");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_asked_to_end_sends_the_clients_of_its_streams_elsewhere() {
    let site = Site::embedded().await;
    let mut sync = Function::start(SYNC, &site, &[]).await;
    let client = sync.invoked_by(&site.user().await, "stream");
    let mut events = Events::open(&client, "/api/sync", None).await;
    events.next().await;
    sync.terminate().await;
    let asked = Instant::now();
    assert_eq!(events.next().await.name, "reconnect");
    assert!(events.ended().await);
    assert_eq!(sync.ended_invocation().await, "stream");
    assert!(sync.exit_status().await.success());
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_asked_to_end_finishes_its_exports() {
    let site = Site::embedded().await;
    let mut export = Function::start(EXPORT, &site, &[]).await;
    let user = with_a_long_list(&site).await;
    site.faults().set_latency(Duration::from_millis(400));
    let client = export.invoked_by(&user, "export");
    let (mut response, begun) = begin(&client).await;
    export.terminate().await;
    assert_complete(&read_on(&mut response, begun).await);
    assert_eq!(export.ended_invocation().await, "export");
    assert!(export.exit_status().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_asked_to_end_finishes_open_requests() {
    let site = Site::embedded().await;
    let mut session = Function::start(SESSION, &site, &[]).await;
    let client = session.invoked_by(&site.user().await, "slow");
    site.faults().set_latency(Duration::from_millis(500));
    let before = site.front.counts().requests;
    let asked = tokio::spawn(async move { client.get("/api/session").await.status });
    site.until_requests(before, 1).await;
    session.terminate().await;
    assert_eq!(asked.await.unwrap(), 200);
    assert_eq!(session.ended_invocation().await, "slow");
    assert!(session.exit_status().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_held_once_a_response_was_sent() {
    let site = Site::embedded().await;
    let user = with_a_long_list(&site).await;
    for (method, path, status) in [
        (Method::GET, "/api/conversations", 200),
        (Method::HEAD, "/api/conversations", 200),
        (Method::OPTIONS, "/api/conversations", 204),
        (Method::GET, "/api/conversations/none", 404),
        (Method::GET, "/api/export", 200),
        (Method::HEAD, "/api/export", 200),
    ] {
        let response = user.send(method.clone(), path, None).await;
        assert_eq!(response.status, status, "{method} {path}");
        let idle = timeout(Duration::from_secs(5), site.idle()).await;
        assert!(idle.is_ok(), "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_waits_for_its_streams_and_ends_them_when_it_is_shut_down() {
    let site = Site::embedded().await;
    let mut events = Events::open(&site.user().await, "/api/sync", None).await;
    events.next().await;
    assert!(
        timeout(Duration::from_millis(300), site.idle())
            .await
            .is_err()
    );
    // Much less than the stream's own time.
    let shut_down = timeout(PATIENCE, site.shut_down());
    let (shut_down, event) = tokio::join!(shut_down, events.next());
    assert!(shut_down.is_ok());
    assert_eq!(event.name, "reconnect");
    assert!(events.ended().await);
}

/// A user whose export takes several requests.
async fn with_a_long_list(site: &Site) -> Client {
    let user = site.user().await;
    let conversations: Vec<Value> = (0..60)
        .map(|i| json!({ "id": format!("c{i}"), "messages": [message("m", "user", "Hello")] }))
        .collect();
    let import = user.post("/api/import", &json!(conversations)).await;
    import.expect(200);
    user
}

/// An export of which the first piece has arrived.
async fn begin(client: &Client) -> (Response, String) {
    let mut response = client.raw("/api/export").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let first = response.chunk().await.unwrap().unwrap();
    (response, String::from_utf8(first.to_vec()).unwrap())
}

async fn read_on(response: &mut Response, begun: String) -> String {
    let mut text = begun;
    while let Some(chunk) = response.chunk().await.unwrap() {
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    text
}

#[track_caller]
fn assert_complete(export: &str) {
    let last = export.lines().next_back().unwrap();
    let last: Value = serde_json::from_str(last).unwrap();
    assert_eq!(last["export"]["conversations"], 60);
    assert_eq!(last["export"]["complete"], true);
}
