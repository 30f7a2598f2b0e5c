//! When the database fails: typed errors, retries that count once, and the circuit breaker.

use std::time::Duration;

use crate::common::{STORE_TOKEN, Site, message};
use embedded_store::front::Fault;
use serde_json::json;

on_both_stores!(
    a_passing_failure_is_retried,
    every_write_whose_response_was_lost_happens_once,
    a_definite_refusal_is_not_retried,
    each_failure_has_its_status_and_code,
    five_failed_calls_open_the_circuit_for_a_minute,
    a_flushed_script_cache_is_refilled,
);

async fn a_passing_failure_is_retried(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    user.open("c").await;
    for fault in [
        Fault::CutBefore,
        Fault::CutAfter,
        Fault::Status {
            code: 500,
            retry_after: None,
        },
        Fault::Status {
            code: 503,
            retry_after: None,
        },
        Fault::Status {
            code: 429,
            retry_after: Some(0),
        },
    ] {
        site.faults().push(fault.clone(), 2);
        let (response, cost) = site.cost_of(user.get("/api/conversations/c")).await;
        response.expect(200);
        assert_eq!(cost.requests, 3, "{fault:?}");
    }
}

/// Each kind of write, cut after it was committed and before it was answered.
async fn every_write_whose_response_was_lost_happens_once(site: Site) {
    let user = site.user().await;
    crate::common::use_every_script(&user).await;
    let lose_a_response = || site.faults().push(Fault::CutAfter, 1);
    lose_a_response();
    user.post("/api/conversations", &json!({ "id": "c" }))
        .await
        .expect(201);
    for (index, expected) in [(1, 201), (2, 201)] {
        lose_a_response();
        let sent = json!({ "id": format!("m{index}"), "type": "user", "content": "x", "tokens": { "total": 5 } });
        user.append("c", vec![sent]).await.expect(expected);
    }
    lose_a_response();
    user.patch("/api/conversations/c", &json!({ "title": "T" }))
        .await
        .expect(200);
    lose_a_response();
    let tokens = json!({ "tokens": { "total": 6 } });
    user.patch("/api/conversations/c/messages/m1", &tokens)
        .await
        .expect(200);
    let opened = user.open("c").await;
    assert_eq!(opened["revision"], 5);
    assert_eq!(
        (&opened["messageCount"], &opened["totalTokens"]),
        (&json!(2), &json!(11))
    );
    lose_a_response();
    user.delete("/api/conversations/c/messages/m2")
        .await
        .expect(200);
    let current = user.open("c").await;
    assert_eq!(current["revision"], 6);
    lose_a_response();
    let conditional = user.with_header("if-match", &crate::common::etag_of(&current));
    let body = json!({ "messages": [message("n", "user", "x")] });
    conditional
        .put("/api/conversations/c", &body)
        .await
        .expect(200);
    assert_eq!(user.open("c").await["revision"], 7);
    lose_a_response();
    user.delete("/api/conversations/c").await.expect(200);
    lose_a_response();
    let report = user
        .post("/api/import", &crate::common::sample())
        .await
        .expect(200);
    assert_eq!(report["imported"], 3, "{report}");
    let list = user.get("/api/conversations").await.expect(200);
    for conversation in list["data"].as_array().unwrap() {
        assert_eq!(conversation["revision"], 1, "{conversation}");
    }
}

async fn a_definite_refusal_is_not_retried(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    for (fault, status, code) in [
        (Fault::CapacityError, 507, "storage_full"),
        (Fault::QuotaError, 503, "storage_quota"),
        (Fault::MonthlyQuotaError, 503, "storage_quota"),
        (Fault::Garbage, 502, "storage_malformed"),
    ] {
        site.faults().push(fault.clone(), 1);
        let append = user.append("c", vec![message("m", "user", "x")]);
        let (response, cost) = site.cost_of(append).await;
        response.expect_error(status, code);
        assert_eq!(cost.requests, 1, "{fault:?}");
    }
    assert_eq!(user.open("c").await["messageCount"], 0);
}

async fn each_failure_has_its_status_and_code(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let impatient = site.deployment(&[("UPSTASH_TIMEOUT_MS", "100")]).await;
    let hurried = impatient.anonymous_caller().with_token(user.token());
    site.faults().push(Fault::Delay(Duration::from_secs(3)), 10);
    let response = hurried.get("/api/conversations/c").await;
    response.expect_error(504, "storage_timeout");
    assert_eq!(response.header("retry-after"), Some("1"));
    site.faults().clear();

    site.faults().push(
        Fault::Status {
            code: 429,
            retry_after: Some(60),
        },
        1,
    );
    let response = user.get("/api/conversations/c").await;
    response.expect_error(503, "storage_busy");
    assert_eq!(response.header("retry-after"), Some("60"));

    let misconfigured = site
        .deployment(&[("UPSTASH_REDIS_REST_TOKEN", "wrong")])
        .await;
    let response = misconfigured
        .anonymous_caller()
        .with_token(user.token())
        .get("/api/conversations/c")
        .await;
    let error = response.expect_error(500, "internal_error");
    assert_eq!(error["message"], "Internal Server Error");

    site.faults().refuse(true).await;
    let response = user.append("c", vec![message("m", "user", "x")]).await;
    response.expect_error(503, "storage_unavailable");
    for secret in [STORE_TOKEN, "127.0.0.1"] {
        assert!(!response.text.contains(secret));
    }
    site.faults().refuse(false).await;
    user.append("c", vec![message("m", "user", "x")])
        .await
        .expect(201);
}

async fn five_failed_calls_open_the_circuit_for_a_minute(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let open = || user.get("/api/conversations/c");
    site.faults().push(Fault::Garbage, 5);
    for _ in 0..5 {
        open().await.expect_error(502, "storage_malformed");
    }
    let (response, cost) = site.cost_of(open()).await;
    response.expect_error(503, "storage_unavailable");
    assert_eq!(cost.requests, 0, "an open circuit asks nothing");
    let wait: u64 = response.header("retry-after").unwrap().parse().unwrap();
    assert!((55..=61).contains(&wait));
    let health = site
        .anonymous_caller()
        .get("/api/health/redis")
        .await
        .expect(503);
    assert_eq!(health["circuit"], "open");

    // A probe that fails keeps it open, one that succeeds closes it.
    site.clock.advance(Duration::from_secs(61));
    site.faults().push(Fault::Garbage, 1);
    open().await.expect_error(502, "storage_malformed");
    open().await.expect_error(503, "storage_unavailable");
    site.clock.advance(Duration::from_secs(61));
    open().await.expect(200);
    let health = site
        .anonymous_caller()
        .get("/api/health/redis")
        .await
        .expect(200);
    assert_eq!(health["circuit"], "closed");
}

async fn a_flushed_script_cache_is_refilled(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    site.command(&["SCRIPT", "FLUSH"]).await;
    let append = |id: &'static str| user.append("c", vec![message(id, "user", "x")]);
    let (response, cost) = site.cost_of(append("m1")).await;
    response.expect(201);
    assert_eq!(cost.requests, 2);
    let (response, cost) = site.cost_of(append("m2")).await;
    response.expect(201);
    assert_eq!(cost.requests, 1);
    assert_eq!(user.open("c").await["messageCount"], 2);
}
