//! The Model Context Protocol's own clients and inspector against `/api/mcp`, in Node.

use crate::common::{Site, repository};
use test_support::has_packages;
use tokio::process::Command;

const TESTS: &str = "tests of the Model Context Protocol's own clients";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_protocols_own_clients_and_inspector_can_read() {
    let folder = repository().join("tests/mcp");
    if !has_packages(TESTS, &folder, "npm ci in tests/mcp").unwrap() {
        return;
    }
    let site = Site::of_one_store().await;
    let output = Command::new("node")
        .args(["--test", "--test-reporter=spec", "client.test.mjs"])
        .current_dir(folder)
        .env("API", format!("{}/api", site.url()))
        .output()
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
}
