//! The circuit breaker: some failed calls in a row open it for a while, then one probe decides.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::UpstashError;
use crate::clock::Clock;

/// Whether calls pass; worse states are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CircuitState {
    /// Calls go through.
    Closed,
    /// The next call, or the one under way, decides.
    HalfOpen,
    /// Calls are refused at once.
    Open,
}

impl CircuitState {
    /// The state's name, as health and metrics show it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// A breaker, shared by all calls of a process.
#[derive(Debug)]
pub(super) struct CircuitBreaker {
    threshold: u32,
    reset_timeout: Duration,
    clock: Clock,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    failures: u32,
    /// Until when calls are refused, by [`Clock::elapsed`]; pushed ahead while a probe is under way.
    open_until: Option<Duration>,
}

impl CircuitBreaker {
    pub(super) fn new(threshold: u32, reset_timeout: Duration, clock: Clock) -> Self {
        Self {
            threshold,
            reset_timeout,
            clock,
            inner: Mutex::default(),
        }
    }

    /// Allows a call, or refuses it.
    ///
    /// When the time is up, one call goes through as the probe, and the others wait for its outcome as if
    /// the circuit were still open. Should the probe never come back, another follows in its time.
    pub(super) fn admit(&self) -> Result<(), UpstashError> {
        let now = self.clock.elapsed();
        let mut inner = self.lock();
        let Some(until) = inner.open_until else {
            return Ok(());
        };
        if now < until {
            return Err(UpstashError::CircuitOpen {
                retry_after: until - now,
            });
        }
        inner.open_until = Some(now + self.reset_timeout);
        Ok(())
    }

    /// Records how a call ended that was allowed.
    pub(super) fn record(&self, error: Option<&UpstashError>) {
        let mut inner = self.lock();
        if !error.is_some_and(UpstashError::is_failure) {
            *inner = Inner::default();
            return;
        }
        inner.failures = inner.failures.saturating_add(1);
        if inner.failures >= self.threshold {
            inner.open_until = Some(self.clock.elapsed() + self.reset_timeout);
        }
    }

    pub(super) fn state(&self) -> CircuitState {
        match self.lock().open_until {
            None => CircuitState::Closed,
            Some(until) if self.clock.elapsed() < until => CircuitState::Open,
            Some(_) => CircuitState::HalfOpen,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn breaker() -> (CircuitBreaker, Clock) {
        let clock = Clock::default();
        (CircuitBreaker::new(5, MINUTE, clock.clone()), clock)
    }

    fn fail(breaker: &CircuitBreaker, times: u32) {
        for _ in 0..times {
            breaker.record(Some(&UpstashError::Timeout));
        }
    }

    #[test]
    fn opens_after_five_failures_in_a_row() {
        let (breaker, _) = breaker();
        fail(&breaker, 4);
        breaker.record(None);
        fail(&breaker, 4);
        assert_eq!(breaker.admit(), Ok(()));
        fail(&breaker, 1);
        assert!(matches!(
            breaker.admit(),
            Err(UpstashError::CircuitOpen { retry_after }) if retry_after <= MINUTE
        ));
        assert_eq!(breaker.state(), CircuitState::Open);
    }

    #[test]
    fn lets_one_probe_through_and_closes_on_its_success() {
        let (breaker, clock) = breaker();
        fail(&breaker, 5);
        clock.advance(MINUTE);
        assert_eq!(breaker.state(), CircuitState::HalfOpen);
        assert_eq!(breaker.admit(), Ok(()));
        assert!(breaker.admit().is_err(), "one probe only");
        breaker.record(None);
        assert_eq!(breaker.state(), CircuitState::Closed);
        assert_eq!(breaker.admit(), Ok(()));
    }

    #[test]
    fn a_failed_probe_opens_it_again() {
        let (breaker, clock) = breaker();
        fail(&breaker, 5);
        clock.advance(MINUTE);
        assert_eq!(breaker.admit(), Ok(()));
        fail(&breaker, 1);
        assert!(breaker.admit().is_err());
        clock.advance(MINUTE);
        assert_eq!(breaker.admit(), Ok(()));
    }

    #[test]
    fn refusals_do_not_count() {
        let (breaker, _) = breaker();
        for _ in 0..10 {
            breaker.record(Some(&UpstashError::Command("ERR".into())));
            breaker.record(Some(&UpstashError::Capacity));
        }
        assert_eq!(breaker.admit(), Ok(()));
    }
}
