//! `/api/user`: statistics, and erasure without a trace.

mod erasure;
mod statistics;
mod usage;

use std::time::Duration;

const USER: &str = "/api/user";
const DAY: Duration = Duration::from_secs(86_400);
