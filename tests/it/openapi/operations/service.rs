//! `/api/health/redis` and `/api/metrics`: what those who run the service want to know.

use conversation_store::ErrorCode::{InvalidField, InvalidToken, MissingToken, NoRoute};
use serde_json::json;

use super::super::errors::STORE;
use super::super::operation::{Access, Answer, Operation};

const TAG: &str = "operation";
const METRICS: &str = "/api/metrics";

pub fn operations() -> Vec<Operation> {
    vec![health(), report(), metrics()]
}

fn health() -> Operation {
    Operation::new("get", "/api/health/redis", "health")
        .describe(
            TAG,
            "Whether Redis answers",
            "Open to anybody. At most 5 seconds old: `timestamp` is when Redis was asked.",
        )
        .open_to(Access::Anybody)
        .answers(Answer::json(200, "It answers.", "Health"))
        .answers(Answer::json(503, "It does not.", "Health"))
}

fn report() -> Operation {
    Operation::new("post", METRICS, "reportClientMetrics")
        .describe(
            TAG,
            "Report what a browser saw",
            "How often its fallback was used, conflicts, and errors: sums since its last report.",
        )
        .body(true, "ClientReport")
        .answers(Answer::json(
            202,
            "It is counted with the next batch.",
            "Accepted",
        ))
        .refuses(&[InvalidField])
}

fn metrics() -> Operation {
    let text = json!({ "type": "string", "description": "Prometheus's text format." });
    Operation::new("get", METRICS, "readMetrics")
        .describe(
            TAG,
            "Metrics for Prometheus",
            "With the `METRICS_TOKEN` of the deployment; where none is configured, there is no such route.",
        )
        .open_to(Access::Metrics)
        .answers(
            Answer::new(200, "The metrics.")
                .body("text/plain; version=0.0.4; charset=utf-8", text),
        )
        .refuses(&STORE)
        .refuses(&[MissingToken, InvalidToken, NoRoute])
}
