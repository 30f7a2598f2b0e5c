//! When to try again: exponential backoff with full jitter, inside a deadline.

use std::time::Duration;

use tokio::time::Instant;

use super::{UpstashConfig, UpstashError};

/// The attempts of one call.
#[derive(Debug)]
pub(super) struct Backoff {
    deadline: Instant,
    attempt_timeout: Duration,
    longest_delay: Duration,
    attempts_left: u32,
}

impl Backoff {
    pub(super) fn new(config: &UpstashConfig) -> Self {
        Self {
            deadline: Instant::now() + config.deadline,
            attempt_timeout: config.attempt_timeout,
            longest_delay: config.first_backoff,
            attempts_left: config.attempts.saturating_sub(1),
        }
    }

    /// How long the next attempt may take.
    pub(super) fn attempt_timeout(&self) -> Duration {
        self.remaining().min(self.attempt_timeout)
    }

    /// How long to wait before the next attempt; `None` when there is to be none.
    ///
    /// A `Retry-After` is waited for in full, or, where it does not fit the deadline, not at all.
    pub(super) fn next_delay(&mut self, error: &UpstashError) -> Option<Duration> {
        if !error.is_transient() || self.attempts_left == 0 {
            return None;
        }
        self.attempts_left -= 1;
        let jitter = self.longest_delay.mul_f64(fastrand::f64());
        self.longest_delay *= 2;
        let delay = match error {
            UpstashError::Throttled {
                retry_after: Some(wait),
            } => *wait + jitter,
            _ => jitter,
        };
        (delay < self.remaining()).then_some(delay)
    }

    fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;
    use proptest::prelude::*;

    fn config(deadline_ms: u64, attempts: u32) -> UpstashConfig {
        UpstashConfig {
            attempts,
            ..UpstashConfig::new("http://x", Secret::new("t"))
                .with_deadline(Duration::from_millis(deadline_ms))
        }
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
    }

    proptest! {
        #[test]
        fn never_waits_past_the_deadline_nor_tries_too_often(
            deadline in 1u64..5_000, attempts in 1u32..10, retry_after in proptest::option::of(0u64..10_000),
        ) {
            runtime().block_on(async {
                let start = Instant::now();
                let mut backoff = Backoff::new(&config(deadline, attempts));
                let error = UpstashError::Throttled { retry_after: retry_after.map(Duration::from_millis) };
                let mut tried = 1;
                while let Some(delay) = backoff.next_delay(&error) {
                    if let Some(least) = retry_after {
                        assert!(delay >= Duration::from_millis(least));
                    }
                    tokio::time::advance(delay).await;
                    tried += 1;
                }
                assert!(tried <= attempts);
                assert!(start.elapsed() <= Duration::from_millis(deadline));
            });
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_definite_refusal_is_not_repeated() {
        let mut backoff = Backoff::new(&config(1_000, 5));
        for error in [
            UpstashError::Unauthorized,
            UpstashError::Quota,
            UpstashError::Capacity,
            UpstashError::TooLarge,
            UpstashError::Command("ERR".into()),
            UpstashError::Malformed,
        ] {
            assert_eq!(backoff.next_delay(&error), None);
        }
        assert!(backoff.next_delay(&UpstashError::Timeout).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn delays_may_grow_twofold() {
        let mut backoff = Backoff::new(&config(60_000, 10));
        let mut bound = Duration::from_millis(50);
        while let Some(delay) = backoff.next_delay(&UpstashError::Timeout) {
            assert!(delay <= bound);
            bound *= 2;
        }
    }
}
