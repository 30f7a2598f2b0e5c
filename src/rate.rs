//! Rate limits: how many calls a window allows, counted in the same script that a call runs.

use std::time::Duration;

/// The length of a window.
pub const WINDOW: Duration = Duration::from_secs(60);

/// A caller's state in the current window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateStatus {
    /// Calls a window allows.
    pub limit: u64,
    /// Calls made in this window, this one included.
    pub used: u64,
    /// When the next window begins.
    pub reset: Duration,
}

impl RateStatus {
    /// Calls that are left in this window.
    pub fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    /// Seconds until the next window, rounded up.
    pub fn reset_seconds(&self) -> u64 {
        u64::try_from(self.reset.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX)
    }
}
