//! The log: one line of JSON per request, and its destination. It never contains a user's text, token, id or query.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::context::{RequestContext, RequestOutcome};
use crate::upstash::CircuitState;

/// A destination for log lines: the standard output, or a test's own.
#[derive(Clone)]
pub struct Log(Arc<dyn Fn(&str) + Send + Sync>);

impl Log {
    /// Gives each line, without its end, to `sink`.
    pub fn new(sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// Writes the line of a request.
    pub fn request(&self, context: &RequestContext, outcome: &RequestOutcome) {
        let failure = outcome.failure.as_ref();
        self.write(&RequestLine {
            request_id: &context.id,
            route: context.route,
            method: context.method_name(),
            status: outcome.status,
            duration_ms: milliseconds(outcome.duration),
            upstash_requests: context.usage.requests(),
            upstash_ms: milliseconds(context.usage.waited()),
            commands: context.usage.commands(),
            retries: context.usage.retries(),
            circuit: outcome.circuit.map(CircuitState::as_str),
            user_hash: context.user(),
            error_code: failure.map(|failure| failure.code.as_str()),
            error: failure.and_then(|failure| failure.text.as_deref()),
        });
    }

    /// Writes the line of a response that broke off, under the id of the request's first line.
    pub fn broken_off(&self, context: &RequestContext, error: &str) {
        self.write(&BrokenOffLine {
            request_id: &context.id,
            route: context.route,
            error_code: "broken_off",
            error,
        });
    }

    fn write(&self, line: &impl Serialize) {
        (self.0)(&serde_json::to_string(line).unwrap_or_default());
    }
}

impl Default for Log {
    fn default() -> Self {
        Self::new(|line| {
            // A failure to log must not affect the response; `println!` would panic.
            let _ = writeln!(io::stdout().lock(), "{line}");
        })
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log(..)")
    }
}

/// The line of a request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestLine<'a> {
    request_id: &'a str,
    route: &'static str,
    method: &'a str,
    status: u16,
    duration_ms: f64,
    upstash_requests: u32,
    upstash_ms: f64,
    /// Billed, as far as replies stated it.
    commands: u32,
    retries: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    circuit: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_hash: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
    /// The text of a failure of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// The line of a response that broke off.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BrokenOffLine<'a> {
    request_id: &'a str,
    route: &'static str,
    error_code: &'static str,
    error: &'a str,
}

/// To a tenth.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}
