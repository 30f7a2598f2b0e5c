//! The search for an order of operations that explains what every client was told.
//!
//! It follows the history from moment to moment. An operation takes effect when its response comes, or earlier where
//! that explains another one's response. One that may have happened or not is therefore left out for as long as
//! nothing shows that it happened, and concurrent operations are tried in different orders only where a response
//! depends on it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::history::{History, Moment, Operation};

/// How many states are tried before a history counts as too large. Usual ones take a few per operation.
pub const MOST_STATES: usize = 200_000;

/// What a search has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Explained,
    Inexplicable,
    /// Too many concurrent operations to try every order.
    Undecided,
}

/// What happens at a moment to the operation of this index.
#[derive(Clone, Copy)]
enum Step {
    Call(usize),
    Response(usize),
}

/// A beginning of the history that some order explains.
struct Beginning<S> {
    /// How much of the timeline has been processed.
    steps: usize,
    /// What is under way and has not taken effect, in the order of invocation.
    pending: Vec<usize>,
    state: S,
}

/// The longest beginning is tried first, of those the one in which the fewest operations took effect early, and of
/// those the oldest.
type Rank = (usize, usize, Reverse<usize>);

struct Search<'a, O: Operation> {
    operations: Vec<&'a O>,
    timeline: Vec<Step>,
    open: BTreeMap<Rank, Beginning<O::State>>,
    /// Hashes of all beginnings so far. Two with the same hash could only raise a false alarm.
    seen: HashSet<u64>,
}

/// Whether some order of the operations explains what was told.
pub fn search<O: Operation>(history: &History<O>) -> Verdict {
    let mut search = Search {
        operations: history.events.iter().map(|e| &e.operation).collect(),
        timeline: timeline(history),
        open: BTreeMap::new(),
        seen: HashSet::new(),
    };
    search.add(Beginning {
        steps: 0,
        pending: vec![],
        state: O::initial(),
    });
    while let Some((_, beginning)) = search.open.pop_last() {
        let Some(Step::Response(due)) = search.timeline.get(beginning.steps).copied() else {
            return Verdict::Explained;
        };
        if search.seen.len() > MOST_STATES {
            return Verdict::Undecided;
        }
        search.extend(&beginning, due);
    }
    Verdict::Inexplicable
}

/// Calls and responses in their order. At one and the same moment everything is under way at once.
fn timeline<O: Operation>(history: &History<O>) -> Vec<Step> {
    let mut steps: Vec<(Moment, bool, usize)> = Vec::new();
    for (index, event) in history.events.iter().enumerate() {
        steps.push((event.invoked, false, index));
        steps.push((event.end(&history.pauses), true, index));
    }
    steps.sort_unstable();
    let step = |(_, is_response, index)| match is_response {
        true => Step::Response(index),
        false => Step::Call(index),
    };
    steps.into_iter().map(step).collect()
}

impl<O: Operation> Search<'_, O> {
    /// Tries what may take effect next, before the response to `due`.
    fn extend(&mut self, beginning: &Beginning<O::State>, due: usize) {
        for &index in &beginning.pending {
            let operation = self.operations[index];
            for state in operation.apply(&beginning.state) {
                // What need not happen is left out until its end, where it can be no more.
                let is_left_out = operation.is_optional() && state == beginning.state;
                if is_left_out && index != due {
                    continue;
                }
                let mut pending = beginning.pending.clone();
                pending.retain(|other| *other != index);
                let steps = beginning.steps;
                self.add(Beginning {
                    steps,
                    pending,
                    state,
                });
            }
        }
    }

    /// Goes on until the response to an operation that has not taken effect.
    fn add(&mut self, mut beginning: Beginning<O::State>) {
        let Beginning {
            steps,
            pending,
            state,
        } = &mut beginning;
        pending.retain(|index| !self.is_explained(*index, state));
        while let Some(step) = self.timeline.get(*steps) {
            match step {
                Step::Call(index) if self.is_explained(*index, state) => {}
                Step::Call(index) => pending.push(*index),
                Step::Response(index) if pending.contains(index) => break,
                Step::Response(_) => {}
            }
            *steps += 1;
        }
        let mut hasher = DefaultHasher::new();
        (*steps, &*pending, &*state).hash(&mut hasher);
        if self.seen.insert(hasher.finish()) {
            let rank = (*steps, pending.len(), Reverse(self.seen.len()));
            self.open.insert(rank, beginning);
        }
    }

    /// Whether this is a read that fits here and tells nothing new: no order is lost if it takes effect here. It may
    /// fit later too, but what it shows then is of the same version, and known.
    fn is_explained(&self, index: usize, state: &O::State) -> bool {
        let operation = self.operations[index];
        operation.only_reads() && operation.apply(state) == [state.clone()]
    }
}
