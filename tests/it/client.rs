//! The client's own tests, in Node: parts of it without a server, and the state of what is generated from it.

use std::process::Stdio;

use crate::common::repository;
use test_support::has_packages;
use tokio::process::Command;

#[tokio::test]
async fn client_unit_tests_pass() {
    run("tests of the client's parts", &["run", "test:all"]).await;
}

#[tokio::test]
async fn built_files_are_up_to_date() {
    run("the check of what is built", &["run", "build:check"]).await;
}

async fn run(what: &str, arguments: &[&str]) {
    let directory = repository().join("client");
    if !has_packages(what, &directory, "npm ci in client").unwrap() {
        return;
    }
    let output = Command::new("npm")
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
}
