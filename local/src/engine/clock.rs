//! The engine's clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The system's time plus whatever it was moved by.
#[derive(Default)]
pub(super) struct Clock {
    ahead: Duration,
}

impl Clock {
    /// Microseconds since the Unix epoch.
    pub(super) fn now_us(&self) -> i64 {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .saturating_add(self.ahead);
        i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)
    }

    pub(super) fn advance(&mut self, by: Duration) {
        self.ahead = self.ahead.saturating_add(by);
    }
}
