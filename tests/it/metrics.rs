//! `/api/metrics`: what Prometheus reads, and what browsers report.

use std::time::Duration;

use crate::common::{Deployment, Site, message};
use embedded_store::front::Fault;
use serde_json::json;

on_both_stores!(
    calls_are_counted_by_route_and_outcome,
    data_and_engagement_are_counted,
    measuring_costs_at_most_a_command_per_call,
    a_batch_whose_response_was_lost_counts_once,
    failures_during_an_outage_are_counted_afterwards,
    instances_add_up,
    browsers_report_their_fallbacks,
    bad_reports_are_refused,
    the_metrics_require_the_token,
    no_user_is_identifiable,
);

const TOKEN: &str = "a token for reading metrics, long enough";
const METRICS: &str = "/api/metrics";

async fn measured(site: &Site) -> Deployment {
    site.deployment(&[
        ("METRICS_TOKEN", TOKEN),
        ("DATABASE_LIMIT_BYTES", "1000000000"),
    ])
    .await
}

async fn text(deployment: &Deployment) -> String {
    let response = deployment
        .anonymous_caller()
        .with_token(TOKEN)
        .get(METRICS)
        .await;
    assert_eq!(response.status, 200, "{}", response.text);
    let media_type = response.header("content-type");
    assert_eq!(media_type, Some("text/plain; version=0.0.4; charset=utf-8"));
    response.text
}

