//! Exports to files.

use std::fs;

use crate::common::{Exported, Machine, Service, lines};

async fn machine_with_sessions(service: &Service) -> Machine {
    let machine = service.machine().await;
    for session in ["a", "b", "c"] {
        machine.append(session, &lines(session, 0..4));
    }
    machine.sync().await;
    machine
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_export_resumes() {
    let service = Service::start().await;
    let machine = machine_with_sessions(&service).await;
    let path = machine.path("all.ndjson");
    let export = async || {
        machine
            .run(&["export", "--output", path.to_str().unwrap()])
            .await
    };
    export().await.expect(0);
    let whole = fs::read_to_string(&path).unwrap();
    let expected = machine.exported().await;
    assert_eq!(Exported::parse(&whole), expected);
    for cut in [0, 10, whole.len() / 3, whole.len() / 2, whole.len() - 20] {
        fs::remove_file(&path).unwrap();
        fs::write(machine.path("all.ndjson.part"), &whole[..cut]).unwrap();
        export().await.expect(0);
        assert_eq!(
            Exported::parse(&fs::read_to_string(&path).unwrap()),
            expected,
            "{cut}"
        );
        assert!(!machine.path("all.ndjson.part").exists());
    }
    // An import accepts what it wrote.
    machine.run(&["login", "--new"]).await.expect(0);
    machine
        .run(&["import", path.to_str().unwrap()])
        .await
        .expect(0);
    assert_eq!(machine.exported().await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn outdated_files_are_rewritten() {
    let service = Service::start().await;
    let machine = machine_with_sessions(&service).await;
    let folder = machine.path("texts");
    let export = async || {
        let arguments = [
            "export",
            "--format",
            "markdown",
            "--json",
            "--output",
            folder.to_str().unwrap(),
        ];
        machine.run(&arguments).await.expect(0).json()["conversations"].clone()
    };
    assert_eq!(export().await, 3);
    assert!(
        fs::read_to_string(folder.join("a.md"))
            .unwrap()
            .contains("message 3 of a")
    );
    assert_eq!(export().await, 0);
    machine.append("a", &lines("a", 4..6));
    machine.sync().await;
    fs::write(folder.join("b.md"), "cut o").unwrap();
    assert_eq!(export().await, 2);
    assert!(
        fs::read_to_string(folder.join("a.md"))
            .unwrap()
            .contains("message 5 of a")
    );
    assert!(
        fs::read_to_string(folder.join("b.md"))
            .unwrap()
            .contains("message 3 of b")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_conversation_is_printed() {
    let service = Service::start().await;
    let machine = machine_with_sessions(&service).await;
    let text = machine
        .run(&["export", "--conversation", "b", "--format", "markdown"])
        .await
        .expect(0);
    assert!(text.stdout.contains("message 2 of b") && !text.stdout.contains("of a"));
    let lines = machine
        .run(&["export", "--conversation", "b"])
        .await
        .expect(0);
    assert_eq!(
        Exported::parse(&lines.stdout).ids("b"),
        ["b-0", "b-1", "b-2", "b-3"]
    );
    for (id, code) in [("nothing", 5), ("b&format=json", 1), ("../b", 1), ("", 1)] {
        machine
            .run(&["export", "--conversation", id])
            .await
            .expect(code);
    }
}
