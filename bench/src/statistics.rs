//! What many measurements say.

use std::time::Duration;

/// Durations, in order.
#[derive(Clone, Debug, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Of these.
    pub fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The one that half of them do not exceed.
    pub fn p50(&self) -> Duration {
        self.percentile(50)
    }

    /// The one that 99 of 100 do not exceed.
    pub fn p99(&self) -> Duration {
        self.percentile(99)
    }

    /// By nearest rank: always one that was measured. Zero of none.
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

/// How many times as much the plan's side takes.
pub fn ratio(functions: f64, plan: f64) -> f64 {
    plan / functions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_what_was_measured() {
        let times: Times = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(times.p50(), Duration::from_millis(100));
        assert_eq!(times.p99(), Duration::from_millis(198));
        let one = Times::new(vec![Duration::from_millis(7)]);
        assert_eq!((one.p50(), one.p99()), (one.p50(), one.p50()));
        assert_eq!(Times::default().p50(), Duration::ZERO);
    }
}
