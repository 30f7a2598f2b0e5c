//! Tests the service against its document from outside: schemathesis generates valid and invalid requests from the
//! document alone, and checks every response.
//!
//! What it needs beside the document is in `tests/schemathesis/`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use crate::common::{Client, Site, contract, repository};
use serde_json::{Value, json};
use test_support::skip_without;
use tokio::process::Command;

on_both_stores!(responses_conform_to_the_document);

/// It takes about a minute on two cores; after this long it is stuck.
const PATIENCE: Duration = Duration::from_secs(600);

/// Examples per operation on a real Redis. The embedded store gets those of `schemathesis.toml`; what the two stores
/// may differ in (bytes, numbers, lengths, expired keys) shows with far fewer.
const EXAMPLES_ON_REDIS: &str = "25";

const METRICS_TOKEN: &str = "the token that Prometheus has been given";

/// No rate limits, and streams that end soon.
const VARIABLES: [(&str, &str); 5] = [
    ("METRICS_TOKEN", METRICS_TOKEN),
    ("RATE_LIMIT_PER_MINUTE", "1000000"),
    ("ADDRESS_RATE_LIMIT_PER_MINUTE", "1000000"),
    ("SHARE_RATE_LIMIT_PER_MINUTE", "1000000"),
    ("SYNC_STREAM_SECONDS", "1"),
];

async fn responses_conform_to_the_document(site: Site) {
    let Some(program) = find_program() else {
        skip_without(
            "tests of Schemathesis",
            "pip install -r tests/schemathesis/requirements.txt",
        )
        .unwrap();
        return;
    };
    let service = site.deployment(&VARIABLES).await;
    let folder = tempfile::tempdir().unwrap();
    let both = [
        user("one", &site.user().await),
        user("other", &site.user().await),
    ];
    let users = json!({ "auth": both }).to_string();
    fs::write(folder.path().join("users.json"), users).unwrap();

    let examples = site.redis.as_ref().map(|_| EXAMPLES_ON_REDIS);
    let output = run(&program, &service.url(), folder.path(), examples).await;
    let text = String::from_utf8_lossy(&output.stdout);
    // Only the log says why the service failed.
    let mut failures = site.log_lines();
    failures.retain(|line| line.contains("\"error\":"));
    assert!(output.status.success(), "{text}\n{failures:#?}");
    assert!(text.contains("Stateful"), "{text}");
}

/// The one that `tests/schemathesis/requirements.txt` was installed into, or any.
fn find_program() -> Option<PathBuf> {
    let own = repository().join("target/schemathesis/bin/schemathesis");
    let path = env::var_os("PATH").unwrap_or_default();
    let anywhere = env::split_paths(&path).map(|folder| folder.join("schemathesis"));
    std::iter::once(own)
        .chain(anywhere)
        .find(|file| file.is_file())
}

/// `examples` replaces the configured number of them.
async fn run(program: &Path, url: &str, folder: &Path, examples: Option<&str>) -> Output {
    let own = repository().join("tests/schemathesis");
    let users = folder.join("users.json");
    let running = Command::new(program)
        .arg("--config-file")
        .arg(own.join("schemathesis.toml"))
        .arg("run")
        .arg(contract::path())
        .args(["--url", url, "--no-color"])
        .args(examples.iter().flat_map(|count| ["--max-examples", count]))
        // A folder for its own files.
        .current_dir(folder)
        .env("HOOKS", own.join("hooks.py"))
        .env("USERS", users)
        .env("METRICS_TOKEN", METRICS_TOKEN)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .kill_on_drop(true)
        .output();
    tokio::time::timeout(PATIENCE, running)
        .await
        .unwrap()
        .unwrap()
}

fn user(name: &str, client: &Client) -> Value {
    let bearer = format!("Bearer {}", client.token());
    json!({ "name": name, "fixedHeaders": [{ "name": "Authorization", "value": bearer }] })
}
