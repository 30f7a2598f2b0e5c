//! Small histories of a conversation with branches and parts, linearizable and not.

use super::super::super::checker::violation;
use super::super::super::history::History;
use super::super::super::tree::Parent;
use super::*;

/// As `shown`, with the tokens of all messages and the siblings of each message on the path.
fn of_tree(revision: u64, path: &[&str], tokens: u64, families: &[&[&str]]) -> Shown {
    let Told::Done(mut shown, _) = shown(revision, path) else {
        unreachable!("it is shown");
    };
    shown.tokens = Some(tokens);
    if let Some(Page::Newest { siblings, .. }) = &mut shown.page {
        let family = |ids: &&[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        *siblings = Some(families.iter().map(family).collect());
    }
    shown
}

fn done(shown: Shown) -> Told {
    Told::Done(shown, None)
}

fn by_account(what: Write, told: Told) -> Call {
    write(Party::Account, what, told)
}

/// A question with two replies, the second of them on the path, followed by further operations.
fn branched(last: Call) -> History<Call> {
    let other = Write::Append(vec![message("c")], Parent::Message("a".to_owned()));
    let told = done(of_tree(3, &["a", "c"], 6, &[&[], &["b", "c"]]));
    history(&[
        (create(Party::Account), 1, 2),
        (append("b", shown(2, &["a", "b"])), 3, 4),
        (by_account(other, told), 5, 6),
        (last, 7, 8),
    ])
}

#[test]
fn a_switch_that_loses_a_message_is_found() {
    let switch = |head: &str, told| branched(by_account(Write::Switch(head.to_owned()), told));
    let to_b = |path: &[&str], tokens, families: &[&[&str]]| {
        switch("b", done(of_tree(4, path, tokens, families)))
    };
    assert_eq!(violation(&to_b(&["a", "b"], 6, &[&[], &["b", "c"]])), None);
    assert!(violation(&to_b(&["a"], 6, &[&[]])).is_some());
    assert!(violation(&to_b(&["a", "b"], 4, &[&[], &[]])).is_some());
    assert_eq!(violation(&switch("x", Told::NoMessage)), None);
    assert!(violation(&switch("b", Told::NoMessage)).is_some());
}

#[test]
fn siblings_have_the_order_in_which_they_came() {
    let read = |family: &[&str]| {
        let told = done(of_tree(3, &["a", "c"], 6, &[&[], family]));
        branched(read(Party::Account, told))
    };
    assert_eq!(violation(&read(&["b", "c"])), None);
    for wrong in [&["c", "b"][..], &["c"], &[]] {
        assert!(violation(&read(wrong)).is_some());
    }
}

#[test]
fn every_branch_is_read_with_its_parents() {
    let read = |nodes: &[(&str, Option<&str>)]| {
        let node =
            |(id, parent): &(&str, Option<&str>)| (message(id).line, parent.map(str::to_owned));
        let page = Page::Branches(nodes.iter().map(node).collect());
        branched(read(Party::Account, Told::Branches(Some(3), None, page)))
    };
    let (a, b, c) = (("a", None), ("b", Some("a")), ("c", Some("a")));
    assert_eq!(violation(&read(&[a, b, c])), None);
    for wrong in [&[a, c, b][..], &[a, b], &[a, b, ("c", Some("b"))]] {
        assert!(violation(&read(wrong)).is_some());
    }
}

#[test]
fn a_deletion_with_what_follows_spares_other_branches() {
    let remove = |ids: &[&str], path: &[&str], tokens| {
        let families = vec![&[][..]; path.len()];
        let told = of_tree(4, path, tokens, &families);
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        let remove = Write::Remove {
            message: "c".to_owned(),
            and_after: true,
        };
        branched(by_account(remove, Told::Done(told, Some(ids))))
    };
    assert_eq!(violation(&remove(&["c"], &["a"], 4)), None);
    assert!(violation(&remove(&["b", "c"], &["a"], 2)).is_some());
    assert!(violation(&remove(&["c"], &["a", "b"], 4)).is_some());
}

#[test]
fn a_fork_has_the_path_of_its_moment() {
    let fork = |at: Option<&str>, ids: &[&str]| {
        let lines = ids.iter().map(|id| message(id).line).collect();
        branched(Call::Fork {
            message: at.map(str::to_owned),
            told: Told::Forked("title".to_owned(), lines),
        })
    };
    assert_eq!(violation(&fork(None, &["a", "c"])), None);
    assert_eq!(violation(&fork(Some("b"), &["a", "b"])), None);
    assert!(violation(&fork(Some("b"), &["a", "c"])).is_some());
    assert!(violation(&fork(None, &["a", "b", "c"])).is_some());
}

#[test]
fn parts_that_are_lost_are_found() {
    let mut sent = message("c");
    sent.line.parts = Some("[]".to_owned());
    let put = |told_line: &Line| {
        let mut told = of_tree(4, &["a", "c"], 6, &[&[], &["b", "c"]]);
        if let Some(Page::Newest { lines, .. }) = &mut told.page {
            lines[1] = told_line.clone();
        }
        branched(by_account(Write::Put(sent.clone()), done(told)))
    };
    assert_eq!(violation(&put(&sent.line)), None);
    assert!(violation(&put(&message("c").line)).is_some());
}

#[test]
fn a_repeated_append_is_recognised() {
    let again = |revision, path: &[&str]| {
        let append = Write::Append(vec![message("c")], Parent::Message("a".to_owned()));
        let families = [&[][..], &["b", "c"], &[]];
        let told = of_tree(revision, path, 6, &families[..path.len()]);
        branched(by_account(append, done(told)))
    };
    assert_eq!(violation(&again(3, &["a", "c"])), None);
    assert!(violation(&again(4, &["a", "c"])).is_some());
    assert!(violation(&again(3, &["a", "c", "c"])).is_some());
}
