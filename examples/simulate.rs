//! Many users' days in compressed time: `cargo run --release --example simulate -- 10000`.
//!
//! They arrive in ten groups. Each user lives a day: 3 starts of the app, 10 conversations opened, 30 turns of
//! a question and an answer. After each group it is counted what its users' calls cost and what all the users
//! there are take up: both stay flat, or something grows that should not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measurement fails by panicking"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::sync::Arc;
use std::time::Instant;

use common::{Client, Deployment, Site, message};
use embedded_store::reply::Reply;
use serde_json::Value;
use tokio::task::JoinSet;

const GROUPS: u64 = 10;
/// How many users are busy at once.
const AT_ONCE: usize = 32;
const CONVERSATIONS: usize = 10;
const TURNS: usize = 30;
/// As 1 MB per 5,000 messages makes it.
const MESSAGE_BYTES: usize = 200;

#[tokio::main]
async fn main() {
    let users: u64 = std::env::args()
        .nth(1)
        .map_or(1_000, |users| users.parse().expect("a number of users"));
    let site = Site::embedded().await;
    let service = Arc::new(
        site.deployment(&[
            ("RATE_LIMIT_PER_MINUTE", "1000000"),
            ("ADDRESS_RATE_LIMIT_PER_MINUTE", "1000000"),
        ])
        .await,
    );
    println!(
        "| users | requests per user | commands per user | bytes per user | keys per user | calls per second |"
    );
    println!("|---|---|---|---|---|---|");
    for group in 1..=GROUPS {
        let size = users * group / GROUPS - users * (group - 1) / GROUPS;
        let began = Instant::now();
        let (calls, cost) = site.cost_of(live(&service, size)).await;
        let seconds = began.elapsed().as_secs_f64();
        let there = users * group / GROUPS;
        let per_user = |total: u64, users: u64| total as f64 / users.max(1) as f64;
        println!(
            "| {there} | {:.1} | {:.1} | {:.0} | {:.1} | {:.0} |",
            per_user(cost.requests, size),
            per_user(cost.commands, size),
            per_user(site.used_memory().await, there),
            per_user(key_count(&site).await, there),
            calls as f64 / seconds,
        );
        // The next group comes on the next day.
        site.advance(std::time::Duration::from_secs(86_400));
    }
}

/// A day of so many users; returns how many calls they made.
async fn live(service: &Arc<Deployment>, users: u64) -> u64 {
    let (mut tasks, mut calls) = (JoinSet::new(), 0);
    for _ in 0..users {
        if tasks.len() >= AT_ONCE {
            calls += tasks.join_next().await.unwrap().unwrap();
        }
        let service = service.clone();
        tasks.spawn(async move { day(&service).await });
    }
    while let Some(done) = tasks.join_next().await {
        calls += done.unwrap();
    }
    calls
}

async fn day(service: &Deployment) -> u64 {
    let user = service.user().await;
    let mut calls = 1;
    for index in 0..CONVERSATIONS {
        user.create(&format!("c{index}"), vec![]).await;
        calls += 1;
    }
    let mut cursor = String::new();
    for turn in 0..TURNS {
        if turn % 10 == 0 {
            cursor = start(&user, &cursor).await;
            calls += 1;
        }
        let id = format!("c{}", turn % CONVERSATIONS);
        if turn < CONVERSATIONS {
            user.open(&id).await;
            calls += 1;
        }
        let ids = [format!("q{turn}"), format!("a{turn}")];
        let text = text_of(MESSAGE_BYTES);
        let messages = vec![
            message(&ids[0], "user", &text),
            message(&ids[1], "assistant", &text),
        ];
        user.append(&id, messages).await.expect(201);
        calls += 1;
    }
    calls
}

/// A start of the app: what has changed since the last one.
async fn start(user: &Client, cursor: &str) -> String {
    let path = match cursor {
        "" => "/api/sync?limit=50".to_owned(),
        cursor => format!("/api/sync?limit=50&cursor={cursor}"),
    };
    let changes: Value = user.get(&path).await.expect(200);
    changes["nextCursor"].as_str().unwrap().to_owned()
}

/// Words that nobody compresses away.
fn text_of(bytes: usize) -> String {
    let word = |_| char::from(b'a' + fastrand::u8(0..26));
    (0..bytes).map(word).collect()
}

async fn key_count(site: &Site) -> u64 {
    match site.command(&["DBSIZE"]).await {
        Reply::Int(keys) => keys.unsigned_abs(),
        other => panic!("{other:?}"),
    }
}
