//! Small histories of one conversation, linearizable and not.

use super::super::checker::violation;
use super::super::history::{Event, History};
use super::super::tree::{Message, Parent};
use super::*;

fn history(calls: &[(Call, u64, u64)]) -> History<Call> {
    let event = |(operation, invoked, answered): &(Call, u64, u64)| Event {
        client: "client".to_owned(),
        operation: operation.clone(),
        invoked: *invoked,
        answered: Some(*answered),
        attempts: 1,
        gave_up: false,
    };
    History {
        events: calls.iter().map(event).collect(),
        pauses: vec![],
    }
}

fn message(id: &str) -> Message {
    let line = Line {
        id: id.to_owned(),
        content: format!("text of {id}"),
        parts: None,
        tokens: 2,
    };
    Message { line, timestamp: 1 }
}

fn shown(revision: u64, ids: &[&str]) -> Told {
    let lines: Vec<Line> = ids.iter().map(|id| message(id).line).collect();
    let shown = Shown {
        revision: Some(revision),
        etag: Some(format!("tag {revision}")),
        title: "title".to_owned(),
        count: ids.len(),
        tokens: Some(2 * ids.len() as u64),
        head: Some(ids.last().map(|id| (*id).to_owned())),
        page: Some(Page::path(lines)),
    };
    Told::Done(shown, None)
}

fn write(by: Party, write: Write, told: Told) -> Call {
    let if_match = None;
    Call::Write {
        by,
        write,
        if_match,
        told,
    }
}

fn create(by: Party) -> Call {
    let create = Write::Create("title".to_owned(), vec![message("a")]);
    write(by, create, shown(1, &["a"]))
}

fn append(id: &str, told: Told) -> Call {
    write(
        Party::Account,
        Write::Append(vec![message(id)], Parent::Head),
        told,
    )
}

fn read(by: Party, told: Told) -> Call {
    Call::Read { by, told }
}

#[test]
fn a_repeated_save_that_undoes_an_append_is_found() {
    let save = Write::Save("title".to_owned(), vec![message("b")]);
    let save = write(Party::Account, save, shown(2, &["b"]));
    let calls = |last: &[&str]| {
        history(&[
            (create(Party::Account), 1, 2),
            (save.clone(), 3, 10),
            (append("c", shown(3, &["b", "c"])), 5, 6),
            (read(Party::Account, shown(3, last)), 11, 12),
        ])
    };
    assert_eq!(violation(&calls(&["b", "c"])), None);
    assert!(violation(&calls(&["b"])).is_some());
}

#[test]
fn two_states_with_one_revision_are_found() {
    let calls = |revision| {
        history(&[
            (create(Party::Account), 1, 2),
            (append("b", shown(revision, &["a", "b"])), 3, 4),
        ])
    };
    assert_eq!(violation(&calls(2)), None);
    assert!(violation(&calls(1)).is_some());
}

#[test]
fn a_conditional_write_requires_the_current_state() {
    let conditional = |etag: &str, told| Call::Write {
        by: Party::Account,
        write: Write::Append(vec![message("c")], Parent::Head),
        if_match: Some(etag.to_owned()),
        told,
    };
    let calls = |last| {
        history(&[
            (create(Party::Account), 1, 2),
            (append("b", shown(2, &["a", "b"])), 3, 4),
            (last, 5, 6),
        ])
    };
    assert_eq!(violation(&calls(conditional("tag 1", Told::Stale))), None);
    assert!(violation(&calls(conditional("tag 2", Told::Stale))).is_some());
    let done = shown(3, &["a", "b", "c"]);
    assert_eq!(violation(&calls(conditional("tag 2", done.clone()))), None);
    assert!(violation(&calls(conditional("tag 1", done))).is_some());
}

#[test]
fn a_deleted_conversation_stays_so_until_an_erasure() {
    let delete = write(Party::Account, Write::Delete, Told::Deleted);
    let calls = |between: Call| {
        history(&[
            (create(Party::Account), 1, 2),
            (delete.clone(), 3, 4),
            (between, 5, 6),
            (create(Party::Account), 7, 8),
        ])
    };
    assert_eq!(violation(&calls(Call::Erase)), None);
    assert!(violation(&calls(read(Party::Account, Told::Missing))).is_some());
}

#[test]
fn a_guests_writes_become_the_accounts() {
    let claimed = |last: Call| {
        history(&[
            (Call::Begin(Party::Guest), 0, 0),
            (create(Party::Guest), 1, 2),
            (read(Party::Account, Told::Missing), 3, 4),
            (Call::Void, 5, 6),
            (Call::Move, 5, 6),
            (last, 7, 8),
        ])
    };
    let shown = shown(1, &["a"]);
    let Told::Done(mut moved, none) = shown.clone() else {
        panic!("it is shown");
    };
    moved.etag = Some("a tag of another user".to_owned());
    let moved = Told::Done(moved, none);
    assert_eq!(violation(&claimed(read(Party::Account, moved))), None);
    assert!(
        violation(&claimed(read(Party::Account, shown.clone()))).is_some(),
        "a tag is of one user"
    );
    assert_eq!(
        violation(&claimed(read(Party::Guest, Told::SignedOut))),
        None
    );
    assert!(violation(&claimed(read(Party::Account, Told::Missing))).is_some());
    assert!(violation(&claimed(read(Party::Guest, shown))).is_some());
}

#[path = "branch_tests.rs"]
mod branches;
