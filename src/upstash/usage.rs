//! What one request to the service costs at Upstash, noted as it happens.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

tokio::task_local! {
    /// Where the calls of the task at hand are noted, if anywhere.
    static CURRENT: Arc<Usage>;
}

/// Requests to Upstash, counted over everything that runs inside [`Usage::of`].
#[derive(Debug, Default)]
pub struct Usage {
    requests: AtomicU32,
    retries: AtomicU32,
    commands: AtomicU32,
    micros: AtomicU64,
}

impl Usage {
    /// Runs `work` and notes in `usage` what it asks of Upstash. Tasks it spawns are on their own account.
    pub async fn of<F: Future>(usage: Arc<Self>, work: F) -> F::Output {
        CURRENT.scope(usage, work).await
    }

    /// Requests sent, retries included.
    pub fn requests(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }

    /// How many of them were repetitions of one that had failed.
    pub fn retries(&self) -> u32 {
        self.retries.load(Ordering::Relaxed)
    }

    /// Commands billed, as far as answers told: what ran for an answer that was lost is not in it.
    pub fn commands(&self) -> u32 {
        self.commands.load(Ordering::Relaxed)
    }

    /// Time spent waiting for answers; the pauses before retries are not in it.
    pub fn waited(&self) -> Duration {
        Duration::from_micros(self.micros.load(Ordering::Relaxed))
    }
}

/// One attempt under way. Noted when dropped, so that one given up in the middle counts as well.
#[derive(Debug)]
pub(super) struct Attempt(Instant);

impl Attempt {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        note(|usage| {
            let micros = u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX);
            usage.requests.fetch_add(1, Ordering::Relaxed);
            usage.micros.fetch_add(micros, Ordering::Relaxed);
        });
    }
}

/// Notes that the next attempt repeats one that failed.
pub(super) fn note_retry() {
    note(|usage| {
        usage.retries.fetch_add(1, Ordering::Relaxed);
    });
}

/// Notes commands that were billed.
pub(crate) fn note_commands(count: u32) {
    note(|usage| {
        usage.commands.fetch_add(count, Ordering::Relaxed);
    });
}

/// Outside of [`Usage::of`] nobody wants to know, which is no error.
fn note(change: impl FnOnce(&Usage)) {
    let _ = CURRENT.try_with(|usage| change(usage));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn counts_what_runs_inside_and_nothing_else() {
        let usage = Arc::new(Usage::default());
        drop(Attempt::start());
        let work = async {
            drop(Attempt::start());
            note_retry();
            drop(Attempt::start());
            note_commands(3);
            note_commands(4);
        };
        Usage::of(usage.clone(), work).await;
        note_retry();
        note_commands(1);
        assert_eq!((usage.requests(), usage.retries()), (2, 1));
        assert_eq!(usage.commands(), 7);
    }
}
