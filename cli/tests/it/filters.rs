//! What leaves the machine.

use serde_json::{Value, json};

use crate::common::{Machine, Service, line, lines, with};

async fn text_of_everything(machine: &Machine) -> String {
    machine.run(&["export"]).await.expect(0).stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_stay_on_the_machine() {
    let service = Service::start().await;
    let token = format!("ghp_{}", "a1B2".repeat(9));
    let key = "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----";
    for command in ["sync", "import"] {
        let machine = service.machine().await;
        machine.append(
            "s",
            &with(line("s", 0), json!(format!("my token is {token}"))),
        );
        let call = json!([{ "type": "tool_use", "id": "t", "name": "Bash", "input": { "command": format!("echo '{key}'") } }]);
        machine.append("s", &with(line("s", 1), call));
        let file = machine.session("s");
        let arguments = match command {
            "sync" => vec!["sync", "--redact", "--json"],
            _ => vec!["import", "--redact", "--json", file.to_str().unwrap()],
        };
        let report = machine.run(&arguments).await.expect(0).json();
        let redacted = if command == "sync" {
            &report["redacted"]
        } else {
            &report["files"][0]["redacted"]
        };
        assert_eq!(redacted, 2, "{report}");
        let exported = text_of_everything(&machine).await;
        assert!(
            exported.contains("my token is [redacted:github-token]"),
            "{exported}"
        );
        assert!(
            exported.contains("echo '[redacted:private-key]'"),
            "{exported}"
        );
        assert!(!exported.contains(&token) && !exported.contains("MIIEvQ"));
        // The sync state has none either.
        let state = state_of(&machine);
        assert!(!state.contains(&token), "{state}");
    }
}

fn state_of(machine: &Machine) -> String {
    let mut text = String::new();
    let Ok(users) = std::fs::read_dir(machine.path(".local/state/conversation-store/sync")) else {
        return text;
    };
    for user in users {
        for entry in std::fs::read_dir(user.unwrap().path()).unwrap() {
            text += &std::fs::read_to_string(entry.unwrap().path()).unwrap();
        }
    }
    text
}

/// The result of a tool, as it is at the service.
async fn result_of(service: &Service, tool_output: &[&str]) -> Value {
    let machine = service.machine().await;
    machine.append("s", &lines("s", 0..1));
    let call =
        json!([{ "type": "tool_use", "id": "t", "name": "Bash", "input": { "command": "ls" } }]);
    machine.append("s", &with(line("s", 1), call));
    let result =
        json!([{ "type": "tool_result", "tool_use_id": "t", "content": "0123456789".repeat(100) }]);
    machine.append("s", &with(line("s", 2), result));
    machine
        .run(&[&["sync"], tool_output].concat())
        .await
        .expect(0);
    let exported = machine.exported().await;
    assert_eq!(exported.ids("s"), ["s-0", "s-1", "s-2"]);
    assert_eq!(exported.0["s"][1]["parts"][0]["input"]["command"], "ls");
    exported.0["s"][2]["parts"][0]["content"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn tool_results_are_shortened_as_configured() {
    let service = Service::start().await;
    let full = "0123456789".repeat(100);
    assert_eq!(result_of(&service, &[]).await, full);
    assert_eq!(result_of(&service, &["--tool-output", "full"]).await, full);
    let short = format!("{}… [500 characters left out]", &full[..500]);
    assert_eq!(
        result_of(&service, &["--tool-output", "short"]).await,
        short
    );
    assert_eq!(
        result_of(&service, &["--tool-output", "none"]).await,
        "[1000 characters left out]"
    );
}

fn in_folder(session: &str, folder: &str) -> String {
    let mut line = line(session, 0);
    line["cwd"] = json!(folder);
    format!("{{\"type\":\"summary\",\"summary\":\"x\",\"leafUuid\":\"y\"}}\n{line}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn only_selected_projects_are_sent() {
    let service = Service::start().await;
    for (arguments, expected) in [
        (&["--project", "/nowhere/a"][..], &["a", "below"][..]),
        (&["--exclude-project", "/nowhere/a"], &["b"]),
        (
            &[
                "--project",
                "/nowhere/a",
                "--exclude-project",
                "/nowhere/a/below",
            ],
            &["a"],
        ),
    ] {
        for command in ["sync", "import"] {
            let machine = service.machine().await;
            for (session, folder) in [
                ("a", "/nowhere/a"),
                ("below", "/nowhere/a/below"),
                ("b", "/nowhere/ab"),
            ] {
                machine.append(session, &in_folder(session, folder));
            }
            let files = ["a", "below", "b"]
                .map(|session| machine.session(session).to_str().unwrap().to_owned());
            let mut all = vec![command];
            all.extend(arguments);
            if command == "import" {
                all.extend(files.iter().map(String::as_str));
            }
            machine.run(&all).await.expect(0);
            let exported = machine.exported().await;
            assert_eq!(exported.0.keys().collect::<Vec<_>>(), expected, "{all:?}");
            // What was left out is sent once it is selected.
            machine.sync().await;
            assert_eq!(machine.exported().await.0.len(), 3);
        }
    }
}
