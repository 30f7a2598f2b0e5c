//! The client's adapters, and the applications of `examples/` that use them, against the running service.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Output;

use common::{Deployment, Site, repository};
use serde_json::{Value, json};
use test_support::{has_packages, skip_without};
use tokio::process::Command;

/// Many users start at once in these tests, all from one address.
const VARIABLES: [(&str, &str); 2] = [
    ("RATE_LIMIT_PER_MINUTE", "1000000"),
    ("ADDRESS_RATE_LIMIT_PER_MINUTE", "1000000"),
];

const TESTS: &str = "tests of the client's adapters and examples";

/// The flags of `node` for tests in TypeScript.
const ADAPTER_TESTS: [&str; 5] = [
    "--import",
    "tsx",
    "--test",
    "--test-reporter=spec",
    "--test-timeout=180000",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_adapter_for_the_ai_sdk_keeps_its_promises() {
    test_adapter("ai-sdk").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_adapter_for_assistant_ui_keeps_its_promises() {
    test_adapter("assistant-ui").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_adapter_for_the_claude_agent_sdk_keeps_its_promises() {
    test_adapter("agent-sdk").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_saved_by_device_and_server_is_stored_once() {
    test_adapter("ai-sdk/react").await;
}

/// Runs the client's tests in this folder against the service.
async fn test_adapter(folder: &str) {
    let client = repository().join("client");
    if !is_installed(&client, "npm ci in client") {
        return;
    }
    let site = Site::of_one_store().await;
    let service = site.deployment(&VARIABLES).await;
    let mut command = node(&client, &service);
    command.args(ADAPTER_TESTS);
    command.args(files_of(&client.join("test").join(folder), ".test.ts"));
    assert_success(&command.output().await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hooks_for_react_work_in_chromium() {
    let client = repository().join("client");
    let other_version = client.join("test/react/react-18");
    if !is_installed(&client, "npm ci in client")
        || !is_installed(&other_version, "npm ci in client/test/react/react-18")
        || !is_chromium_there().await
    {
        return;
    }
    let site = Site::embedded().await;
    let service = site.deployment(&VARIABLES).await;
    let mut command = node(&client, &service);
    command.args(ADAPTER_TESTS);
    command.args(files_of(&client.join("test/react"), ".test.ts"));
    assert_success(&command.output().await.unwrap());
}

/// The patch is counted, and the packed client is driven in Chromium.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frontend_on_local_storage_adopts_the_client_with_few_lines() {
    let client = repository().join("client");
    if !is_installed(&client, "npm ci in client")
        || !is_there(&client.join("dist"), "npm run build in client")
        || !is_chromium_there().await
    {
        return;
    }
    let site = Site::embedded().await;
    let service = site.deployment(&VARIABLES).await;
    let mut command = node(&client, &service);
    command.args(ADAPTER_TESTS);
    command.args(files_of(&client.join("test/adoption"), ".test.ts"));
    assert_success(&command.output().await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_of_next_js_works_in_chromium() {
    let build = ["node_modules/next/dist/bin/next", "build"];
    let Some(service) = drive_example("examples/next-ai-sdk", build).await else {
        return;
    };
    let routes = routes_on_vercel("examples/next-ai-sdk").await;
    if let Some(routes) = routes {
        assert_api_comes_last(&routes, &format!("{}/api/$1", service.url()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_of_vite_works_in_chromium() {
    let build = ["node_modules/vite/bin/vite.js", "build"];
    let _ = drive_example("examples/vite-assistant-ui", build).await;
}

/// Builds an example, and runs its own test of it.
async fn drive_example(example: &str, build: [&str; 2]) -> Option<Deployment> {
    let directory = repository().join(example);
    if !is_installed(&directory, &format!("{example}/install")) || !is_chromium_there().await {
        return None;
    }
    let site = Site::embedded().await;
    let service = site.deployment(&VARIABLES).await;
    let mut builder = node(&directory, &service);
    assert_success(&builder.args(build).output().await.unwrap());
    let mut drive = node(&directory, &service);
    drive.args(["--test", "--test-reporter=spec", "--test-timeout=300000"]);
    drive.args(files_of(&directory.join("test"), ".test.mjs"));
    assert_success(&drive.output().await.unwrap());
    Some(service)
}

/// The routes that Vercel's own command line makes of an example that is already built; none without it.
async fn routes_on_vercel(example: &str) -> Option<Vec<Value>> {
    let program = repository().join("tests/vercel/node_modules/.bin/vercel");
    if !program.exists() {
        let remedy = "npm install --no-save in tests/vercel";
        skip_without("the routes of the Next.js example on Vercel", remedy).unwrap();
        return None;
    }
    let copy = tempfile::tempdir().unwrap();
    let mut copying = Command::new("cp");
    copying.arg("-r").arg(repository().join(example).join("."));
    assert_success(&copying.arg(copy.path()).output().await.unwrap());
    write_json(
        &copy.path().join(".vercel/project.json"),
        &json!({ "projectId": "prj_x", "orgId": "team_x", "settings": { "framework": "nextjs" } }),
    );
    // It is installed and built already: doing so again takes a minute.
    write_json(
        &copy.path().join("vercel.json"),
        &json!({ "framework": "nextjs", "installCommand": "true", "buildCommand": "true" }),
    );
    let mut command = Command::new(program);
    command
        .current_dir(copy.path())
        .args(["build", "--yes", "--no-color", "--global-config"])
        .arg(copy.path().join("cli"))
        .env("VERCEL_BUILD_IMAGE", "al2023")
        .env("VERCEL_TELEMETRY_DISABLED", "1");
    assert_success(&command.output().await.unwrap());
    let config = std::fs::read(copy.path().join(".vercel/output/config.json")).unwrap();
    let config: Value = serde_json::from_slice(&config).unwrap();
    config["routes"].as_array().cloned()
}

fn write_json(path: &Path, value: &Value) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, value.to_string()).unwrap();
}

/// After files and the application's own routes, with and without parameters, come the routes to the functions.
fn assert_api_comes_last(routes: &[Value], api: &str) {
    let mut phase = "";
    let mut phases = Vec::new();
    for route in routes {
        phase = route["handle"].as_str().unwrap_or(phase);
        match route["dest"].as_str() {
            Some(dest) if dest == api => phases.push((phase, "the functions")),
            Some(dest) if dest.starts_with("/api/chat/[id]/stop?") => {
                phases.push((phase, "the application"));
            }
            _ => {}
        }
    }
    phases.dedup();
    // Of these two phases, Vercel takes the latter first.
    let expected = [
        ("resource", "the functions"),
        ("rewrite", "the application"),
    ];
    assert_eq!(phases, expected);
}

fn node(directory: &Path, service: &Deployment) -> Command {
    let mut command = Command::new("node");
    command
        .current_dir(directory)
        .env("API", format!("{}/api", service.url()))
        .env("CONVERSATION_STORE_URL", format!("{}/api", service.url()))
        .env("NEXT_TELEMETRY_DISABLED", "1")
        .kill_on_drop(true);
    command
}

fn is_installed(directory: &Path, remedy: &str) -> bool {
    has_packages(TESTS, directory, remedy).unwrap()
}

fn is_there(path: &Path, remedy: &str) -> bool {
    let is_there = path.exists();
    if !is_there {
        skip_without(TESTS, remedy).unwrap();
    }
    is_there
}

async fn is_chromium_there() -> bool {
    let output = Command::new("chromium").arg("--version").output().await;
    let is_there = output.is_ok_and(|output| output.status.success());
    if !is_there {
        skip_without("tests of the client in Chromium", "install chromium").unwrap();
    }
    is_there
}

fn files_of(directory: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{}", directory.display());
    files
}

#[track_caller]
fn assert_success(output: &Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    println!("{text}");
}
