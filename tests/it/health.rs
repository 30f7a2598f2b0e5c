//! `/api/health/redis`: the health check.

use std::collections::HashSet;
use std::time::Duration;

use crate::common::{STORE_TOKEN, Site};
use futures_util::future::join_all;

const HEALTH: &str = "/api/health/redis";

on_both_stores!(
    a_healthy_database_is_reported,
    an_unreachable_database_is_reported,
    concurrent_checks_cost_one_ping,
    a_result_is_cached_for_five_seconds,
    a_failure_is_cached_for_five_seconds,
);

async fn a_healthy_database_is_reported(site: Site) {
    let (response, cost) = site.cost_of(site.anonymous_caller().get(HEALTH)).await;
    let health = response.expect(200);
    assert_eq!(health["status"], "healthy");
    assert_eq!(health["circuit"], "closed");
    assert!(health["latencyMs"].as_f64().unwrap() > 0.0);
    assert!(health["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!((cost.requests, cost.commands), (1, 1));
}

async fn an_unreachable_database_is_reported(site: Site) {
    site.faults().refuse(true).await;
    let response = site.anonymous_caller().get(HEALTH).await;
    let health = response.expect(503);
    assert_eq!(health["status"], "unhealthy");
    assert_eq!(
        health["error"],
        "the database cannot be reached: no connection"
    );
    for secret in [site.front.url().trim_start_matches("http://"), STORE_TOKEN] {
        assert!(!response.text.contains(secret), "{}", response.text);
    }
}

async fn concurrent_checks_cost_one_ping(site: Site) {
    let clients: Vec<_> = (0..50).map(|_| site.anonymous_caller()).collect();
    site.faults().set_latency(Duration::from_millis(50));
    let asked = clients.iter().map(|client| client.get(HEALTH));
    let (responses, cost) = site.cost_of(join_all(asked)).await;
    let checks: HashSet<String> = responses
        .iter()
        .map(|response| response.expect(200).to_string())
        .collect();
    assert_eq!(checks.len(), 1, "{checks:?}");
    assert_eq!((cost.requests, cost.commands), (1, 1));
}

async fn a_result_is_cached_for_five_seconds(site: Site) {
    let client = site.anonymous_caller();
    let first = client.get(HEALTH).await.expect(200);
    // Real time passes as well, on a busy machine a good deal of it.
    site.advance(Duration::from_secs(2));
    let (_, cost) = site
        .cost_of(async {
            for _ in 0..50 {
                assert_eq!(client.get(HEALTH).await.expect(200), first);
            }
        })
        .await;
    assert_eq!((cost.requests, cost.commands), (0, 0));
    site.advance(Duration::from_secs(3));
    let (second, cost) = site.cost_of(client.get(HEALTH)).await;
    assert_ne!(second.expect(200)["timestamp"], first["timestamp"]);
    assert_eq!((cost.requests, cost.commands), (1, 1));
}

async fn a_failure_is_cached_for_five_seconds(site: Site) {
    let client = site.anonymous_caller();
    site.faults().refuse(true).await;
    let failure = client.get(HEALTH).await.expect(503);
    site.faults().refuse(false).await;
    let (again, cost) = site.cost_of(client.get(HEALTH)).await;
    assert_eq!(again.expect(503), failure);
    assert_eq!(cost.requests, 0);
    site.advance(Duration::from_secs(5));
    client.get(HEALTH).await.expect(200);
}