/// The value of a sample; 0 where there is none.
fn sample(text: &str, series: &str) -> f64 {
    let prefix = format!("conversation_store_{series} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&prefix));
    line.map_or(0.0, |value| value.parse().unwrap())
}

fn requests(route: &str, method: &str, outcome: &str) -> String {
    format!("requests_total{{route=\"{route}\",method=\"{method}\",outcome=\"{outcome}\"}}")
}

async fn calls_are_counted_by_route_and_outcome(site: Site) {
    let deployment = measured(&site).await;
    let user = deployment.user().await;
    user.create("c", vec![]).await;
    for _ in 0..3 {
        user.open("c").await;
    }
    user.get("/api/conversations/none").await.expect(404);
    deployment
        .anonymous_caller()
        .get("/api/sync")
        .await
        .expect(401);
    let text = text(&deployment).await;
    let route = "/api/conversations/{id}";
    assert_eq!(sample(&text, &requests(route, "GET", "ok")), 3.0, "{text}");
    assert_eq!(sample(&text, &requests(route, "GET", "refused")), 1.0);
    assert_eq!(sample(&text, &requests("/api/sync", "GET", "refused")), 1.0);
    assert_eq!(
        sample(&text, "errors_total{code=\"conversation_not_found\"}"),
        1.0
    );
    let count = format!("request_duration_seconds_count{{route=\"{route}\"}}");
    assert_eq!(sample(&text, &count), 4.0);
    let all = format!("request_duration_seconds_bucket{{route=\"{route}\",le=\"+Inf\"}}");
    assert_eq!(sample(&text, &all), 4.0);
    let sum = format!("request_duration_seconds_sum{{route=\"{route}\"}}");
    assert!((0.000_1..60.0).contains(&sample(&text, &sum)), "{text}");
    // Session, create, 3 times open, and the one that was not there.
    assert_eq!(sample(&text, "upstash_duration_seconds_count"), 6.0);
    assert!(sample(&text, "upstash_requests_total") >= 6.0);
    assert!(sample(&text, "upstash_commands_total") > 20.0);
    assert_eq!(sample(&text, "database_limit_bytes"), 1e9);
    assert!(sample(&text, "database_keys") >= 4.0, "{text}");
    assert!(sample(&text, "database_bytes") > 100.0);
}

async fn data_and_engagement_are_counted(site: Site) {
    let deployment = measured(&site).await;
    let user = deployment.user().await;
    user.create("c", vec![message("m", "user", &"x".repeat(100))])
        .await;
    let turn = vec![message("n", "user", "y"), message("o", "assistant", "z")];
    user.append("c", turn.clone()).await.expect(201);
    // A repetition stores nothing.
    user.append("c", turn).await.expect(200);
    user.post("/api/import", &crate::common::sample())
        .await
        .expect(200);
    user.delete("/api/conversations/c").await.expect(200);
    user.delete("/api/conversations/c").await.expect(200);
    let text = text(&deployment).await;
    assert_eq!(sample(&text, "users_total"), 1.0, "{text}");
    assert_eq!(sample(&text, "conversations_total{event=\"created\"}"), 1.0);
    assert_eq!(
        sample(&text, "conversations_total{event=\"imported\"}"),
        3.0
    );
    assert_eq!(sample(&text, "conversations_total{event=\"deleted\"}"), 1.0);
    let sample_data = crate::common::sample();
    let imported = sample_data
        .as_array()
        .unwrap()
        .iter()
        .map(|conversation| conversation["messages"].as_array().unwrap().len());
    let messages = 3 + imported.sum::<usize>();
    assert_eq!(sample(&text, "messages_total"), messages as f64);
    assert!(sample(&text, "message_bytes_total") > 200.0);
    assert_eq!(
        sample(&text, "conversation_messages_bucket{le=\"2\"}"),
        3.0,
        "{text}"
    );
    assert_eq!(sample(&text, "conversation_messages_count"), 5.0);
}

async fn measuring_costs_at_most_a_command_per_call(site: Site) {
    const CALLS: u64 = 64;
    let deployment = measured(&site).await;
    let user = deployment.user().await;
    user.get("/api/conversations").await.expect(200);
    text(&deployment).await;
    let lists = async |apart: Duration| {
        site.begin_window();
        user.get("/api/session").await.expect(200);
        let work = async {
            for _ in 0..CALLS {
                user.get("/api/conversations").await.expect(200);
                site.advance(apart);
            }
        };
        let cost = site.cost_of(work).await.1;
        assert_eq!(cost.requests, CALLS, "no request of its own");
        cost.commands
    };
    let unmeasured = 4 * CALLS;
    let busy = lists(Duration::ZERO).await;
    let batches = CALLS / 16;
    assert_eq!(busy, unmeasured + 3 * batches);
    // Far enough apart for small batches: at most one command per call. The first call of each minute costs one more
    // anyway.
    let idle = lists(Duration::from_secs(6)).await;
    let minutes = CALLS / 10 + 1;
    let leftover = 3;
    let allowed = busy + minutes + 1..=unmeasured + minutes + CALLS + leftover;
    assert!(allowed.contains(&idle), "{idle}");
}

async fn a_batch_whose_response_was_lost_counts_once(site: Site) {
    let deployment = measured(&site).await;
    let user = deployment.user().await;
    for _ in 0..15 {
        user.get("/api/conversations").await.expect(200);
    }
    // The next call carries the batch.
    site.faults().push(Fault::CutAfter, 2);
    user.get("/api/conversations").await.expect(200);
    let text = text(&deployment).await;
    assert_eq!(
        sample(&text, &requests("/api/conversations", "GET", "ok")),
        16.0
    );
    assert_eq!(sample(&text, "upstash_retries_total"), 2.0);
}

async fn failures_during_an_outage_are_counted_afterwards(site: Site) {
    let deployment = measured(&site).await;
    let user = deployment.user().await;
    site.faults().push(
        Fault::Status {
            code: 500,
            retry_after: None,
        },
        1_000,
    );
    for _ in 0..20 {
        user.get("/api/conversations")
            .await
            .expect_error(503, "storage_unavailable");
    }
    deployment
        .anonymous_caller()
        .with_token(TOKEN)
        .get(METRICS)
        .await
        .expect_error(503, "storage_unavailable");
    site.faults().clear();
    site.advance(Duration::from_secs(61));
    // First the batch that could not be sent, then newer counts.
    text(&deployment).await;
    let text = text(&deployment).await;
    assert_eq!(
        sample(&text, &requests("/api/conversations", "GET", "failed")),
        20.0
    );
    assert_eq!(
        sample(&text, "errors_total{code=\"storage_unavailable\"}"),
        21.0
    );
}

async fn instances_add_up(site: Site) {
    let (one, other) = (measured(&site).await, measured(&site).await);
    let preview = site
        .deployment(&[("METRICS_TOKEN", TOKEN), ("KEY_NAMESPACE", "preview:x:")])
        .await;
    for deployment in [&one, &other, &preview] {
        deployment.user().await;
        deployment.user().await;
        text(deployment).await;
    }
    assert_eq!(sample(&text(&one).await, "users_total"), 4.0);
    assert_eq!(sample(&text(&preview).await, "users_total"), 2.0);
}

async fn browsers_report_their_fallbacks(site: Site) {
    let deployment = measured(&site).await;
    let user = deployment.user().await;
    let report = json!({
        "fallback": { "reads": 12, "writes": 3 }, "conflicts": 1,
        "errors": [{ "code": "storage_unavailable", "count": 4 }, { "code": "network", "count": 2 },
                   { "code": "made_up", "count": 1 }],
    });
    for report in [&report, &json!({}), &json!({ "fallback": { "reads": 1 } })] {
        let response = user.post(METRICS, report).await.expect(202);
        assert_eq!(response, json!({ "accepted": true }));
    }
    let text = text(&deployment).await;
    for (series, value) in [
        ("client_reports_total", 3.0),
        ("client_fallback_total{operation=\"read\"}", 13.0),
        ("client_fallback_total{operation=\"write\"}", 3.0),
        ("client_conflicts_total", 1.0),
        ("client_errors_total{code=\"storage_unavailable\"}", 4.0),
        ("client_errors_total{code=\"network\"}", 2.0),
        ("client_errors_total{code=\"other\"}", 1.0),
    ] {
        assert_eq!(sample(&text, series), value, "{series} in {text}");
    }
    assert!(!text.contains("made_up"));
    // Without metrics, reports are accepted and discarded.
    site.user().await.post(METRICS, &report).await.expect(202);
}

async fn bad_reports_are_refused(site: Site) {
    let deployment = measured(&site).await;
    let user = deployment.user().await;
    for (report, code) in [
        (json!([]), "invalid_json"),
        (json!({ "conflicts": -1 }), "invalid_field"),
        (json!({ "fallback": { "reads": 1e9 } }), "invalid_field"),
        (json!({ "errors": [{ "count": 1 }] }), "invalid_field"),
    ] {
        user.post(METRICS, &report).await.expect_error(400, code);
    }
    let anonymous_caller = deployment.anonymous_caller();
    anonymous_caller
        .post(METRICS, &json!({}))
        .await
        .expect_error(401, "missing_token");
    let reader = anonymous_caller.with_token(TOKEN);
    reader
        .post(METRICS, &json!({}))
        .await
        .expect_error(401, "invalid_token");
    let limited = site
        .deployment(&[("METRICS_TOKEN", TOKEN), ("RATE_LIMIT_PER_MINUTE", "1")])
        .await;
    site.begin_window();
    let user = limited.anonymous_caller().with_token(user.token());
    user.post(METRICS, &json!({ "conflicts": 5 }))
        .await
        .expect(202);
    user.post(METRICS, &json!({ "conflicts": 5 }))
        .await
        .expect_error(429, "rate_limited");
    assert_eq!(sample(&text(&limited).await, "client_conflicts_total"), 5.0);
}

async fn the_metrics_require_the_token(site: Site) {
    let deployment = measured(&site).await;
    let anonymous_caller = deployment.anonymous_caller();
    anonymous_caller
        .get(METRICS)
        .await
        .expect_error(401, "missing_token");
    let user = deployment.user().await;
    user.get(METRICS).await.expect_error(401, "invalid_token");
    let almost = anonymous_caller.with_token(&TOKEN[1..]);
    almost.get(METRICS).await.expect_error(401, "invalid_token");
    // Without a configured token there are no metrics.
    site.anonymous_caller()
        .with_token(TOKEN)
        .get(METRICS)
        .await
        .expect_error(404, "no_route");
    user.delete(METRICS)
        .await
        .expect_error(405, "method_not_allowed");
}

async fn no_user_is_identifiable(site: Site) {
    let deployment = measured(&site).await;
    let user = deployment.user().await;
    let id = user.get("/api/session").await.expect(200)["userId"].clone();
    user.create("private", vec![message("m-private", "user", "private")])
        .await;
    user.get("/api/conversations/private?x=private")
        .await
        .expect(200);
    let text = text(&deployment).await;
    assert!(
        !text.contains("private") && !text.contains(id.as_str().unwrap()),
        "{text}"
    );
    // Nor in the stored samples, which expire when they are no longer needed.
    let stored = format!("{:?}", site.command(&["GET", "metrics"]).await);
    assert!(stored.len() > 100);
}
