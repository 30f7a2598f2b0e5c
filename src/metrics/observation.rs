//! What is measured of one call of the service.

use std::time::Duration;

use super::batch::{Batch, Bounds};
use crate::context::{RequestContext, RequestOutcome};

/// Of durations, in microseconds; labelled in seconds, as Prometheus wants them.
const DURATION: &Bounds = &[
    (1_000, "0.001"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (10_000_000, "10"),
];

/// Of conversations, in messages.
pub(super) const CONVERSATION: [(u64, &str); 7] = [
    (2, "2"),
    (10, "10"),
    (50, "50"),
    (100, "100"),
    (500, "500"),
    (2_000, "2000"),
    (10_000, "10000"),
];

/// One call with its response.
#[derive(Clone, Copy, Debug, Default)]
pub struct Observation {
    /// The route's pattern.
    pub route: &'static str,
    /// The method, where it is one of HTTP's own.
    pub method: &'static str,
    /// The response's status.
    pub status: u16,
    /// The error's code, where it was one.
    pub code: Option<&'static str>,
    /// Until the response's head.
    pub took: Duration,
    /// Of that, waiting for Upstash.
    pub waited: Duration,
    /// Requests to Upstash, retries included.
    pub requests: u32,
    /// Retries.
    pub retries: u32,
    /// Commands billed, as far as replies told.
    pub commands: u32,
}

impl Observation {
    /// What is measured of a request that has ended so.
    pub fn new(context: &RequestContext, outcome: &RequestOutcome) -> Self {
        let failure = outcome.failure.as_ref();
        Self {
            route: context.route,
            method: context.method_name(),
            status: outcome.status,
            code: failure.map(|failure| failure.code.as_str()),
            took: outcome.duration,
            waited: context.usage.waited(),
            requests: context.usage.requests(),
            retries: context.usage.retries(),
            commands: context.usage.commands(),
        }
    }

    pub(super) fn add_to(&self, batch: &mut Batch) {
        let (route, method, outcome) = (self.route, self.method, self.outcome());
        let labels = format!("route=\"{route}\",method=\"{method}\",outcome=\"{outcome}\"");
        batch.add(&format!("requests_total{{{labels}}}"), 1);
        if let Some(code) = self.code {
            batch.add(&format!("errors_total{{code=\"{code}\"}}"), 1);
        }
        let labels = format!("route=\"{route}\",");
        batch.observe(
            "request_duration_seconds",
            &labels,
            DURATION,
            micros(self.took),
        );
        if self.requests > 0 {
            batch.observe(
                "upstash_duration_seconds",
                "",
                DURATION,
                micros(self.waited),
            );
        }
        batch.add("upstash_requests_total", self.requests.into());
        batch.add("upstash_retries_total", self.retries.into());
        batch.add("upstash_commands_total", self.commands.into());
    }

    /// `ok`; `refused`, the client's doing; `limited`; `failed`, the service's or the database's.
    fn outcome(&self) -> &'static str {
        match self.status {
            429 => "limited",
            ..400 => "ok",
            400..500 => "refused",
            _ => "failed",
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
