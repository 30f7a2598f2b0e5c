//! The metrics as Prometheus reads them.

use std::collections::BTreeMap;
use std::fmt::Write;

/// What every metric's name begins with.
const PREFIX: &str = "conversation_store_";

/// Name, type, help. The series of a histogram are its name with `_bucket`, `_sum` and `_count`.
const FAMILIES: [(&str, &str, &str); 16] = [
    (
        "requests_total",
        "counter",
        "Calls by route, method and outcome: ok, refused, limited, failed.",
    ),
    ("errors_total", "counter", "Error responses by code."),
    (
        "request_duration_seconds",
        "histogram",
        "From a call to the head of its response.",
    ),
    (
        "upstash_duration_seconds",
        "histogram",
        "Of that, waiting for Upstash.",
    ),
    (
        "upstash_requests_total",
        "counter",
        "Requests to Upstash, retries included.",
    ),
    (
        "upstash_retries_total",
        "counter",
        "Requests that repeated one that had failed.",
    ),
    (
        "upstash_commands_total",
        "counter",
        "Commands that Upstash bills, as far as its responses stated them.",
    ),
    ("users_total", "counter", "New anonymous users."),
    (
        "conversations_total",
        "counter",
        "Conversations created, imported and deleted.",
    ),
    ("messages_total", "counter", "Messages stored."),
    (
        "message_bytes_total",
        "counter",
        "Their size as it is stored, bytes.",
    ),
    (
        "conversation_messages",
        "histogram",
        "Messages in a conversation, after each write of some.",
    ),
    (
        "client_reports_total",
        "counter",
        "Reports of browsers on themselves.",
    ),
    (
        "client_fallback_total",
        "counter",
        "Reads and writes that browsers served from their own storage instead.",
    ),
    (
        "client_conflicts_total",
        "counter",
        "Conflicts that browsers merged.",
    ),
    (
        "client_errors_total",
        "counter",
        "Errors that browsers met, by code.",
    ),
];

/// Name and help of the gauges.
const GAUGES: [(&str, &str); 3] = [
    ("database_bytes", "Size of the database."),
    ("database_limit_bytes", "Size it may have, as configured."),
    ("database_keys", "Keys in the database."),
];

/// The current values of the gauges.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gauges {
    /// Bytes that the database takes up, if it reports them.
    pub bytes: Option<u64>,
    /// `DATABASE_LIMIT_BYTES`: how many it may.
    pub limit: Option<u64>,
    /// Keys in it.
    pub keys: Option<u64>,
}

impl Gauges {
    /// Those of two databases.
    pub fn plus(self, other: Self) -> Self {
        let sum = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (one, other) => one.or(other),
        };
        Self {
            bytes: sum(self.bytes, other.bytes),
            limit: sum(self.limit, other.limit),
            keys: sum(self.keys, other.keys),
        }
    }
}

/// Prometheus's text format, from what `src/lua/metrics_add.lua` keeps in each database: a line of names, then
/// per series its number and its name.
pub fn exposition(stored: &[String], gauges: &Gauges) -> String {
    let mut series: BTreeMap<&str, u64> = BTreeMap::new();
    for (name, number) in stored.iter().flat_map(|stored| read(stored)) {
        let sum = series.entry(name).or_default();
        *sum = sum.saturating_add(number);
    }
    let mut text = String::with_capacity(16_384);
    for (family, kind, help) in FAMILIES {
        let mut samples = series
            .iter()
            .filter(|(name, _)| is_of(name, family, kind))
            .peekable();
        if samples.peek().is_some() {
            describe(&mut text, family, kind, help);
        }
        for (name, number) in samples {
            // Writing to memory cannot fail.
            let _ = match name.starts_with(family) && name.contains("_seconds_sum") {
                true => writeln!(text, "{PREFIX}{name} {}", *number as f64 / 1e6),
                false => writeln!(text, "{PREFIX}{name} {number}"),
            };
        }
    }
    let values = [gauges.bytes, gauges.limit, gauges.keys];
    for ((name, help), value) in GAUGES.into_iter().zip(values) {
        if let Some(value) = value {
            describe(&mut text, name, "gauge", help);
            let _ = writeln!(text, "{PREFIX}{name} {value}");
        }
    }
    text
}

fn read(stored: &str) -> impl Iterator<Item = (&str, u64)> {
    let lines = stored.lines().skip(1);
    let pairs = lines.filter_map(|line| line.split_once(' '));
    pairs.filter_map(|(number, name)| Some((name, number.parse().ok()?)))
}

fn describe(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {PREFIX}{name} {help}");
    let _ = writeln!(text, "# TYPE {PREFIX}{name} {kind}");
}

/// Whether a series belongs to a metric.
fn is_of(series: &str, family: &str, kind: &str) -> bool {
    let name = series.split('{').next().unwrap_or(series);
    let rest = name.strip_prefix(family);
    match kind {
        "histogram" => matches!(rest, Some("_bucket" | "_sum" | "_count")),
        _ => rest == Some(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_what_prometheus_reads() {
        let stored = "a b\n3 upstash_retries_total\n2 request_duration_seconds_bucket{route=\"/\",le=\"+Inf\"}\n\
            1500 request_duration_seconds_sum{route=\"/\"}\n2 request_duration_seconds_count{route=\"/\"}\n\
            7 unknown\nnonsense\n";
        let gauges = Gauges {
            keys: Some(5),
            ..Gauges::default()
        };
        let expected = "\
# HELP conversation_store_request_duration_seconds From a call to the head of its response.
# TYPE conversation_store_request_duration_seconds histogram
conversation_store_request_duration_seconds_bucket{route=\"/\",le=\"+Inf\"} 2
conversation_store_request_duration_seconds_count{route=\"/\"} 2
conversation_store_request_duration_seconds_sum{route=\"/\"} 0.0015
# HELP conversation_store_upstash_retries_total Requests that repeated one that had failed.
# TYPE conversation_store_upstash_retries_total counter
conversation_store_upstash_retries_total 3
# HELP conversation_store_database_keys Keys in the database.
# TYPE conversation_store_database_keys gauge
conversation_store_database_keys 5
";
        assert_eq!(exposition(&[stored.into()], &gauges), expected);
        assert_eq!(exposition(&[String::new()], &Gauges::default()), "");
    }

    #[test]
    fn what_several_databases_hold_adds_up() {
        let one = "\n3 users_total\n1 messages_total\n".to_owned();
        let other = "\n4 users_total\n".to_owned();
        let text = exposition(&[one, other], &Gauges::default());
        assert!(
            text.contains("conversation_store_users_total 7\n"),
            "{text}"
        );
        assert!(
            text.contains("conversation_store_messages_total 1\n"),
            "{text}"
        );
    }

    #[test]
    fn alert_rules_are_about_metrics_there_are() {
        let rules = include_str!("../../docs/alerts.rules.yml");
        let mut named = rules.split(PREFIX).skip(1).map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            &rest[..end.unwrap_or(rest.len())]
        });
        let is_known = |name: &str| {
            GAUGES.iter().any(|(gauge, _)| *gauge == name)
                || FAMILIES
                    .iter()
                    .any(|(family, kind, _)| is_of(name, family, kind))
        };
        assert_eq!(named.clone().count(), 20, "names found in the rules");
        assert_eq!(named.find(|name| !is_known(name)), None);
    }
}
