//! Numbers by series, added up.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{ENOUGH, FULL, OLD};

/// The bounds of a histogram's buckets, with their labels.
pub(super) type Bounds = [(u64, &'static str)];

/// What has been added up so far. A series is named as Prometheus names a sample, without the service's prefix.
#[derive(Debug, Default)]
pub(super) struct Batch {
    numbers: BTreeMap<String, u64>,
    calls: u32,
    began: Option<Duration>,
}

impl Batch {
    pub(super) fn add(&mut self, series: &str, number: u64) {
        if number == 0 {
            return;
        }
        match self.numbers.get_mut(series) {
            Some(sum) => *sum = sum.saturating_add(number),
            None => {
                self.numbers.insert(series.to_owned(), number);
            }
        }
    }

    /// Adds an observation to a histogram; `labels` end in a comma, where there are any.
    pub(super) fn observe(&mut self, name: &str, labels: &str, bounds: &Bounds, value: u64) {
        for (_, label) in bounds.iter().filter(|(bound, _)| value <= *bound) {
            self.add(&format!("{name}_bucket{{{labels}le=\"{label}\"}}"), 1);
        }
        self.add(&format!("{name}_bucket{{{labels}le=\"+Inf\"}}"), 1);
        let labels = labels.trim_end_matches(',');
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{labels}}}")
        };
        self.add(&format!("{name}_sum{labels}"), value);
        self.add(&format!("{name}_count{labels}"), 1);
    }

    pub(super) fn count_call(&mut self, now: Duration) {
        self.calls += 1;
        self.began.get_or_insert(now);
    }

    pub(super) fn is_due(&self, now: Duration, wanted: bool) -> bool {
        if wanted {
            return !self.numbers.is_empty();
        }
        let is_old = self.began.is_some_and(|began| now >= began + OLD);
        self.calls >= FULL || (self.calls >= ENOUGH && is_old)
    }

    /// Series, number, series, number...
    pub(super) fn into_words(self) -> Vec<String> {
        let pairs = self.numbers.into_iter();
        pairs
            .flat_map(|(series, number)| [series, number.to_string()])
            .collect()
    }
}
