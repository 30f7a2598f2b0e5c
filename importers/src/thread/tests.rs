//! What all formats have in common.

use super::*;

fn node(key: &str, parent: Link) -> Node {
    let mut node = Node::new(key.into(), parent, Role::User, "x");
    node.parts = Some(vec![Part::Text(key.into())]);
    node
}

fn to(key: &str) -> Link {
    Link::To(key.into())
}

fn built(thread: Thread) -> (Conversation, ConversationReport) {
    let mut report = ConversationReport::default();
    let conversation = build(thread, 1_000_000, &mut Earlier::default(), &mut report);
    (conversation.unwrap(), report)
}

fn links(conversation: &Conversation) -> Vec<(&str, Option<&str>)> {
    let messages = conversation.messages.iter();
    messages
        .map(|message| (&*message.id, message.parent_id.as_deref()))
        .collect()
}

#[test]
fn hidden_nodes_link_what_follows_them() {
    let mut hidden = node("b", to("a"));
    hidden.parts = None;
    let nodes = vec![
        node("c", to("b")),
        node("a", Link::Root),
        hidden,
        node("d", to("b")),
    ];
    let thread = Thread {
        nodes,
        head: Some("b".into()),
        ..Thread::default()
    };
    let (conversation, _) = built(thread);
    assert_eq!(
        links(&conversation),
        [("a", None), ("c", Some("a")), ("d", Some("a"))]
    );
    assert_eq!(conversation.head_id.as_deref(), Some("a"));
}

#[test]
fn a_circle_is_cut() {
    let nodes = vec![
        node("a", to("c")),
        node("b", to("a")),
        node("c", to("b")),
        node("d", to("d")),
    ];
    let (conversation, report) = built(Thread {
        nodes,
        ..Thread::default()
    });
    let expected = [("b", None), ("c", Some("b")), ("a", Some("c")), ("d", None)];
    assert_eq!(links(&conversation), expected);
    assert_eq!(report.missing_parents, 2);
}

#[test]
fn the_head_hangs_together_with_a_beginning() {
    let nodes = || {
        vec![
            node("a", Link::Root),
            node("b", to("a")),
            node("c", to("gone")),
        ]
    };
    let (conversation, _) = built(Thread {
        nodes: nodes(),
        ..Thread::default()
    });
    assert_eq!(conversation.head_id.as_deref(), Some("b"));
    let thread = Thread {
        nodes: nodes(),
        orphans: Orphans::Follow,
        ..Thread::default()
    };
    let (conversation, _) = built(thread);
    assert_eq!(conversation.head_id.as_deref(), Some("c"));
    assert_eq!(conversation.messages[2].parent_id.as_deref(), Some("b"));
}

#[test]
fn a_long_line_costs_no_stack() {
    let mut nodes: Vec<Node> = (0..100_000)
        .map(|i| node(&format!("n{i}"), to(&format!("n{}", i + 1))))
        .collect();
    nodes.push(node("n100000", Link::Root));
    let (conversation, report) = built(Thread {
        nodes,
        ..Thread::default()
    });
    assert_eq!(conversation.messages.len(), 100_001);
    assert_eq!(report.undated, 100_001);
}

#[test]
fn missing_dates_are_estimated() {
    let mut dated = node("b", to("a"));
    dated.time = Some(5_000);
    let nodes = vec![
        node("a", Link::Root),
        dated,
        node("c", to("b")),
        node("", Link::Previous),
    ];
    let (conversation, report) = built(Thread {
        nodes,
        ..Thread::default()
    });
    let seconds = conversation
        .messages
        .iter()
        .map(|message| message.timestamp.as_ref().unwrap());
    let seconds: Vec<_> = seconds.map(|time| &time[17..23]).collect();
    assert_eq!(seconds, ["05.000", "05.000", "05.001", "05.002"]);
    assert_eq!(report.estimated_dates, 3);
}

#[test]
fn a_message_that_is_spread_is_one_line() {
    let mut long = node("a", Link::Root);
    long.parts = Some(vec![Part::reasoning("x"); 2_500]);
    long.usage = Some(Usage {
        input: 1,
        ..Usage::default()
    });
    let (conversation, _) = built(Thread {
        nodes: vec![long, node("b", to("a"))],
        ..Thread::default()
    });
    let messages = &conversation.messages;
    assert_eq!(messages.len(), 4);
    for pair in messages.windows(2) {
        assert_eq!(pair[1].parent_id.as_ref(), Some(&pair[0].id));
    }
    assert_eq!(
        messages
            .iter()
            .filter(|message| message.tokens.is_some())
            .count(),
        1
    );
}
