//! Everything at once: clients that do everything there is to do, while the store misbehaves in every way
//! it can and the Redis behind it is killed and restarted. At the end every acknowledged write is there
//! exactly once, and nothing else. `CHAOS_SEED` tries another history.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod actor;
#[path = "../common/mod.rs"]
mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actor::Actor;
use common::Site;
use local::front::Fault;

const USERS: u64 = 4;
const TURNS: u64 = 100;
fn seed() -> u64 {
    std::env::var("CHAOS_SEED").map_or(7, |seed| seed.parse().unwrap())
}

fn misbehave(site: &Site, seed: u64) {
    let status = |code| Fault::Status {
        code,
        retry_after: None,
    };
    site.faults().random(
        seed,
        [
            (0.06, Fault::CutBefore),
            (0.08, Fault::CutAfter),
            (0.04, status(500)),
            (0.04, status(429)),
            (0.02, Fault::Garbage),
            (0.01, Fault::QuotaError),
            (0.01, Fault::CapacityError),
            (0.04, Fault::Delay(Duration::from_millis(5))),
        ],
    );
}

async fn actors(site: &Site) -> Vec<Actor> {
    let first_user = site.user().await;
    first_user.create("shared", vec![]).await;
    let refusals = Arc::new(AtomicUsize::new(0));
    let mut actors = Vec::new();
    for user in 0..USERS {
        let client = match user {
            0 => first_user.clone(),
            _ => site.user().await,
        };
        let random = fastrand::Rng::with_seed(seed() * 100 + user);
        let clock = site.clock.clone();
        let actor = Actor::new(client, clock, random, format!("u{user}"));
        actors.push(actor.writing_to(first_user.clone(), refusals.clone()));
    }
    actors
}

/// Compares the conversation all have written to with what was acknowledged to any.
async fn verify_shared(actors: &[Actor]) {
    let all: BTreeMap<&String, &u64> = actors.iter().flat_map(|actor| &actor.shared).collect();
    let path = "/api/conversations/shared?limit=100";
    let opened = actors[0].first_user.get(path).await.expect(200);
    let found: BTreeSet<String> = common::ids(&opened["messages"]).into_iter().collect();
    assert_eq!(found, all.keys().map(|id| (*id).clone()).collect());
    assert_eq!(opened["messageCount"], all.len());
    assert_eq!(opened["totalTokens"], all.values().copied().sum::<u64>());
    assert_eq!(opened["revision"], all.len() + 1);
}

/// Lets the actors live, and disturbs the site in every way until they are done.
async fn run(mut site: Site) {
    let actors = actors(&site).await;
    misbehave(&site, seed());
    let running: Vec<_> = actors
        .into_iter()
        .map(|actor| tokio::spawn(actor.live(TURNS)))
        .collect();
    let mut disturbances = 0;
    while running.iter().any(|task| !task.is_finished()) {
        if disturbances < 3 {
            disturb(&mut site).await;
            disturbances += 1;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    site.faults().clear();
    site.clock.advance(Duration::from_secs(61));
    let mut actors = Vec::new();
    for task in running {
        actors.push(task.await.unwrap());
    }
    let mut shares = 0;
    for actor in &mut actors {
        actor.verify().await;
        shares += actor.shares();
    }
    assert_eq!(site.keys("share:*").await.len(), shares);
    verify_shared(&actors).await;
    let refusals = actors[0].refusals.load(Ordering::Relaxed);
    assert!(refusals > 0, "nothing went wrong: the test tests nothing");
}

/// The port closes and opens again; and where there is a real Redis, it is killed and comes back.
async fn disturb(site: &mut Site) {
    site.faults().refuse(true).await;
    if let Some(redis) = &mut site.redis {
        redis.kill().unwrap();
        redis.restart().unwrap();
    }
    site.faults().refuse(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embedded_nothing_acknowledged_is_lost() {
    run(Site::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_nothing_acknowledged_is_lost() {
    if let Some(site) = Site::durable_redis().await {
        run(site).await;
    }
}
