//! The profile of a user's day that costs are counted for: 3 starts of the app, 10 conversations opened, 60 messages in 30 turns, 8 hours
//! with the page seen half of the time.

/// The most commands that it may cost.
pub const ALLOWED: u64 = 466;

/// What the browser module makes of it on a device that has its conversations; `tests/it/module.rs` counts it.
pub const COUNTED: u64 = 390;
