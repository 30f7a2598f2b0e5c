//! Importing files of other systems.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::common::{Service, converted, fixtures};

#[tokio::test(flavor = "multi_thread")]
async fn every_fixture_is_stored_by_its_import() {
    let service = Service::start().await;
    for path in fixtures() {
        let machine = service.machine().await;
        let file = path.to_str().unwrap();
        let report = machine
            .run(&["import", "--json", file])
            .await
            .expect(0)
            .json();
        let expected = converted(&path);
        assert_eq!(
            report["files"][0]["service"]["imported"],
            expected.0.len(),
            "{file}"
        );
        assert_eq!(report["files"][0]["messages"], expected.count(), "{file}");
        assert_eq!(
            machine.exported().await.sorted(),
            expected.sorted(),
            "{file}"
        );
        let again = machine
            .run(&["import", "--json", file])
            .await
            .expect(0)
            .json();
        let tally = &again["files"][0]["service"];
        assert_eq!(tally["imported"], 0, "{file}");
        assert_ne!(tally["unchanged"], 0, "{file}");
    }
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn archives_are_opened() {
    let service = Service::start().await;
    let machine = service.machine().await;
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../importers/tests/data/chatgpt-example.json");
    let claude = json!([{ "uuid": "c1", "name": "Hello", "chat_messages": [{ "uuid": "m1", "sender": "human", "text": "Hi" }] }]);
    let archive = zip(&[
        ("export/conversations.json", &fs::read(&path).unwrap()),
        ("export/claude.json", claude.to_string().as_bytes()),
        (
            "export/user.json",
            br#"{"id":"user-1","email":"me@example.com"}"#,
        ),
        ("export/chat.html", b"<html>"),
    ]);
    let file = machine.path("export.zip");
    fs::write(&file, archive).unwrap();
    let report = machine
        .run(&["import", "--json", file.to_str().unwrap()])
        .await
        .expect(0)
        .json();
    let files = report["files"].as_array().unwrap();
    assert_eq!(files.len(), 3, "{report}");
    let exported = machine.exported().await;
    assert_eq!(exported.ids("c1"), ["m1"]);
    let expected = converted(&path);
    let id = &expected.0.keys().next().unwrap().clone();
    assert_eq!(exported.sorted().0[id], expected.sorted().0[id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_files_are_reported_and_the_rest_imported() {
    let service = Service::start().await;
    let machine = service.machine().await;
    let path = |name: &str| machine.path(name).to_str().unwrap().to_owned();
    fs::write(
        path("good.json"),
        r#"[{"uuid":"c","name":"N","chat_messages":[{"uuid":"m","sender":"human","text":"Hi"}]}]"#,
    )
    .unwrap();
    fs::write(path("text.txt"), "hello").unwrap();
    fs::write(path("empty.zip"), zip(&[("a.txt", b"x")])).unwrap();
    let files = ["missing", "text.txt", "empty.zip", "good.json"].map(path);
    let mut arguments = vec!["import", "--json"];
    arguments.extend(files.iter().map(String::as_str));
    let report = machine.run(&arguments).await.expect(1).json();
    assert_eq!(report["failures"].as_array().unwrap().len(), 3, "{report}");
    assert_eq!(machine.exported().await.ids("c"), ["m"]);
    let named = machine
        .run(&["import", "--format", "chatgpt", &path("good.json")])
        .await;
    assert!(!named.stdout.is_empty() || !named.stderr.is_empty());
    machine
        .run(&["import", "--format", "nonsense", &path("good.json")])
        .await
        .expect(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_by_the_service_have_their_exit_code() {
    let service = Service::start().await;
    let machine = service.machine().await;
    let file = machine.path("own.json");
    let own = json!([
        { "id": "good", "messages": [{ "id": "m", "type": "user", "content": "x" }] },
        { "id": "bad", "messages": [{ "id": "not an id", "type": "user", "content": "x" }] },
    ]);
    fs::write(&file, own.to_string()).unwrap();
    let run = machine
        .run(&["import", "--json", file.to_str().unwrap()])
        .await
        .expect(5);
    assert_eq!(run.json()["files"][0]["service"]["rejected"], 1);
    assert!(run.stderr.contains("bad"), "{run:?}");
    assert_eq!(machine.exported().await.ids("good"), ["m"]);
}
