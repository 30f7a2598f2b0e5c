//! Upstash's own client for Node against the front.

use std::path::Path;

use crate::support::{Local, TOKEN};
use embedded_store::backend::Backend;
use test_support::has_packages;
use tokio::process::Command;

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/upstash-client");

/// Whether Node and the client are installed.
fn installed() -> bool {
    let tests = "tests of Upstash's own client";
    let remedy = "npm ci in embedded-store/tests/upstash-client";
    has_packages(tests, Path::new(DIRECTORY), remedy).unwrap()
}

async fn check(local: &Local) {
    let output = Command::new("node")
        .arg("check.mjs")
        .current_dir(DIRECTORY)
        .env("URL", local.front.url())
        .env("TOKEN", TOKEN)
        .output()
        .await
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let store = match local.backend {
        Backend::Embedded(_) => "the embedded store",
        Backend::Redis(_) => "Redis",
    };
    // Shown with --nocapture: the figure in the README.
    println!(
        "Upstash's client over {store}: {}",
        String::from_utf8_lossy(&output.stdout).trim()
    );
}

#[tokio::test]
async fn the_client_works_over_the_engine() {
    if installed() {
        check(&Local::embedded().await).await;
    }
}

#[tokio::test]
async fn the_client_works_over_redis() {
    if !installed() {
        return;
    }
    if let Some(local) = Local::redis().await {
        check(&local).await;
    }
}
