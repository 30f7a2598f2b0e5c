//! The engine's clock, which tests can stop and move.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The system's time or the time it was stopped at, plus the shift.
#[derive(Default)]
pub(super) struct Clock {
    stopped_at: Option<Duration>,
    ahead: Duration,
}

impl Clock {
    /// Microseconds since the Unix epoch.
    pub(super) fn now_us(&self) -> i64 {
        let running = || SystemTime::now().duration_since(UNIX_EPOCH);
        let since_epoch = self
            .stopped_at
            .unwrap_or_else(|| running().unwrap_or_default())
            .saturating_add(self.ahead);
        i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)
    }

    pub(super) fn stop_at(&mut self, time: Duration) {
        self.stopped_at = Some(time);
    }

    pub(super) fn advance(&mut self, by: Duration) {
        self.ahead = self.ahead.saturating_add(by);
    }
}
