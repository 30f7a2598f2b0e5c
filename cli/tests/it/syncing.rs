//! Syncing sessions that grow, shrink and change places.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;

use crate::common::{PATIENCE, Service, converted, fixtures, line, lines, with};

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_new_is_sent() {
    let service = Service::start().await;
    let machine = service.machine().await;
    machine.append("s", &lines("s", 0..5));
    machine.append("t", &lines("t", 0..3));
    let first = machine.sync().await;
    assert_eq!(
        (&first["changed"], &first["messages"]),
        (&json!(2), &json!(8))
    );
    let imports = service.gate.imports();
    let second = machine.sync().await;
    assert_eq!(
        (&second["changed"], &second["messages"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(service.gate.imports(), imports);
    machine.append("s", &lines("s", 5..7));
    let third = machine.sync().await;
    assert_eq!(
        (&third["changed"], &third["messages"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(
        machine.exported().await.0["s"],
        converted(&machine.session("s")).0["s"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_being_written_waits_for_its_end() {
    let service = Service::start().await;
    let machine = service.machine().await;
    let whole = lines("s", 0..3);
    // Also in the middle of a letter of several bytes.
    let last = with(line("s", 3), json!([{ "type": "text", "text": "größer" }]));
    let cut = last.find('ß').unwrap() + 1;
    machine.append("s", &whole);
    let append = |bytes: &[u8]| {
        let old = fs::read(machine.session("s")).unwrap();
        let mut file = fs::OpenOptions::new()
            .append(true)
            .open(machine.session("s"))
            .unwrap();
        std::io::Write::write_all(&mut file, bytes).unwrap();
        assert!(fs::read(machine.session("s")).unwrap().starts_with(&old));
    };
    append(&last.as_bytes()[..cut]);
    machine.sync().await;
    assert_eq!(machine.exported().await.ids("s"), ["s-0", "s-1", "s-2"]);
    // Without the end of the line, but whole.
    append(&last.as_bytes()[cut..last.len() - 1]);
    machine.sync().await;
    append(b"\n");
    assert_eq!(machine.sync().await["messages"], 0);
    machine.append("s", &lines("s", 4..6));
    machine.sync().await;
    assert_eq!(machine.exported().await, converted(&machine.session("s")));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_grow_while_they_are_synced() {
    const LINES: usize = 60;
    let service = Service::start().await;
    let machine = Arc::new(service.machine().await);
    let is_written = Arc::new(AtomicBool::new(false));
    let writer = std::thread::spawn({
        let (machine, is_written) = (machine.clone(), is_written.clone());
        move || {
            for number in 0..LINES {
                for session in ["s", "t", "s/subagents/agent-a"] {
                    let text = lines(session.split('/').next().unwrap(), number..number + 1);
                    let (one, other) = text.split_at(number * 7 % text.len());
                    machine.append(session, one);
                    std::thread::sleep(std::time::Duration::from_millis(2));
                    machine.append(session, other);
                }
            }
            is_written.store(true, Ordering::SeqCst);
        }
    });
    let mut syncs = 0;
    while !is_written.load(Ordering::SeqCst) || syncs < 2 {
        machine.sync().await;
        syncs += 1;
    }
    writer.join().unwrap();
    machine.sync().await;
    let exported = machine.exported().await;
    for (file, id) in [("s", "s"), ("t", "t"), ("s/subagents/agent-a", "s-a")] {
        assert_eq!(
            exported.0[id],
            converted(&machine.session(file)).0[id],
            "{file} after {syncs} syncs"
        );
        assert_eq!(exported.0[id].len(), LINES);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_or_replaced_file_is_read_from_the_start() {
    let service = Service::start().await;
    let machine = service.machine().await;
    machine.append("s", &lines("s", 0..6));
    machine.sync().await;
    // Rewritten, and longer than before: only the contents reveal it.
    let path = machine.session("s");
    fs::write(&path, lines("s", 10..18)).unwrap();
    machine.sync().await;
    // Cut.
    fs::write(&path, lines("s", 20..22)).unwrap();
    machine.sync().await;
    // Another file in its place.
    fs::write(path.with_extension("new"), lines("s", 30..38)).unwrap();
    fs::rename(path.with_extension("new"), &path).unwrap();
    machine.sync().await;
    let exported = machine.exported().await;
    let numbers = (0..6).chain(10..18).chain(20..22).chain(30..38);
    let mut expected: Vec<String> = numbers.map(|number| format!("s-{number}")).collect();
    let mut found = exported.ids("s");
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_files_are_left_alone() {
    let service = Service::start().await;
    let machine = service.machine().await;
    machine.append("s", &lines("s", 0..2));
    machine.append("notes", "{\"a\":1}\n{\"b\":2}\n");
    machine.append("empty", "");
    machine.append("broken", "not JSON\n");
    let report = machine.sync().await;
    assert_eq!(
        (&report["files"], &report["changed"]),
        (&json!(4), &json!(1))
    );
    assert_eq!(machine.exported().await, converted(&machine.session("s")));
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_deleted_at_the_service_stay_deleted() {
    let service = Service::start().await;
    let machine = service.machine().await;
    machine.append("s", &lines("s", 0..2));
    machine.sync().await;
    service.delete("s", &machine.token()).await;
    machine.append("s", &lines("s", 2..4));
    let report = machine.sync().await;
    assert_eq!(report["conversations"]["deleted"], 1);
    assert_eq!(machine.sync().await["conversations"]["deleted"], 0);
    assert_eq!(machine.exported().await.count(), 0);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_watch_sends_what_is_added_until_it_is_stopped() {
    let service = Service::start().await;
    let machine = service.machine().await;
    let mut watch = machine
        .command(&["sync", "--watch", "--interval", "0", "--json"])
        .spawn()
        .unwrap();
    let mut printed = BufReader::new(watch.stdout.take().unwrap()).lines();
    for number in 0..3 {
        machine.append("s", &lines("s", number..number + 1));
        // It says so after the line is at the service, and would not if it were stopped in between.
        let report = timeout(PATIENCE, printed.next_line()).await.unwrap();
        let report: Value = serde_json::from_str(&report.unwrap().unwrap()).unwrap();
        assert_eq!(report["messages"], 1);
        assert_eq!(machine.exported().await.ids("s").len(), number + 1);
    }
    let stopped = std::process::Command::new("kill")
        .arg(watch.id().unwrap().to_string())
        .status();
    assert!(stopped.unwrap().success());
    let output = watch.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(printed.next_line().await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn data_over_a_quota_is_sent_once_there_is_room() {
    let service = Service::with(&[("MAX_CONVERSATIONS", "1")]).await;
    let machine = service.machine().await;
    machine.append("s", &lines("s", 0..2));
    machine.append("t", &lines("t", 0..2));
    // They share a request, of which one half is accepted.
    for changed in [1, 0] {
        let report = machine.run(&["sync", "--json"]).await.expect(5).json();
        assert_eq!(report["changed"], changed);
        assert_eq!(report["failures"].as_array().unwrap().len(), 1);
        assert_eq!(report["failures"][0]["code"], "refused");
    }
    let exported = machine.exported().await;
    let (taken, other) = if exported.0.contains_key("s") {
        ("s", "t")
    } else {
        ("t", "s")
    };
    service.delete(taken, &machine.token()).await;
    machine.sync().await;
    assert_eq!(machine.exported().await.ids(other).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn small_sessions_share_requests() {
    let service = Service::start().await;
    let machine = service.machine().await;
    let sessions: Vec<String> = (0..100).map(|number| format!("s{number}")).collect();
    for session in &sessions {
        machine.append(session, &lines(session, 0..3));
    }
    // Lines of one session in the file of another: the same conversation is in both.
    for session in ["copy1", "copy2"] {
        let unrelated = line("s1", 0).to_string().replace("s1-0", session);
        machine.append(session, &(lines(session, 0..1) + &unrelated + "\n"));
    }
    machine.sync().await;
    let imports = service.gate.imports();
    assert!((5..=8).contains(&imports), "{imports} requests");
    let exported = machine.exported().await;
    for session in &sessions {
        let expected = &converted(&machine.session(session)).0[session];
        let found = &exported.0[session];
        assert!(
            expected.iter().all(|message| found.contains(message)),
            "{session}"
        );
    }
    assert_eq!(exported.count(), 304);
    assert_eq!(machine.sync().await["changed"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn real_sessions_may_be_synced_at_any_byte() {
    let service = Service::start().await;
    for path in fixtures() {
        if path
            .extension()
            .is_none_or(|extension| extension != "jsonl")
        {
            continue;
        }
        let machine = service.machine().await;
        let source = fs::read(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let file = machine.session(name);
        for piece in 1..=9 {
            fs::write(&file, &source[..source.len() * piece / 9]).unwrap();
            machine.sync().await;
        }
        let expected = converted(&file).sorted();
        assert_eq!(machine.exported().await.sorted(), expected, "{name}");
    }
}
