//! `sync --hook`, as Claude Code calls it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::common::{Machine, Mode, Service, converted, lines, until};

fn event(machine: &Machine, session: &str) -> String {
    json!({
        "session_id": session, "transcript_path": machine.session(session), "cwd": "/home/me/project",
        "permission_mode": "default", "hook_event_name": "Stop", "stop_hook_active": false,
    })
    .to_string()
}

/// Long enough for a busy machine, and much shorter than the time limit of the work.
const FAST: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_leaves_the_work_to_another_process() {
    let service = Service::start().await;
    let machine = service.machine().await;
    let other = service.other_machine_of(&machine).await;
    machine.append("s", &lines("s", 0..3));
    machine.append("s/subagents/agent-a", &lines("s", 0..2));
    // As in earlier versions of Claude Code.
    machine.append("agent-b", &lines("s", 0..1));
    machine.append("agent-c", &lines("unrelated", 0..1));
    machine.append("unrelated", &lines("unrelated", 0..3));
    service.set(Mode::Shut);
    let began = Instant::now();
    let run = machine
        .run_with(
            &["sync", "--hook", "--retry-for", "600"],
            &event(&machine, "s"),
        )
        .await
        .expect(0);
    assert!(began.elapsed() < FAST, "{:?}", began.elapsed());
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    until("the other process tries", async || {
        service.gate.refused() > 0
    })
    .await;
    service.set(Mode::Open);
    until("the session is there", async || {
        other.exported().await.count() == 6
    })
    .await;
    let exported = other.exported().await;
    assert_eq!(exported.0["s"], converted(&machine.session("s")).0["s"]);
    // The others were not requested.
    let ids: Vec<&String> = exported.0.keys().collect();
    assert_eq!(ids, ["s", "s-a", "s-b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_hook_sends_what_the_previous_one_could_not() {
    let service = Service::start().await;
    let machine = service.machine().await;
    for session in ["s", "t"] {
        machine.append(session, &lines(session, 0..3));
    }
    service.set(Mode::Shut);
    machine
        .run_with(
            &["sync", "--hook", "--retry-for", "0"],
            &event(&machine, "s"),
        )
        .await
        .expect(0);
    until("the log says it", async || {
        machine.log().contains("not reachable")
    })
    .await;
    service.set(Mode::Open);
    machine
        .run_with(&["sync", "--hook"], &event(&machine, "t"))
        .await
        .expect(0);
    until("both are there", async || {
        machine.exported().await.count() == 6
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_never_fails() {
    let service = Service::start().await;
    let machine = service.machine().await;
    for (input, expected) in [
        ("", "is empty"),
        ("no JSON", "no event"),
        ("[]", "no event"),
        (
            r#"{"hook_event_name":"SessionEnd","session_id":"x"}"#,
            "SessionEnd of session x names no transcript",
        ),
    ] {
        machine.run_with(&["sync", "--hook"], input).await.expect(0);
        assert!(
            machine.log().contains(expected),
            "{input}: {}",
            machine.log()
        );
    }
    // Options that do not exist, no login, no home.
    machine
        .run_with(&["sync", "--hook", "--nonsense"], &event(&machine, "s"))
        .await
        .expect(0);
    assert!(machine.log().contains("--nonsense"), "{}", machine.log());
    let signed_out = Machine::new(&service.url());
    signed_out.append("s", &lines("s", 0..1));
    signed_out
        .run_with(&["sync", "--hook"], &event(&signed_out, "s"))
        .await
        .expect(0);
    until("the log says it", async || {
        signed_out.log().contains("not signed in")
    })
    .await;
    let homeless = machine
        .command(&["sync", "--hook"])
        .env_remove("HOME")
        .output()
        .await
        .unwrap();
    assert!(homeless.status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_does_not_wait_for_the_end_of_its_input() {
    let service = Service::start().await;
    let machine = service.machine().await;
    machine.append("s", &lines("s", 0..3));
    let mut command = machine.command(&["sync", "--hook"]);
    let mut hook = command.stdin(Stdio::piped()).spawn().unwrap();
    let stdin = hook.stdin.as_mut().unwrap();
    stdin
        .write_all(event(&machine, "s").as_bytes())
        .await
        .unwrap();
    // `Child::wait` would close it.
    until("the hook is done", async || {
        hook.try_wait().unwrap().is_some()
    })
    .await;
    until("the session is there", async || {
        machine.exported().await.count() == 3
    })
    .await;
}
