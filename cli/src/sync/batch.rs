//! Sessions that share a request: most have little that is new.

use std::collections::HashSet;
use std::sync::Arc;

use super::Syncer;
use super::session::{Session, SessionReport, Step};
use crate::api::{Outcome, REQUEST_BYTES};
use crate::failure::Failure;

/// The most sessions of a request: each is an open file.
const SESSIONS: usize = 20;
/// A larger step gets its own request.
const SMALL: usize = 1_000_000;

/// Steps of several sessions.
#[derive(Debug, Default)]
pub struct Batch {
    steps: Vec<(Session, Step)>,
    ids: HashSet<String>,
    bytes: usize,
}

/// The outcome of each session of a batch.
pub type Results = Vec<(Session, Result<SessionReport, Failure>)>;

impl Batch {
    /// Whether a step may share a request at all.
    pub fn suits(step: &Step) -> bool {
        step.bodies.len() <= 1 && bytes(step) <= SMALL
    }

    /// Whether a step may share this one: no conversation may be in a request twice.
    pub fn admits(&self, step: &Step) -> bool {
        self.steps.len() < SESSIONS
            && self.bytes + bytes(step) + 2 <= REQUEST_BYTES
            && !step.ids.iter().any(|id| self.ids.contains(id))
    }

    pub fn push(&mut self, session: Session, step: Step) {
        self.bytes += bytes(&step);
        self.ids.extend(step.ids.iter().cloned());
        self.steps.push((session, step));
    }

    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Sends all of it.
    pub async fn send(self, syncer: &Arc<Syncer>) -> Results {
        let results = match self.body() {
            Some(body) => syncer.client.import_body(body).await,
            None => Ok(Vec::new()),
        };
        let mut results = results.map(Vec::into_iter);
        let steps = self.steps.into_iter().map(|(mut session, step)| {
            let report = match &mut results {
                Ok(results) => {
                    let own: Vec<_> = results.by_ref().take(step.ids.len()).collect();
                    session.confirm(syncer, step, Outcome::of(&own))
                }
                Err(failure) => Err(failure.clone()),
            };
            (session, report)
        });
        steps.collect()
    }

    /// One array of what is in several.
    fn body(&self) -> Option<String> {
        let bodies = self.steps.iter().flat_map(|(_, step)| &step.bodies);
        let items = bodies.filter_map(|body| body.strip_prefix('[')?.strip_suffix(']'));
        let items: Vec<&str> = items.collect();
        (!items.is_empty()).then(|| format!("[{}]", items.join(",")))
    }
}

fn bytes(step: &Step) -> usize {
    step.bodies.iter().map(String::len).sum()
}
