//! Waiting for what is to come.

use std::time::Duration;

use tokio::time::{sleep, timeout};

/// How long a test waits.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The longest pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Waits until a condition holds.
///
/// # Panics
/// Where that takes too long, with `what` was waited for.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        let mut pause = Duration::from_millis(1);
        while !holds().await {
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE);
        }
    };
    let is_there = timeout(PATIENCE, wait).await.is_ok();
    assert!(is_there, "{what}: not within {} s", PATIENCE.as_secs());
}
