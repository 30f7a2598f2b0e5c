//! Time, as something a test can move.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The wall clock and a monotonic one, both of which can be moved ahead together.
#[derive(Clone, Debug)]
pub struct Clock {
    started: Instant,
    /// Where the wall clock stands still; `None` where it runs.
    stopped_at: Option<Duration>,
    ahead_ms: Arc<AtomicU64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            stopped_at: None,
            ahead_ms: Arc::default(),
        }
    }
}

impl Clock {
    /// A clock whose wall time stands still, `time` after the epoch, until it is moved ahead: what is
    /// written by it comes out the same each time.
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
        self.started.elapsed() + self.ahead()
    }

    /// Moves this clock and all its clones ahead, so that tests need not wait.
    pub fn advance(&self, by: Duration) {
        let ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.ahead_ms.fetch_add(ms, Ordering::Relaxed);
    }

    fn ahead(&self) -> Duration {
        Duration::from_millis(self.ahead_ms.load(Ordering::Relaxed))
    }
}
