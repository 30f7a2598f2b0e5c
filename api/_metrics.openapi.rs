//! What `public/openapi.json` says of `/api/metrics`. With its underscore, the file is no function.

use conversation_store::ErrorCode::{InvalidField, InvalidToken, MissingToken, NoRoute};
use conversation_store::http::Route;
use http::Method;
use serde_json::json;

use super::super::errors::STORE;
use super::super::operation::{Access, Operation, Response};

pub fn operations() -> Vec<Operation> {
    vec![report(), metrics()]
}

fn report() -> Operation {
    Operation::new(Method::POST, Route::Metrics, "reportClientMetrics")
        .describe(
            "operation",
            "Report a browser's problems",
            "How often its fallback was used, conflicts, and errors: sums since its last report.",
        )
        .body(true, "ClientReport")
        .response(Response::json(
            202,
            "It is counted with the next batch.",
            "Accepted",
        ))
        .refuses(&[InvalidField])
}

fn metrics() -> Operation {
    let text = json!({ "type": "string", "description": "Prometheus's text format." });
    Operation::new(Method::GET, Route::Metrics, "readMetrics")
        .describe(
            "operation",
            "Metrics for Prometheus",
            "With the `METRICS_TOKEN` of the deployment; without one, the route does not exist.",
        )
        .open_to(Access::Metrics)
        .response(
            Response::new(200, "The metrics.")
                .body("text/plain; version=0.0.4; charset=utf-8", text),
        )
        .refuses(&STORE)
        .refuses(&[MissingToken, InvalidToken, NoRoute])
}
