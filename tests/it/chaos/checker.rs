//! Whether one order of the operations on an object explains what every client was told.

use super::history::{History, Moment, Operation};
use super::search::{MOST_STATES, Verdict, search};

/// How much of a history is printed.
const MOST_LINES: usize = 25;

fn is_inexplicable<O: Operation>(history: &History<O>) -> bool {
    search(history) == Verdict::Inexplicable
}

/// Why a history fails, if it does: the smallest useful part that no order explains, in the order of invocation; or
/// that it is too large to decide.
pub fn violation<O: Operation>(history: &History<O>) -> Option<String> {
    match search(history) {
        Verdict::Explained => None,
        Verdict::Undecided => Some(format!(
            "too large to decide: {MOST_STATES} states were tried for {} operations; make the test smaller",
            history.events.len()
        )),
        Verdict::Inexplicable => {
            let shortest = shortest_prefix(history);
            Some(describe(&without_needless(shortest)))
        }
    }
}

/// Up to the response with which it became inexplicable.
fn shortest_prefix<O: Operation>(history: &History<O>) -> History<O> {
    let mut responses: Vec<Moment> = history.events.iter().filter_map(|e| e.answered).collect();
    responses.sort_unstable();
    let explained = responses.partition_point(|moment| !is_inexplicable(&history.until(*moment)));
    let last = responses.get(explained).copied().unwrap_or(Moment::MAX);
    history.until(last)
}

/// A history that cannot be explained without some of what changes nothing cannot be explained with it either.
fn without_needless<O: Operation>(mut history: History<O>) -> History<O> {
    let mut size = history.events.len().max(1).next_power_of_two();
    while size > 0 {
        let mut start = 0;
        while start < history.events.len() {
            let window = start..start + size;
            let mut smaller = history.clone();
            let mut index = 0;
            smaller.events.retain(|event| {
                index += 1;
                !window.contains(&(index - 1)) || !event.operation.changes_nothing()
            });
            if smaller.events.len() < history.events.len() && is_inexplicable(&smaller) {
                history = smaller;
            } else {
                start += size;
            }
        }
        size /= 2;
    }
    history
}

