//! How much CPU time the service takes, told apart from that of its database and its clients, which are in the same process.

use std::fs;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

/// A name of at most 15 bytes: that is what Linux keeps.
const NAME: &str = "service";

/// A runtime for the service alone.
pub struct ServiceRuntime(Runtime);

impl ServiceRuntime {
    pub fn start() -> Self {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().thread_name(NAME);
        // A thread that ends takes its count along.
        builder.thread_keep_alive(Duration::from_secs(86_400));
        Self(builder.build().unwrap())
    }

    /// What is spawned by `work` stays on the service's threads.
    pub fn run<F: Future>(&self, work: F) -> F::Output {
        self.0.block_on(work)
    }
}

/// The CPU time of all threads of the service so far; `None` but on Linux.
pub fn of_service() -> Option<Duration> {
    let mut total = None;
    for thread in fs::read_dir("/proc/self/task").ok()?.flatten() {
        let read = |file: &str| fs::read_to_string(thread.path().join(file)).ok();
        if read("comm").is_none_or(|name| name.trim_end() != NAME) {
            continue;
        }
        let nanos = read("schedstat")?.split(' ').next()?.parse().ok()?;
        *total.get_or_insert_default() += Duration::from_nanos(nanos);
    }
    total
}
