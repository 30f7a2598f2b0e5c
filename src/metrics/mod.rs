//! The service's key metrics, added up in Redis for all instances of the service.
//!
//! An instance notes what it sees, and passes it on in batches, each with a request to Upstash that is made
//! anyway: three commands per batch, and no batch of less than three calls. So metrics cost at most one
//! command per call, a fifth of one under load, and no request at all. What an instance has not passed on
//! when it is retired is lost: fewer than 16 calls, or the last 15 seconds.

mod batch;
mod observation;
mod report;
mod text;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use batch::Batch;
pub use observation::Observation;
pub use report::{ClientReport, MOST_REPORTED, MOST_REPORTED_ERRORS};
pub use text::{Gauges, exposition};

use crate::clock::Clock;

/// A batch of so many calls is passed on.
const FULL: u32 = 16;
/// One of so many is passed on when it is [`OLD`]: fewer would make a command per call too many.
const ENOUGH: u32 = 3;
const OLD: Duration = Duration::from_secs(15);

/// What this instance has counted and not yet sent.
#[derive(Debug)]
pub struct Metrics {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    current: Batch,
    /// A batch on its way, or one never confirmed: it is sent again under its name.
    pending: Option<PendingBatch>,
    is_under_way: bool,
    /// Whether the database holds the script that adds batches, as far as we know.
    is_script_known: bool,
}

#[derive(Clone, Debug)]
struct PendingBatch {
    name: String,
    /// The database it was first sent to: only there a repeat is recognised.
    database: usize,
    words: Vec<String>,
}

impl Metrics {
    /// Begins with nothing.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            state: Mutex::default(),
        }
    }

    /// Notes a call and its response.
    pub fn observe(&self, observation: &Observation) {
        let now = self.clock.elapsed();
        let mut state = self.lock();
        observation.add_to(&mut state.current);
        state.current.count_call(now);
    }

    /// Notes what a client reports.
    pub fn report(&self, report: &ClientReport) {
        report.add_to(&mut self.lock().current);
    }

    /// Notes that so many messages were stored, with so many bytes, in a conversation that has `total` now.
    pub fn count_messages(&self, messages: usize, bytes: usize, total: u64) {
        let mut state = self.lock();
        state.current.add("messages_total", messages as u64);
        state.current.add("message_bytes_total", bytes as u64);
        state.current.observe(
            "conversation_messages",
            "",
            &observation::CONVERSATION,
            total,
        );
    }

    /// Notes that something happened, such as `users_total` or `conversations_total{event="created"}`.
    pub fn count(&self, series: &str, times: u64) {
        self.lock().current.add(series, times);
    }

    /// A batch to be passed on to this database now, where one is due; any, however small, where it is
    /// `wanted`.
    pub fn due(&self, database: usize, wanted: bool) -> Option<Delivery<'_>> {
        let now = self.clock.elapsed();
        let mut state = self.lock();
        if state.is_under_way {
            return None;
        }
        if state.pending.is_none() && state.current.is_due(now, wanted) {
            let words = std::mem::take(&mut state.current).into_words();
            let name = format!("{:016x}", fastrand::u64(..));
            state.pending = Some(PendingBatch {
                name,
                database,
                words,
            });
        }
        let is_here = |batch: &&PendingBatch| batch.database == database;
        let batch = state.pending.as_ref().filter(is_here)?.clone();
        state.is_under_way = true;
        let is_script_known = std::mem::take(&mut state.is_script_known);
        Some(Delivery {
            metrics: self,
            batch,
            is_script_known,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A batch on its way. Dropped without having arrived, it is sent again with the next one that is due.
#[derive(Debug)]
pub struct Delivery<'a> {
    metrics: &'a Metrics,
    batch: PendingBatch,
    is_script_known: bool,
}

impl Delivery<'_> {
    /// The name by which it is recognised when it is sent again.
    pub fn name(&self) -> &str {
        &self.batch.name
    }

    /// Series, number, series, number...
    pub fn words(&self) -> &[String] {
        &self.batch.words
    }

    /// Whether the last batch has arrived, and so the script that takes them is there.
    pub fn is_script_known(&self) -> bool {
        self.is_script_known
    }

    /// It has arrived.
    pub fn confirm(self) {
        let mut state = self.metrics.lock();
        state.pending = None;
        state.is_script_known = true;
    }
}

impl Drop for Delivery<'_> {
    fn drop(&mut self) {
        self.metrics.lock().is_under_way = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics() -> (Metrics, Clock) {
        let clock = Clock::default();
        (Metrics::new(clock.clone()), clock)
    }

    fn observe(metrics: &Metrics, times: u32) {
        for _ in 0..times {
            metrics.observe(&Observation::default());
        }
    }

    #[test]
    fn a_batch_is_due_when_it_is_full_or_old() {
        let (metrics, clock) = metrics();
        observe(&metrics, FULL - 1);
        assert!(metrics.due(0, false).is_none());
        observe(&metrics, 1);
        metrics.due(0, false).unwrap().confirm();
        observe(&metrics, ENOUGH - 1);
        clock.advance(OLD);
        assert!(metrics.due(0, false).is_none());
        observe(&metrics, 1);
        assert!(metrics.due(0, false).is_some());
    }

    #[test]
    fn nothing_is_due_where_nothing_was_seen() {
        let (metrics, _) = metrics();
        assert!(metrics.due(0, true).is_none());
        observe(&metrics, 1);
        assert!(metrics.due(0, true).is_some());
    }

    #[test]
    fn one_that_did_not_arrive_is_sent_again_under_its_name() {
        let (metrics, _) = metrics();
        observe(&metrics, FULL);
        let first = metrics.due(0, false).unwrap();
        observe(&metrics, FULL);
        assert!(metrics.due(0, true).is_none(), "one at a time");
        let (name, words) = (first.name().to_owned(), first.words().to_owned());
        drop(first);
        assert!(
            metrics.due(1, true).is_none(),
            "where it may have arrived already"
        );
        let again = metrics.due(0, false).unwrap();
        assert_eq!(
            (again.name(), again.words()),
            (name.as_str(), words.as_slice())
        );
        again.confirm();
        assert_ne!(metrics.due(0, false).unwrap().name(), name);
    }
}
