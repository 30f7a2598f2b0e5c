//! Requests, their outcomes, and when they happened.

use std::fmt::Debug;

/// A point in the order in which the test saw things happen.
pub type Moment = u64;

/// An operation of a client on one object, together with its outcome.
pub trait Operation: Clone + Debug {
    /// The state of the object in the model.
    type State: Clone + Debug + Ord + std::hash::Hash;

    /// The state before the first operation.
    fn initial() -> Self::State;

    /// The states that this operation may leave behind if it takes effect in `state`; none where what the client
    /// was told cannot be explained.
    fn apply(&self, state: &Self::State) -> Vec<Self::State>;

    /// The same without a response: it may have happened, or not. `None` where it would change nothing.
    fn unanswered(&self) -> Option<Self>;

    /// Whether it may not have happened.
    fn is_optional(&self) -> bool;

    /// Whether it leaves every state as it is, except for what is known of it.
    fn only_reads(&self) -> bool;

    /// Whether the others are explained as well without it, as without most reads and without refused writes.
    fn changes_nothing(&self) -> bool;
}

/// One operation of one client.
#[derive(Clone, Debug)]
pub struct Event<O> {
    pub client: String,
    pub operation: O,
    /// Before the first attempt was sent.
    pub invoked: Moment,
    /// After the last attempt was answered; `None` if none was.
    pub answered: Option<Moment>,
    /// How often it was sent.
    pub attempts: usize,
    /// Whether its client gave up an attempt, which may come later than the response to another.
    pub gave_up: bool,
}

impl<O> Event<O> {
    /// Until when it may have taken effect. An operation without a response is over after the second pause: the first
    /// may have begun before the store had finished it.
    pub fn end(&self, pauses: &[Moment]) -> Moment {
        let mut later = pauses.iter().filter(|pause| **pause > self.invoked);
        let end = self.answered.or_else(|| later.nth(1).copied());
        end.unwrap_or(Moment::MAX)
    }

    /// The same of another object.
    pub fn map<P>(&self, operation: P) -> Event<P> {
        Event {
            client: self.client.clone(),
            operation,
            invoked: self.invoked,
            answered: self.answered,
            attempts: self.attempts,
            gave_up: self.gave_up,
        }
    }
}

/// The operations on one object.
#[derive(Clone, Debug)]
pub struct History<O> {
    pub events: Vec<Event<O>>,
    /// Moments at which no request was under way anywhere.
    pub pauses: Vec<Moment>,
}

impl<O: Operation> History<O> {
    /// What was known at `moment`: operations not answered by then may have happened or not.
    pub fn until(&self, moment: Moment) -> Self {
        let begun = self.events.iter().filter(|event| event.invoked <= moment);
        let known = begun.filter_map(|event| match event.answered {
            Some(answered) if answered > moment => {
                let mut unanswered = event.map(event.operation.unanswered()?);
                unanswered.answered = None;
                Some(unanswered)
            }
            _ => Some(event.clone()),
        });
        Self {
            events: known.collect(),
            pauses: self.pauses.clone(),
        }
    }
}
