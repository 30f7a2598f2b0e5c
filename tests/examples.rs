//! The client's adapters, and the applications of `examples/` that use them, against the running service.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[macro_use]
mod common;

use std::path::{Path, PathBuf};
use std::process::Output;

use common::{Deployment, Site, repository};
use test_support::skip_without;
use tokio::process::Command;

/// Many users begin at once in these tests, all at one address.
const VARIABLES: [(&str, &str); 2] = [
    ("RATE_LIMIT_PER_MINUTE", "1000000"),
    ("ADDRESS_RATE_LIMIT_PER_MINUTE", "1000000"),
];

on_both_stores!(the_adapter_for_the_ai_sdk_keeps_its_promises);

async fn the_adapter_for_the_ai_sdk_keeps_its_promises(site: Site) {
    let client = repository().join("client");
    if !is_installed(&client, "npm ci in client") {
        return;
    }
    let service = site.deployment(&VARIABLES).await;
    let arguments = ["--import", "tsx", "--test", "--test-reporter=spec"];
    let mut command = node(&client, &service);
    command.args(arguments).arg("--test-timeout=180000");
    command.args(files_of(&client.join("test/ai-sdk"), ".test.ts"));
    assert_success(&command.output().await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_of_next_js_works_in_chromium() {
    let example = repository().join("examples/next-ai-sdk");
    if !is_installed(&example, "examples/next-ai-sdk/install") {
        return;
    }
    if !has("chromium").await {
        skip_without("tests of the examples", "install chromium").unwrap();
        return;
    }
    let site = Site::embedded().await;
    let service = site.deployment(&VARIABLES).await;
    let mut build = node(&example, &service);
    build.args(["node_modules/next/dist/bin/next", "build"]);
    assert_success(&build.output().await.unwrap());
    let mut drive = node(&example, &service);
    drive.args(["--test", "--test-reporter=spec", "--test-timeout=300000"]);
    drive.args(files_of(&example.join("test"), ".test.mjs"));
    assert_success(&drive.output().await.unwrap());
}

fn node(directory: &Path, service: &Deployment) -> Command {
    let mut command = Command::new("node");
    command
        .current_dir(directory)
        .env("API", format!("{}/api", service.url()))
        .env("NEXT_TELEMETRY_DISABLED", "1")
        .kill_on_drop(true);
    command
}

fn is_installed(directory: &Path, remedy: &str) -> bool {
    let is_there = directory.join("node_modules").exists();
    if !is_there {
        skip_without("tests of the client's adapters and examples", remedy).unwrap();
    }
    is_there
}

async fn has(program: &str) -> bool {
    let output = Command::new(program).arg("--version").output().await;
    output.is_ok_and(|output| output.status.success())
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
