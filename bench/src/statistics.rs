//! Percentiles and ratios of measured times.

use std::time::Duration;

/// Sorted durations.
#[derive(Clone, Debug, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Sorts the durations.
    pub fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The number of durations.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The median.
    pub fn p50(&self) -> Duration {
        self.percentile(50)
    }

    /// The 95th percentile.
    pub fn p95(&self) -> Duration {
        self.percentile(95)
    }

    /// The 99th percentile.
    pub fn p99(&self) -> Duration {
        self.percentile(99)
    }

    /// The shortest and the longest.
    pub fn range(&self) -> (Duration, Duration) {
        (self.percentile(0), self.percentile(100))
    }

    /// By nearest rank, so always a measured duration; zero without any.
    fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100);
        let time = self.0.get(rank.saturating_sub(1));
        time.copied().unwrap_or_default()
    }
}

impl FromIterator<Duration> for Times {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        Self::new(times.into_iter().collect())
    }
}

/// How many times as much the baseline takes.
pub fn ratio(functions: f64, baseline: f64) -> f64 {
    baseline / functions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_measured_durations() {
        let times: Times = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(times.p50(), Duration::from_millis(100));
        assert_eq!(times.p95(), Duration::from_millis(190));
        assert_eq!(times.p99(), Duration::from_millis(198));
        let (shortest, longest) = times.range();
        assert_eq!((shortest.as_millis(), longest.as_millis()), (1, 200));
        let one = Times::new(vec![Duration::from_millis(7)]);
        assert_eq!((one.p50(), one.p99()), (one.p50(), one.p50()));
        assert_eq!(Times::default().p50(), Duration::ZERO);
    }
}
