//! What one request to the service costs at Upstash, noted as it happens.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Requests to Upstash on account of one request to the service.
#[derive(Debug, Default)]
pub struct Usage {
    requests: AtomicU32,
    retries: AtomicU32,
    commands: AtomicU32,
    micros: AtomicU64,
}

impl Usage {
    /// Requests sent, retries included.
    pub fn requests(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }

    /// How many of them were repetitions of one that had failed.
    pub fn retries(&self) -> u32 {
        self.retries.load(Ordering::Relaxed)
    }

    /// Commands billed, as far as replies stated them: those of a lost reply are missing.
    pub fn commands(&self) -> u32 {
        self.commands.load(Ordering::Relaxed)
    }

    /// Time spent waiting for replies; the pauses before retries are not in it.
    pub fn waited(&self) -> Duration {
        Duration::from_micros(self.micros.load(Ordering::Relaxed))
    }

    /// Notes commands that were billed.
    pub(crate) fn add_commands(&self, count: u32) {
        self.commands.fetch_add(count, Ordering::Relaxed);
    }

    /// Notes that the next attempt repeats one that failed.
    pub(super) fn add_retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// Begins an attempt.
    pub(super) fn start_attempt(&self) -> Attempt<'_> {
        Attempt {
            usage: self,
            started: Instant::now(),
        }
    }
}

/// One attempt under way. Noted when dropped, so that one given up in the middle counts as well.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    usage: &'a Usage,
    started: Instant,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let micros = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.usage.requests.fetch_add(1, Ordering::Relaxed);
        self.usage.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_attempts_retries_and_commands() {
        let usage = Usage::default();
        drop(usage.start_attempt());
        usage.add_retry();
        drop(usage.start_attempt());
        usage.add_commands(3);
        usage.add_commands(4);
        assert_eq!((usage.requests(), usage.retries()), (2, 1));
        assert_eq!(usage.commands(), 7);
    }

    #[test]
    fn an_attempt_counts_when_it_has_ended() {
        let usage = Usage::default();
        let attempt = usage.start_attempt();
        assert_eq!(usage.requests(), 0);
        drop(attempt);
        assert_eq!(usage.requests(), 1);
    }
}
