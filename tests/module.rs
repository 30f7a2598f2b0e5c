//! The browser module, in Node against the running service; and its types.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Output;

use common::Site;
use local::optional::skip_without;
use tokio::process::Command;

on_both_stores!(the_module_keeps_its_promises);

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/module");

const PROVIDER_SECRET: &str = "a secret of the auth provider, for tests";

/// Many browsers begin at once in these tests, all at one address.
const VARIABLES: [(&str, &str); 3] = [
    ("AUTH_JWT_SECRET", PROVIDER_SECRET),
    ("RATE_LIMIT_PER_MINUTE", "1000000"),
    ("ADDRESS_RATE_LIMIT_PER_MINUTE", "1000000"),
];

async fn the_module_keeps_its_promises(site: Site) {
    if !node_is_installed().await {
        return;
    }
    let service = site.deployment(&VARIABLES).await;
    let output = Command::new("node")
        .args(["--test", "--test-reporter=spec", "--test-concurrency=2"])
        .args(scripts())
        .env("API", format!("{}/api", service.url()))
        .env("AUTH_JWT_SECRET", PROVIDER_SECRET)
        .output()
        .await
        .unwrap();
    assert_success(&output);
}

#[tokio::test]
async fn a_frontend_in_typescript_compiles() {
    let compiler = Path::new(DIRECTORY).join("node_modules/typescript/bin/tsc");
    if !node_is_installed().await {
        return;
    }
    if !compiler.exists() {
        skip_without("TypeScript (npm ci in tests/module)").unwrap();
        return;
    }
    let output = Command::new("node")
        .arg(&compiler)
        .args(["--project", DIRECTORY])
        .output()
        .await
        .unwrap();
    assert_success(&output);
}

async fn node_is_installed() -> bool {
    let node = Command::new("node").arg("--version").output().await;
    let is_installed = node.is_ok_and(|output| output.status.success());
    if !is_installed {
        skip_without("node").unwrap();
    }
    is_installed
}

/// The tests that need nothing but the service.
fn scripts() -> Vec<PathBuf> {
    let files = std::fs::read_dir(DIRECTORY).unwrap();
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
