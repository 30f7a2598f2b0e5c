//! The alert rules of docs/, and the metrics they are about, as Prometheus's own tool sees them.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::common::{Site, message, repository};
use serde_json::json;
use test_support::skip_without;

const TOKEN: &str = "a token for reading metrics, long enough";

/// `None` where it is not installed.
fn promtool(arguments: &[&str], input: &str) -> Option<Output> {
    let child = Command::new("promtool")
        .args(arguments)
        .current_dir(repository().join("docs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        skip_without(
            "tests of the alert rules",
            "install promtool, Debian's package prometheus",
        )
        .unwrap();
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    Some(child.wait_with_output().unwrap())
}

#[track_caller]
fn assert_fine(output: Option<Output>) {
    let Some(output) = output else { return };
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(output.status.success(), "{text}");
}

#[test]
fn alert_rules_are_valid() {
    assert_fine(promtool(&["check", "rules", "alerts.rules.yml"], ""));
}

#[test]
fn alerts_fire_exactly_when_they_should() {
    assert_fine(promtool(&["test", "rules", "alerts.test.yml"], ""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_metrics_are_what_prometheus_reads() {
    let site = Site::embedded().await;
    let deployment = site.deployment(&[("METRICS_TOKEN", TOKEN)]).await;
    let user = deployment.user().await;
    user.create("c", vec![message("m", "user", "x")]).await;
    user.get("/api/conversations/none").await.expect(404);
    let report =
        json!({ "fallback": { "reads": 1 }, "errors": [{ "code": "network", "count": 1 }] });
    user.post("/api/metrics", &report).await.expect(202);
    let reader = deployment.anonymous_caller().with_token(TOKEN);
    let text = reader.get("/api/metrics").await.text;
    assert!(
        text.contains("conversation_store_client_fallback_total"),
        "{text}"
    );
    assert_fine(promtool(&["check", "metrics"], &text));
}
