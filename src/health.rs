//! Whether the database responds.

use std::time::Duration;

use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::model::Timestamp;
use crate::store::Store;
use crate::upstash::Usage;

/// How long the result of a check is reused.
const FRESH: Duration = Duration::from_secs(5);

/// The last check, kept per process: the route is open to anybody, and the database is billed by the command.
#[derive(Debug, Default)]
pub struct Health(Mutex<Option<Check>>);

/// What a check found.
#[derive(Clone, Debug)]
pub struct Check {
    /// How long the slowest database took to respond; or why one did not, in a text without secrets.
    pub result: Result<Duration, String>,
    /// When it was done.
    pub timestamp: Timestamp,
    /// The same by the monotonic clock.
    done: Duration,
}

impl Health {
    /// The last check if it is fresh, or a new one. Callers during a check wait for its result.
    pub async fn check(&self, store: &Store, clock: &Clock, usage: &Usage) -> Check {
        let mut last = self.0.lock().await;
        if let Some(check) = last.as_ref().filter(|check| check.is_fresh(clock)) {
            return check.clone();
        }
        let result = store.ping(usage).await.map_err(|error| error.to_string());
        let check = Check {
            result,
            timestamp: Timestamp::from_ms(clock.now_ms()),
            done: clock.elapsed(),
        };
        last.insert(check).clone()
    }
}

impl Check {
    fn is_fresh(&self, clock: &Clock) -> bool {
        clock.elapsed().saturating_sub(self.done) < FRESH
    }
}
