//! The service, machines with the program on them, and sessions of Claude Code.

mod fixtures;
mod gate;
mod machine;
mod service;
mod sessions;

pub use fixtures::fixtures;
pub use gate::Mode;
pub use machine::Machine;
pub use service::Service;
pub use sessions::{Exported, converted, line, lines, with};

use std::time::Duration;

use tokio::time::{sleep, timeout};

/// How long a test waits for something that is to come.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until a condition holds, and fails if that takes too long.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, wait)
        .await
        .unwrap_or_else(|_| panic!("{what}: not within two minutes"));
}
