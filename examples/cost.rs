//! What it all costs, counted: `cargo run --example cost`.
//!
//! At a real Redis where redis-server is installed, else at the embedded store, which counts alike.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measurement fails by panicking"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::bill::{bill, fill};
use common::day::{ALLOWED, COUNTED};
use common::{Client, Site, use_every_script};
use serde_json::{Value, json};

/// Upstash's pay as you go: dollars per command, and per byte and month above the first gigabyte.
const PER_COMMAND: f64 = 0.20 / 100_000.0;
const PER_BYTE: f64 = 0.25 / 1e9;
const FREE_BYTES: f64 = 1e9;
const DAYS: f64 = 30.0;

/// What was projected at first: users, dollars a month.
const PROJECTION: [(f64, f64); 3] = [(100.0, 20.0), (1_000.0, 60.0), (10_000.0, 280.0)];
/// What a key per conversation and per message costs a user's day, as measured with the benchmark's baseline: loading everything every 30 seconds.
const BASELINE_DAY: f64 = 4_900_000.0;

#[tokio::main]
async fn main() {
    let (site, place) = match Site::redis().await {
        Some(site) => (site, "a real Redis"),
        None => (Site::embedded().await, "the embedded store"),
    };
    println!("Counted at {place}, commands inside scripts and the rate limit included.\n");
    print_calls(&site).await;
    println!(
        "A user's day through the browser module: {COUNTED} commands of {ALLOWED} at most, as\n\
         `cargo test -p integration --test it module -- --nocapture a_users_day` counts it.\n"
    );
    let bytes = print_size(&site).await;
    print_months(COUNTED as f64, bytes);
}

/// The same for a small account and a large one, or it says so.
async fn print_calls(site: &Site) {
    let (small, large) = (account(site, 50, 100).await, account(site, 500, 10).await);
    let items = bill(site, &small, "x").await;
    let same = items == bill(site, &large, "x").await;
    println!("| call | requests | commands | allowed |\n|---|---|---|---|");
    for item in &items {
        println!(
            "| {} | {} | {} | {} |",
            item.call, item.requests, item.commands, item.allowed
        );
    }
    let word = if same { "the same" } else { "NOT the same" };
    println!("\nFor 50 conversations of 100 messages and for 500 of 10: {word}.\n");
}

async fn account(site: &Site, conversations: usize, messages: i64) -> Client {
    let user = site.user().await;
    use_every_script(&user).await;
    fill(&user, conversations, messages).await;
    user
}

/// What a user of this profile takes up: 50 conversations of 100 messages of 200 bytes.
async fn print_size(site: &Site) -> f64 {
    const USERS: u64 = 5;
    let before = site.used_memory().await;
    for _ in 0..USERS {
        let user = site.user().await;
        for part in 0..5 {
            let all: Vec<Value> = (0..10).map(|at| conversation(part * 10 + at)).collect();
            user.post("/api/import", &json!(all)).await.expect(200);
        }
    }
    let bytes = (site.used_memory().await - before) / USERS;
    println!(
        "A user of this profile, 50 conversations of 100 messages of 200 bytes: {bytes} bytes.\n"
    );
    bytes as f64
}

fn conversation(at: usize) -> Value {
    let text = |_| {
        (0..200)
            .map(|_| char::from(b'a' + fastrand::u8(0..26)))
            .collect::<String>()
    };
    let messages: Vec<Value> = (0..100)
        .map(|index| {
            json!({ "id": format!("msg-{:032x}", fastrand::u128(..)), "type": "user",
                    "content": text(index), "timestamp": index })
        })
        .collect();
    json!({ "id": format!("conv-{at}"), "title": "A conversation", "messages": messages })
}

fn print_months(day: f64, bytes: f64) {
    println!(
        "| users | commands | storage | together | projected at first | the baseline's keys cost |"
    );
    println!("|---|---|---|---|---|---|");
    for (users, projected) in PROJECTION {
        let commands = users * day * DAYS * PER_COMMAND;
        let storage = (users * bytes - FREE_BYTES).max(0.0) * PER_BYTE;
        let baseline = users * BASELINE_DAY * DAYS * PER_COMMAND;
        println!(
            "| {users:.0} | ${commands:.2} | ${storage:.2} | ${:.2} | ${projected:.0} | ${baseline:.0} |",
            commands + storage
        );
    }
}
