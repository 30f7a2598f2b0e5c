//! An unreachable or busy service, and a killed program.

use serde_json::json;

use crate::common::{Machine, Mode, Service, converted, line, lines, until, with};

/// Sessions of which one takes several requests.
fn write_sessions(machine: &Machine) {
    for session in ["a", "b", "c"] {
        machine.append(session, &lines(session, 0..40));
    }
    for number in 0..30 {
        // Numbers, so that it does not compress well.
        let text: String = (0..60_000_u64)
            .map(|at| char::from(b'a' + (at.wrapping_mul(at + number) % 23) as u8))
            .collect();
        machine.append(
            "long",
            &with(
                line("long", number as usize),
                json!([{ "type": "text", "text": text }]),
            ),
        );
    }
    for number in 30..150 {
        let text = format!("{number} ").repeat(20_000);
        machine.append(
            "long",
            &with(
                line("long", number),
                json!([{ "type": "text", "text": text }]),
            ),
        );
    }
}

async fn check(machine: &Machine) {
    let exported = machine.exported().await;
    for session in ["a", "b", "c", "long"] {
        let expected = converted(&machine.session(session))
            .0
            .remove(session)
            .unwrap();
        assert_eq!(exported.0[session], expected, "{session}");
    }
    assert_eq!(exported.0.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_sync_resumes() {
    let service = Service::start().await;
    let machine = service.machine().await;
    write_sessions(&machine);
    let mut killed = 0;
    for number in 1..=4 {
        let before = service.gate.imports();
        let mut sync = machine.command(&["sync"]).spawn().unwrap();
        until("so many requests are sent", async || {
            service.gate.imports() >= before + number || sync.try_wait().unwrap().is_some()
        })
        .await;
        // `start_kill` sends SIGKILL.
        let _ = sync.start_kill();
        killed += usize::from(!sync.wait().await.unwrap().success());
    }
    assert!(killed > 1, "{killed} times");
    machine.sync().await;
    check(&machine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_killed_before_its_response_stores_everything_once() {
    let service = Service::start().await;
    let machine = service.machine().await;
    let other = service.other_machine_of(&machine).await;
    write_sessions(&machine);
    service.set(Mode::Withheld);
    let mut sync = machine.command(&["sync"]).spawn().unwrap();
    until("the service has something", async || {
        other.exported().await.count() > 0
    })
    .await;
    sync.kill().await.unwrap();
    service.set(Mode::Open);
    machine.sync().await;
    check(&machine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_service_loses_nothing() {
    let service = Service::start().await;
    let machine = service.machine().await;
    write_sessions(&machine);
    service.set(Mode::Shut);
    let run = machine
        .run(&["sync", "--retry-for", "0", "--json"])
        .await
        .expect(4);
    assert_eq!(run.json()["failures"][0]["code"], "unavailable");
    let status = machine.run(&["status", "--json"]).await.expect(4).json();
    assert_eq!(
        (&status["reachable"], &status["sessions"]["waiting"]),
        (&json!(false), &json!(4))
    );
    service.set(Mode::Open);
    machine.sync().await;
    check(&machine).await;
    let status = machine.run(&["status", "--json"]).await.expect(0).json();
    assert_eq!(
        (&status["reachable"], &status["sessions"]["waiting"]),
        (&json!(true), &json!(0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_returns_in_time_is_waited_for() {
    // A rate limit always ends, so it is waited for regardless of the timeout.
    for (away, patience) in [
        (Mode::Shut, "100"),
        (Mode::Busy, "100"),
        (Mode::Limited, "1"),
    ] {
        let service = Service::start().await;
        let machine = service.machine().await;
        machine.append("s", &lines("s", 0..3));
        service.set(away);
        let sync = machine
            .command(&["sync", "--retry-for", patience])
            .spawn()
            .unwrap();
        until("it has tried twice", async || service.gate.refused() >= 2).await;
        service.set(Mode::Open);
        let output = sync.wait_with_output().await.unwrap();
        assert!(output.status.success(), "{away:?} {output:?}");
        assert_eq!(machine.exported().await, converted(&machine.session("s")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_outlives_the_service() {
    let service = Service::start().await;
    let machine = service.machine().await;
    let other = service.other_machine_of(&machine).await;
    machine.append("s", &lines("s", 0..3));
    service.set(Mode::Shut);
    let mut watch = machine
        .command(&["sync", "--watch", "--interval", "0", "--retry-for", "0"])
        .spawn()
        .unwrap();
    until("it has tried twice", async || service.gate.refused() >= 2).await;
    service.set(Mode::Open);
    until("everything is there", async || {
        other.exported().await.count() == 3
    })
    .await;
    assert!(watch.try_wait().unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_can_be_repeated_when_the_service_is_back() {
    let service = Service::start().await;
    let machine = service.machine().await;
    machine.append("s", &lines("s", 0..3));
    let file = machine.session("s");
    service.set(Mode::Shut);
    machine
        .run(&["import", "--retry-for", "0", file.to_str().unwrap()])
        .await
        .expect(4);
    service.set(Mode::Open);
    machine
        .run(&["import", file.to_str().unwrap()])
        .await
        .expect(0);
    assert_eq!(machine.exported().await, converted(&file));
}
