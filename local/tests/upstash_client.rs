//! Upstash's own client against the front.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::path::Path;

use local::optional::skip_without;
use support::{Local, TOKEN};
use tokio::process::Command;

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/upstash-client");

/// Whether node and the package are there.
async fn installed() -> bool {
    let package = Path::new(DIRECTORY).join("node_modules/@upstash/redis");
    let node = Command::new("node").arg("--version").output().await;
    let installed = package.exists() && node.is_ok_and(|output| output.status.success());
    if !installed {
        skip_without("Upstash's client for Node (npm ci in local/tests/upstash-client)").unwrap();
    }
    installed
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
}

#[tokio::test]
async fn the_client_works_over_the_engine() {
    if installed().await {
        check(&Local::embedded().await).await;
    }
}

#[tokio::test]
async fn the_client_works_over_redis() {
    if !installed().await {
        return;
    }
    if let Some(local) = Local::redis().await {
        check(&local).await;
    }
}
