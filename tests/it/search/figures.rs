//! What a search costs and how long it takes, for a small account and a large one, beside an export that is scanned.
//! `SEARCH_FIGURES=1 cargo test -p integration --test it search::figures -- --nocapture` prints it.

use std::time::{Duration, Instant};

use embedded_store::reply::Reply;
use fastrand::Rng;
use serde_json::{Value, json};
use test_support::texts::text;

use crate::common::{Client, Site};

const LATENCY: Duration = Duration::from_millis(20);
const MESSAGES: usize = 50;
/// Common words, rare ones, a beginning and a phrase.
const QUERIES: [&str; 6] = [
    "the",
    "of+the",
    "word77",
    "word4001",
    "word40*",
    "%22the+of%22",
];
const LIMITS: [(&str, &str); 2] = [
    ("RATE_LIMIT_PER_MINUTE", "1000000"),
    ("ADDRESS_RATE_LIMIT_PER_MINUTE", "1000000"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn are_printed() {
    let is_wanted = std::env::var("SEARCH_FIGURES").is_ok();
    let Some(site) = (match is_wanted {
        true => Site::redis().await,
        false => None,
    }) else {
        return;
    };
    let deployment = site.deployment(&LIMITS).await;
    for conversations in [50, 2_000] {
        measure(&site, &deployment.user().await, conversations).await;
    }
}

async fn measure(site: &Site, user: &Client, conversations: usize) {
    let before = site.used_memory().await;
    fill(user, conversations).await;
    let stored = site.used_memory().await - before;
    let index = index_bytes(site, conversations).await;
    println!(
        "{conversations} conversations of {MESSAGES} messages: {stored} bytes, of which the index has {index} ({:.1} %)",
        index as f64 / stored as f64 * 100.0
    );
    site.faults().set_latency(LATENCY);
    for query in QUERIES {
        search(site, user, query).await;
    }
    let began = Instant::now();
    let export = user
        .raw("/api/export")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let lines = export
        .lines()
        .filter(|line| line.contains("word77"))
        .count();
    println!("export, scanned: {:?}, {lines} found\n", began.elapsed());
    site.faults().set_latency(Duration::ZERO);
}

async fn search(site: &Site, user: &Client, query: &str) {
    let (mut times, mut most, mut hits) = (Vec::new(), (0, 0), 0);
    let (redis, mut cursor) = (script_time(site).await, String::new());
    for _ in 0..20 {
        let path = format!("/api/conversations?q={query}{cursor}");
        let began = Instant::now();
        let (page, cost) = site.cost_of(user.get(&path)).await;
        times.push(began.elapsed());
        most = most.max((cost.commands, cost.requests));
        let page = page.expect(200);
        hits += page["data"].as_array().unwrap().len();
        let next = page["nextCursor"].as_str();
        cursor = next.map_or_else(String::new, |next| format!("&cursor={next}"));
    }
    let redis = script_time(site).await - redis;
    times.sort();
    println!(
        "{query}: {} commands, {} requests, median {:?}, p95 {:?}, Redis {} us per page, {hits} hits on 20 pages",
        most.0,
        most.1,
        times[9],
        times[18],
        redis / 20
    );
}

async fn fill(user: &Client, conversations: usize) {
    let mut rng = Rng::with_seed(1);
    for first in (0..conversations).step_by(25) {
        let portion: Vec<Value> = (first..first + 25)
            .map(|number| {
                let messages: Vec<Value> = (0..MESSAGES)
                    .map(|index| {
                        let content = text(&mut rng, 36);
                        json!({ "id": format!("m{index}"), "type": "user", "content": content })
                    })
                    .collect();
                json!({ "id": format!("c{number}"), "messages": messages })
            })
            .collect();
        user.post("/api/import", &json!(portion)).await.expect(200);
    }
}

/// Of the user with this many conversations.
async fn index_bytes(site: &Site, conversations: usize) -> usize {
    let mut most = 0;
    for key in site.keys("*conversations:meta").await {
        let Reply::Array(fields) = site.command(&["HGETALL", &key]).await else {
            continue;
        };
        let texts: Vec<&[u8]> = fields
            .iter()
            .filter_map(|field| match field {
                Reply::Bulk(text) => Some(text.as_slice()),
                _ => None,
            })
            .collect();
        let signatures = texts
            .chunks_exact(2)
            .filter(|pair| pair[0].ends_with(b":signature"));
        let sizes: Vec<usize> = signatures
            .map(|pair| pair[0].len() + pair[1].len())
            .collect();
        if sizes.len() == conversations {
            most = most.max(sizes.iter().sum());
        }
    }
    most
}

/// Microseconds that scripts have taken.
async fn script_time(site: &Site) -> u64 {
    let Reply::Bulk(info) = site.command(&["INFO", "commandstats"]).await else {
        return 0;
    };
    let info = String::from_utf8_lossy(&info).into_owned();
    let lines = info
        .lines()
        .filter(|line| line.starts_with("cmdstat_evalsha"));
    lines
        .filter_map(|line| {
            line.split_once("usec=")?
                .1
                .split(',')
                .next()?
                .parse::<u64>()
                .ok()
        })
        .sum()
}
