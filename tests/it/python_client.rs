//! The Python package: the Claude Agent SDK's own conformance suite, and more, against the service.

use std::path::PathBuf;

use test_support::skip_without;
use tokio::process::Command;

use crate::common::{Site, repository};

on_both_stores!(the_python_package_passes_its_tests);

/// The suite creates many users at one address.
const VARIABLES: [(&str, &str); 3] = [
    ("RATE_LIMIT_PER_MINUTE", "1000000"),
    ("ADDRESS_RATE_LIMIT_PER_MINUTE", "1000000"),
    ("NEW_USERS_PER_ADDRESS_PER_DAY", "1000000"),
];

async fn the_python_package_passes_its_tests(site: Site) {
    let python = repository().join("target/python-client/bin/python");
    if !python.is_file() {
        skip_without("tests of the Python package", "clients/python/install").unwrap();
        return;
    }
    let service = site.deployment(&VARIABLES).await;
    let package = repository().join("clients/python");
    let output = Command::new(python)
        .arg(package.join("tests/check.py"))
        .arg(format!("{}/api", service.url()))
        .env("PYTHONPATH", source_of(&package))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    assert!(text.contains("passed: all_contracts"), "{text}");
}

fn source_of(package: &std::path::Path) -> PathBuf {
    package.join("src")
}
