//! Two machines of one user, and the same sessions on both.

use serde_json::json;

use crate::common::{Service, converted, lines};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_session_from_two_machines_is_there_once() {
    let service = Service::start().await;
    let one = service.machine().await;
    one.append("s", &lines("s", 0..10));
    one.append("s/subagents/agent-a", &lines("s", 0..4));
    one.append("one", &lines("one", 0..2));
    let other = service.other_machine_of(&one).await;
    other.copy_sessions_from(&one);
    other.append("other", &lines("other", 0..2));
    // At the same time, and then with one ahead of the other.
    tokio::join!(one.sync(), other.sync());
    one.append("s", &lines("s", 10..14));
    one.sync().await;
    other.append("s", &lines("s", 10..16));
    other.sync().await;
    let exported = one.exported().await;
    for id in ["s", "one", "other", "s-a"] {
        let machine = if id == "one" { &one } else { &other };
        let file = if id == "s-a" {
            "s/subagents/agent-a"
        } else {
            id
        };
        assert_eq!(
            exported.0[id],
            converted(&machine.session(file)).0[id],
            "{id}"
        );
    }
    assert_eq!(exported.0.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_change_of_user_everything_is_sent_again() {
    let service = Service::start().await;
    let machine = service.machine().await;
    machine.append("s", &lines("s", 0..3));
    machine.sync().await;
    machine.run(&["login", "--new"]).await.expect(0);
    assert_eq!(machine.sync().await["messages"], json!(3));
    assert_eq!(machine.exported().await, converted(&machine.session("s")));
}

#[tokio::test(flavor = "multi_thread")]
async fn syncs_on_one_machine_do_not_overlap() {
    let service = Service::start().await;
    let machine = service.machine().await;
    machine.append("s", &lines("s", 0..50));
    let runs = tokio::join!(machine.sync(), machine.sync(), machine.sync());
    let sent: u64 = [&runs.0, &runs.1, &runs.2]
        .iter()
        .map(|report| report["messages"].as_u64().unwrap())
        .sum();
    assert_eq!(sent, 50);
    assert_eq!(machine.exported().await, converted(&machine.session("s")));
}
