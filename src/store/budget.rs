//! What the whole deployment may spend on commands in a day (UTC).
//!
//! Each instance counts separately and reports every [`BATCH`] commands, so the known sum is too low by at most that much
//! per instance and database.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::error::PausedCalls;

/// After how many commands an instance adds up.
pub(super) const BATCH: u64 = 500;

/// Of the budget, in percent: from when on which calls are refused.
const NEWCOMERS_PERCENT: u64 = 80;
const WRITES_PERCENT: u64 = 90;

/// See the module.
#[derive(Debug)]
pub(super) struct Budget {
    /// Commands a day; `None` where there is no limit.
    daily: Option<u64>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    day: i64,
    /// By database.
    counts: Vec<Count>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// By all instances; `None` where that is not known yet.
    total: Option<u64>,
    /// By this one, not yet added up.
    pending: u64,
}

impl Budget {
    pub(super) fn new(daily: Option<u64>, databases: usize) -> Self {
        let counts = vec![Count::default(); databases];
        let state = Mutex::new(State { day: 0, counts });
        Self { daily, state }
    }

    /// Notes commands that were billed.
    pub(super) fn add(&self, database: usize, day: i64, commands: u64) {
        if self.daily.is_some() {
            let mut state = self.on_day(day);
            if let Some(count) = state.counts.get_mut(database) {
                count.pending = count.pending.saturating_add(commands);
            }
        }
    }

    /// What is to be reported now, if anything: the first call of a day reads the sum of the others.
    pub(super) fn due(&self, database: usize, day: i64) -> Option<u64> {
        self.daily?;
        let mut state = self.on_day(day);
        let count = state.counts.get_mut(database)?;
        let is_due = count.total.is_none() || count.pending >= BATCH;
        is_due.then(|| std::mem::take(&mut count.pending))
    }

    /// Notes what all have spent; `None` where that could not be learned: then `sent` is tried again.
    pub(super) fn note(&self, database: usize, day: i64, sent: u64, total: Option<u64>) {
        let mut state = self.on_day(day);
        if let Some(count) = state.counts.get_mut(database) {
            match total {
                Some(total) => count.total = Some(total),
                None => count.pending = count.pending.saturating_add(sent),
            }
        }
    }

    /// Which calls are refused by now, these and all before them.
    pub(super) fn paused(&self, day: i64) -> Option<PausedCalls> {
        let daily = self.daily?;
        let state = self.on_day(day);
        let spent: u64 = state
            .counts
            .iter()
            .map(|count| count.total.unwrap_or(0).saturating_add(count.pending))
            .sum();
        let is_past = |percent: u64| spent >= daily.saturating_mul(percent) / 100;
        if is_past(100) {
            Some(PausedCalls::Reads)
        } else if is_past(WRITES_PERCENT) {
            Some(PausedCalls::Writes)
        } else if is_past(NEWCOMERS_PERCENT) {
            Some(PausedCalls::Newcomers)
        } else {
            None
        }
    }

    fn on_day(&self, day: i64) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.day != day {
            state.day = day;
            state.counts.fill(Count::default());
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newcomers_are_refused_first_and_readers_last() {
        let budget = Budget::new(Some(1_000), 2);
        let spend = |commands| {
            budget.add(1, 5, commands);
            budget.paused(5)
        };
        assert_eq!(spend(799), None);
        assert_eq!(spend(1), Some(PausedCalls::Newcomers));
        assert_eq!(spend(100), Some(PausedCalls::Writes));
        assert_eq!(spend(100), Some(PausedCalls::Reads));
        assert_eq!(budget.paused(6), None, "another day");
    }

    #[test]
    fn what_is_added_up_comes_in_batches_and_once() {
        let budget = Budget::new(Some(10_000), 1);
        budget.add(0, 5, 3);
        assert_eq!(budget.due(0, 5), Some(3), "the first of a day asks");
        budget.note(0, 5, 3, None);
        assert_eq!(budget.due(0, 5), Some(3), "it was not learned");
        budget.note(0, 5, 3, Some(9_100));
        assert_eq!(budget.paused(5), Some(PausedCalls::Writes));
        budget.add(0, 5, BATCH - 1);
        assert_eq!(budget.due(0, 5), None);
        budget.add(0, 5, 1);
        assert_eq!(budget.due(0, 5), Some(BATCH));
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let budget = Budget::new(None, 1);
        budget.add(0, 5, 1_000_000);
        assert_eq!((budget.due(0, 5), budget.paused(5)), (None, None));
    }
}
