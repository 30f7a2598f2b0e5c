//! What commands print.

use serde_json::{Value, json};

use crate::common::{Machine, Service, lines};

#[tokio::test(flavor = "multi_thread")]
async fn every_command_can_print_json() {
    let service = Service::start().await;
    let machine = service.machine().await;
    machine.append("s", &lines("s", 0..3));
    let file = machine.session("s");
    let folder = machine.path("texts");
    for arguments in [
        &["login", "--new"][..],
        &["sync"],
        &["import", file.to_str().unwrap()],
        &["list"],
        &["search", "message"],
        &["export"],
        &[
            "export",
            "--format",
            "markdown",
            "--output",
            folder.to_str().unwrap(),
        ],
        &["status"],
        &["logout"],
    ] {
        let run = machine
            .run(&[arguments, &["--json"]].concat())
            .await
            .expect(0);
        let lines: Vec<Value> = run
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert!(
            lines.iter().all(Value::is_object) && !lines.is_empty(),
            "{run:?}"
        );
        assert_eq!(run.stderr, "");
    }
    let run = machine.run(&["list", "--json"]).await.expect(3);
    assert_eq!(run.json()["error"]["code"], "not_signed_in");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_span_pages() {
    let service = Service::start().await;
    let machine = service.machine().await;
    for number in 0..60 {
        let session = format!("s{number}");
        machine.append(&session, &lines(&session, 0..1));
    }
    machine.sync().await;
    for (limit, expected) in [("0", 60), ("55", 55), ("20", 20)] {
        let list = machine
            .run(&["list", "--json", "--limit", limit])
            .await
            .expect(0)
            .json();
        assert_eq!(list["conversations"].as_array().unwrap().len(), expected);
    }
    let text = machine.run(&["list"]).await.expect(0).stdout;
    assert_eq!(text.lines().count(), 20);
    assert!(text.contains("message 0 of s"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_requires_all_words() {
    let service = Service::start().await;
    let machine = service.machine().await;
    for session in ["apple", "pear"] {
        machine.append(session, &lines(session, 0..3));
    }
    machine.sync().await;
    let search = async |words: &[&str]| {
        let found = machine
            .run(&[&["search", "--json"], words].concat())
            .await
            .expect(0)
            .json();
        found["conversations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|hit| hit["conversation"]["id"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(search(&["APPLE", "message"]).await, ["apple"]);
    assert_eq!(search(&["message"]).await.len(), 2);
    assert_eq!(search(&["apple", "pear"]).await, Vec::<Value>::new());
    let text = machine.run(&["search", "pear"]).await.expect(0);
    assert!(text.stdout.contains("\n    message "), "{text:?}");
    assert_eq!(search(&["message", "--limit", "1"]).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_options_have_an_exit_code_of_their_own() {
    let machine = Machine::new("http://127.0.0.1:9");
    for arguments in [
        &["sync", "--nonsense"][..],
        &["import"],
        &["sync", "--tool-output", "some"],
        &[],
    ] {
        machine.run(arguments).await.expect(2);
    }
    let run = machine
        .run(&["login", "--new", "--retry-for", "0", "--json"])
        .await
        .expect(4);
    assert_eq!(run.json()["error"]["code"], json!("unavailable"));
}
