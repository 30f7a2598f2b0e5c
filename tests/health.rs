//! `/api/health/redis`: the plan's health check.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod common;

use common::{STORE_TOKEN, Site};

on_both_stores!(
    a_healthy_database_is_said_to_be,
    an_unreachable_one_is_said_to_be
);

async fn a_healthy_database_is_said_to_be(site: Site) {
    let (answer, cost) = site.cost_of(site.stranger().get("/api/health/redis")).await;
    let health = answer.expect(200);
    assert_eq!(health["status"], "healthy");
    assert_eq!(health["circuit"], "closed");
    assert!(health["latencyMs"].as_f64().unwrap() > 0.0);
    assert!(health["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!((cost.requests, cost.commands), (1, 1));
}

async fn an_unreachable_one_is_said_to_be(site: Site) {
    site.faults().refuse(true).await;
    let answer = site.stranger().get("/api/health/redis").await;
    let health = answer.expect(503);
    assert_eq!(health["status"], "unhealthy");
    assert_eq!(
        health["error"],
        "the database cannot be reached: no connection"
    );
    for secret in [site.front.url().trim_start_matches("http://"), STORE_TOKEN] {
        assert!(!answer.text.contains(secret), "{}", answer.text);
    }
    site.faults().refuse(false).await;
    site.stranger().get("/api/health/redis").await.expect(200);
}