fn describe<O: Operation>(history: &History<O>) -> String {
    let mut events: Vec<_> = history.events.iter().collect();
    events.sort_by_key(|event| event.invoked);
    let left_out = events.len().saturating_sub(MOST_LINES);
    let mut lines = vec![format!("({left_out} earlier operations)")];
    for event in &events[left_out..] {
        let answered = event
            .answered
            .map_or("never".to_owned(), |at| at.to_string());
        lines.push(format!(
            "[{} to {answered}] {} ({} sent): {:?}",
            event.invoked, event.client, event.attempts, event.operation
        ));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::history::Event;
    use super::*;

    /// A counter that returns its value after each addition.
    #[derive(Clone, Debug)]
    enum Counter {
        Add { told: Option<u32> },
        Read(u32),
    }

    impl Operation for Counter {
        type State = u32;

        fn initial() -> u32 {
            0
        }

        fn apply(&self, state: &u32) -> Vec<u32> {
            match self {
                Self::Add { told: None } => vec![*state, state + 1],
                Self::Add { told: Some(told) } if *told == state + 1 => vec![*told],
                Self::Read(told) if told == state => vec![*told],
                _ => vec![],
            }
        }

        fn unanswered(&self) -> Option<Self> {
            matches!(self, Self::Add { .. }).then_some(Self::Add { told: None })
        }

        fn is_optional(&self) -> bool {
            matches!(self, Self::Add { told: None })
        }

        fn only_reads(&self) -> bool {
            self.changes_nothing()
        }

        fn changes_nothing(&self) -> bool {
            matches!(self, Self::Read(_))
        }
    }

    fn is_linearizable(history: &History<Counter>) -> bool {
        let verdict = search(history);
        assert_ne!(verdict, Verdict::Undecided);
        verdict == Verdict::Explained
    }

    fn history(
        events: &[(Counter, Moment, Option<Moment>)],
        pauses: &[Moment],
    ) -> History<Counter> {
        let event = |(operation, invoked, answered): &(Counter, Moment, Option<Moment>)| Event {
            client: "client".to_owned(),
            operation: operation.clone(),
            invoked: *invoked,
            answered: *answered,
            attempts: 1,
            gave_up: false,
        };
        History {
            events: events.iter().map(event).collect(),
            pauses: pauses.to_vec(),
        }
    }

    const LOST: Counter = Counter::Add { told: None };

    fn add(told: u32) -> Counter {
        Counter::Add { told: Some(told) }
    }

    #[test]
    fn operations_under_way_at_once_may_have_any_order() {
        let events = [
            (add(2), 1, Some(5)),
            (add(1), 2, Some(6)),
            (Counter::Read(2), 3, Some(7)),
        ];
        assert!(is_linearizable(&history(&events, &[])));
    }

    #[test]
    fn a_completed_call_precedes_later_ones() {
        let events = [(add(2), 1, Some(2)), (add(1), 3, Some(4))];
        assert!(!is_linearizable(&history(&events, &[])));
        let events = [(add(1), 1, Some(2)), (Counter::Read(0), 3, Some(4))];
        assert!(!is_linearizable(&history(&events, &[])));
    }

    #[test]
    fn a_call_without_response_takes_effect_at_most_once() {
        let read = |value, at| (Counter::Read(value), at, Some(at + 1));
        let late = [(LOST, 1, None), read(0, 2), read(1, 4)];
        assert!(is_linearizable(&history(&late, &[])));
        let never = [(LOST, 1, None), read(0, 2), read(0, 4)];
        assert!(is_linearizable(&history(&never, &[])));
        let undone = [(LOST, 1, None), read(1, 2), read(0, 4)];
        assert!(!is_linearizable(&history(&undone, &[])));
        let twice = [(LOST, 1, None), read(2, 2)];
        assert!(!is_linearizable(&history(&twice, &[])));
    }

    #[test]
    fn a_call_without_response_is_over_after_two_pauses() {
        let late = |pauses: &[Moment]| {
            let read = |value, at| (Counter::Read(value), at, Some(at + 1));
            is_linearizable(&history(
                &[(LOST, 1, None), read(0, 10), read(1, 20)],
                pauses,
            ))
        };
        assert!(late(&[5]));
        assert!(!late(&[5, 6]));
    }

    #[test]
    fn the_reported_history_ends_with_the_inexplicable_response() {
        let mut events = vec![(add(1), 1, Some(2))];
        events.extend((0..20).map(|i| (Counter::Read(1), 3 + 2 * i, Some(4 + 2 * i))));
        events.push((Counter::Read(7), 50, Some(60)));
        events.push((add(2), 61, Some(62)));
        let shown = violation(&history(&events, &[])).unwrap();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 3, "{shown}");
        assert!(
            lines[1].contains("Add") && lines[2].contains("Read(7)"),
            "{shown}"
        );
    }

    #[test]
    fn many_clients_at_once_are_checked_in_reasonable_time() {
        let mut events = Vec::new();
        for round in 0..50 {
            for client in 0..6 {
                let at = Moment::from(round * 20 + client);
                events.push((add(round * 6 + 6 - client), at, Some(at + 10)));
            }
        }
        assert!(is_linearizable(&history(&events, &[])));
        events.push((Counter::Read(0), 2000, Some(2001)));
        assert!(!is_linearizable(&history(&events, &[])));
    }

    #[test]
    fn an_undecidable_history_does_not_pass() {
        let mut events: Vec<_> = (0..30).map(|at| (LOST, at, None)).collect();
        events.push((Counter::Read(2), 40, Some(41)));
        assert!(is_linearizable(&history(&events, &[])));
        events.push((Counter::Read(1), 42, Some(43)));
        let shown = violation(&history(&events, &[])).unwrap();
        assert!(shown.starts_with("too large to decide"), "{shown}");
    }
}
