//! The browser module, in Node against the running service; and its types.

use std::path::PathBuf;
use std::process::Output;

use crate::common::day::play;
use crate::common::{Site, repository};
use test_support::{has_node, has_packages};
use tokio::process::Command;

/// The scripts, and what they need.
fn directory() -> PathBuf {
    repository().join("tests/module")
}

const PROVIDER_SECRET: &str = "a secret of the auth provider, for tests";

/// Many browsers start at once in these tests, all from one address.
const VARIABLES: [(&str, &str); 4] = [
    ("AUTH_JWT_SECRET", PROVIDER_SECRET),
    ("RATE_LIMIT_PER_MINUTE", "1000000"),
    ("ADDRESS_RATE_LIMIT_PER_MINUTE", "1000000"),
    ("NEW_USERS_PER_ADDRESS_PER_DAY", "1000000"),
];

const TESTS: &str = "tests of the browser module in Node";

/// On the embedded store; the tests in Chromium run on Redis.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_module_passes_its_tests() {
    if !has_node(TESTS).unwrap() {
        return;
    }
    let site = Site::embedded().await;
    let service = site.deployment(&VARIABLES).await;
    let output = Command::new("node")
        .args(["--test", "--test-reporter=spec", "--test-concurrency=2"])
        // Per file, so that a timeout names the file.
        .arg("--test-timeout=180000")
        .args(scripts())
        .env("API", format!("{}/api", service.url()))
        .env("AUTH_JWT_SECRET", PROVIDER_SECRET)
        .output()
        .await
        .unwrap();
    assert_success(&output);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_users_day_stays_within_its_budget() {
    if !has_node(TESTS).unwrap() {
        return;
    }
    let site = Site::of_one_store().await;
    let service = site.deployment(&VARIABLES).await;
    let days = play(&site, &service.url(), || None).await.unwrap();
    for played in &days {
        println!("{}: {:?}", played.what, played.day);
    }
    assert_eq!(days.len(), 3);
    for played in &days {
        assert!(played.is_allowed(), "{played:#?}");
    }
}

#[tokio::test]
async fn a_frontend_in_typescript_compiles() {
    let tests = "tests of a frontend in TypeScript";
    if !has_packages(tests, &directory(), "npm ci in tests/module").unwrap() {
        return;
    }
    let compiler = directory().join("node_modules/typescript/bin/tsc");
    let output = Command::new("node")
        .arg(&compiler)
        .arg("--project")
        .arg(directory())
        .output()
        .await
        .unwrap();
    assert_success(&output);
}

/// The tests that need nothing but the service.
fn scripts() -> Vec<PathBuf> {
    let files = std::fs::read_dir(directory()).unwrap();
    let mut scripts: Vec<PathBuf> = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    scripts.sort();
    scripts
}

#[track_caller]
fn assert_success(output: &Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
}
