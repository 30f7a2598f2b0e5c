//! Everything at once: clients of one account and a guest perform every operation, while responses get lost between
//! them and the service, the store fails in every way it can, and the Redis behind it is killed and restarted. All
//! requests and outcomes are recorded, and for each conversation, each share and the codes for other devices some
//! order of the operations has to explain them: the history is linearizable.
//!
//! `CHAOS_SEEDS=200` tries as many histories, `CHAOS_SEED=7` a certain one; `CHAOS_ROUNDS=20` makes them longer.
//!
//! `CHAOS_BRANCHES=0` leaves branches and forks out, which makes a history that fails easier to read.

mod account;
mod actor;
mod checker;
mod codes;
mod conversation;
mod follower;
mod history;
mod invariants;
mod json;
mod looking;
mod model;
mod print;
mod record;
mod search;
mod shares;
mod tree;
mod wire;
mod world;
mod write;
mod writing;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::common::Site;
use actor::Actor;
use embedded_store::front::Fault;
use model::Party;
use tokio::task::JoinSet;
use world::World;

/// Devices of the account.
const DEVICES: u64 = 4;
/// Between them all clients pause.
const ROUNDS: u64 = 10;
/// How many histories are tried by default.
const SEEDS: u64 = 2;
/// How many inexplicable objects are printed.
const SHOWN: usize = 3;
/// No client should hit the rate limits, which have their own tests.
const UNLIMITED: [(&str, &str); 3] = [
    ("RATE_LIMIT_PER_MINUTE", "1000000"),
    ("ADDRESS_RATE_LIMIT_PER_MINUTE", "1000000"),
    ("SHARE_RATE_LIMIT_PER_MINUTE", "1000000"),
];

/// A number from the environment, if it is set.
fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok();
    value.map(|value| value.parse().unwrap())
}

/// Whether clients write branches and forks.
fn has_branches() -> bool {
    number("CHAOS_BRANCHES") != Some(0)
}

fn seeds() -> Vec<u64> {
    match (number("CHAOS_SEED"), number("CHAOS_SEEDS")) {
        (Some(seed), _) => vec![seed],
        (None, count) => (1..=count.unwrap_or(SEEDS)).collect(),
    }
}

/// One response in ten gets lost, and some requests fail before anything is done.
fn misbehave(site: &Site, seed: u64) {
    let status = |code| Fault::Status {
        code,
        retry_after: None,
    };
    let mix = [
        (0.10, Fault::CutAfter),
        (0.03, Fault::CutBefore),
        (0.02, status(500)),
        (0.02, status(429)),
        (0.01, Fault::Garbage),
        (0.01, Fault::QuotaError),
        (0.01, Fault::CapacityError),
        (0.06, Fault::Delay(Duration::from_millis(8))),
    ];
    site.faults().random(seed, mix);
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

/// Waits for all clients, or until one fails.
async fn pause(world: &World, running: &mut JoinSet<Actor>) {
    tokio::select! {
        biased;
        _ = world.pause.wait() => {}
        failed = running.join_next() => panic!("{:?}", failed.unwrap().err()),
    }
}

async fn run(mut site: Site, seed: u64) {
    let deployment = site.deployment(&UNLIMITED).await;
    let account = deployment.user().await;
    let (public, guest) = (deployment.anonymous_caller(), deployment.user().await);
    let tasks = usize::try_from(DEVICES).unwrap() + 2;
    let world = Arc::new(World::new(site.clock.clone(), public, guest, tasks));
    let rounds = number("CHAOS_ROUNDS").unwrap_or(ROUNDS);
    let actor = |number| {
        let (name, party) = match number {
            DEVICES => ("guest".to_owned(), Party::Guest),
            _ => (format!("device{number}"), Party::Account),
        };
        let seed = seed * 100 + number;
        Actor::new(world.clone(), name, party, account.clone(), seed)
    };
    misbehave(&site, seed);
    let mut running: JoinSet<Actor> = (0..=DEVICES)
        .map(|number| actor(number).live(rounds))
        .collect();
    for round in 0..rounds {
        if round % 3 == 1 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            disturb(&mut site).await;
        }
        pause(&world, &mut running).await;
        world.settle(|| site.front.counts().requests).await;
        pause(&world, &mut running).await;
    }
    let mut actors = running.join_all().await;
    site.faults().clear();
    world.clock.advance_elapsed(Duration::from_secs(61));
    for actor in &mut actors {
        actor.look_at_everything().await;
    }
    let failures = world.failures.load(Ordering::Relaxed);
    assert!(failures > 0, "nothing went wrong: the test tests nothing");
    let violations = world.violations();
    let shown = violations[..violations.len().min(SHOWN)].join("\n\n");
    assert!(
        violations.is_empty(),
        "CHAOS_SEED={seed}: {} objects have histories that do not pass\n\n{shown}",
        violations.len()
    );
    let mut followers: Vec<_> = actors.into_iter().map(|actor| actor.follower).collect();
    invariants::verify(&account, &mut followers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embedded_histories_are_linearizable() {
    for seed in seeds() {
        run(Site::embedded().await, seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_histories_are_linearizable() {
    for seed in seeds() {
        let Some(site) = Site::durable_redis().await else {
            return;
        };
        run(site, seed).await;
    }
}
