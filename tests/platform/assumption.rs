//! One assumption, checked on one platform, within a time limit and without leaving data behind.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;

/// The longest that a test may take, not counting deliberate waiting.
const LIMIT: Duration = Duration::from_secs(120);

/// The requests to each platform so far.
static TOTALS: Mutex<BTreeMap<(&'static str, &'static str), u64>> = Mutex::new(BTreeMap::new());

/// What assumptions are made of.
pub trait Platform {
    /// Its name in messages and in the lists of differences.
    fn name(&self) -> &'static str;

    /// What is counted: commands or requests.
    fn unit(&self) -> &'static str;

    /// How many of those there were.
    async fn used(&self) -> u64;

    /// Removes everything that a test made.
    async fn clean_up(&self);
}

/// An assumption of the service.
pub struct Assumption {
    pub name: &'static str,
    /// What in the service depends on it.
    pub depends: &'static str,
    /// Platforms on which it is known not to hold, and why.
    pub differences: &'static [(&'static str, &'static str)],
}

/// Whether `PLATFORM_LONG=1` asks for tests of several minutes.
pub fn is_long() -> bool {
    variable("PLATFORM_LONG").is_some_and(|value| value == "1")
}

/// An environment variable; an empty one counts as absent.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Runs a test, cleans up in any case, and on failure says what depends on the assumption.
pub async fn check<P: Platform>(
    platform: P,
    assumption: &Assumption,
    waits: Duration,
    test: impl AsyncFnOnce(&P),
) {
    let started = Instant::now();
    let outcome = bounded(LIMIT + waits, test(&platform)).await;
    let cleaned = bounded(LIMIT, platform.clean_up()).await;
    let summary = summary(&platform, started).await;
    let (name, at) = (assumption.name, platform.name());
    let known = assumption
        .differences
        .iter()
        .find(|(at, _)| *at == platform.name());
    match (outcome, known) {
        (Ok(()), None) => println!("platform: {at}: {name}: holds ({summary})"),
        (Err(_), Some((_, why))) => println!("platform: {at}: {name}: known not to hold: {why}"),
        (Ok(()), Some((_, why))) => {
            panic!("{name} holds on {at}, although the list of tests says that it does not: {why}")
        }
        (Err(problem), None) => panic!(
            "{name} does not hold on {at} ({summary}).\n{problem}\nWhat depends on it: {}",
            assumption.depends
        ),
    }
    if let Err(problem) = cleaned {
        panic!("{name} on {at}: what the test made could not be removed: {problem}");
    }
}

/// How it ended: the text of a panic, or that it took too long.
async fn bounded(limit: Duration, work: impl Future<Output = ()>) -> Result<(), String> {
    let work = AssertUnwindSafe(work).catch_unwind();
    match tokio::time::timeout(limit, work).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(panic)) => Err(text_of(panic.as_ref())),
        Err(_) => Err(format!("It took more than {} s.", limit.as_secs())),
    }
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

/// What the test took, and all tests on this platform so far.
async fn summary<P: Platform>(platform: &P, started: Instant) -> String {
    let (used, unit) = (platform.used().await, platform.unit());
    let mut totals = TOTALS.lock().unwrap_or_else(PoisonError::into_inner);
    let total = totals.entry((platform.name(), unit)).or_default();
    *total += used;
    let seconds = started.elapsed().as_secs_f64();
    format!("{used} {unit}, {total} so far in all, {seconds:.1} s")
}
