//! Time, as something a test can move.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The wall clock and a monotonic one, both of which can be moved ahead together.
#[derive(Clone, Debug)]
pub struct Clock {
    started: Instant,
    /// The time at which the wall clock stands still; `None` if it runs.
    stopped_at: Option<Duration>,
    ahead_ms: Arc<AtomicU64>,
    /// What `elapsed` is ahead of the wall time's own shift.
    elapsed_ahead_ms: Arc<AtomicU64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            stopped_at: None,
            ahead_ms: Arc::default(),
            elapsed_ahead_ms: Arc::default(),
        }
    }
}

impl Clock {
    /// A clock whose wall time stands still, `time` after the epoch, until it is moved ahead, so that results are
    /// reproducible.
    pub fn stopped_at(time: Duration) -> Self {
        Self {
            stopped_at: Some(time),
            ..Self::default()
        }
    }

    /// Milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        let running = || SystemTime::now().duration_since(UNIX_EPOCH);
        let wall = self
            .stopped_at
            .unwrap_or_else(|| running().unwrap_or_default());
        i64::try_from((wall + self.ahead()).as_millis()).unwrap_or(i64::MAX)
    }

    /// Time since this clock was made; never runs backwards.
    pub fn elapsed(&self) -> Duration {
        let ahead_ms = self.elapsed_ahead_ms.load(Ordering::Relaxed);
        self.started.elapsed() + self.ahead() + Duration::from_millis(ahead_ms)
    }

    /// Moves this clock and all its clones ahead, so that tests need not wait.
    pub fn advance(&self, by: Duration) {
        self.ahead_ms.fetch_add(whole_ms(by), Ordering::Relaxed);
    }

    /// Moves only `elapsed` ahead: an open circuit closes, while the wall time stays that of a real Redis.
    pub fn advance_elapsed(&self, by: Duration) {
        self.elapsed_ahead_ms
            .fetch_add(whole_ms(by), Ordering::Relaxed);
    }

    fn ahead(&self) -> Duration {
        Duration::from_millis(self.ahead_ms.load(Ordering::Relaxed))
    }
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
