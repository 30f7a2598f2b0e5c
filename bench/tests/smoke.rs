//! The benchmark's smoke runs: both sides respond correctly, and a report is written; every design of the search finds the same.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::process::{Command, Stdio};

use tempfile::TempDir;

#[test]
fn both_sides_respond_correctly_and_are_reported() {
    let folder = TempDir::new().unwrap();
    let mut bench = Command::new(env!("CARGO_BIN_EXE_bench"));
    test_support::hand_down(&mut bench).unwrap();
    // It inherits standard error, past the capture of test output, so that notes and errors are visible.
    let status = bench
        .args(["--smoke", "--out"])
        .arg(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
    let Ok(page) = fs::read_to_string(folder.path().join("benchmarks.md")) else {
        return;
    };
    for section in [
        "## In short",
        "## What each costs",
        "## Starting and staying",
    ] {
        assert!(page.contains(section), "{section}");
    }
    // Calls of the page and requests to the database, for each side.
    for row in [
        "| Append a turn | 1 / 1 | 1 / 1 |",
        "| Open, 100 messages | 1 / 1 | 1 / 2 |",
        "| Sync, nothing changed | 1 / 1 | 1 / 3 |",
        "| Import of 50 | 1 / 3 | 1 / 3 |",
    ] {
        assert!(page.contains(row), "{row} is not in:\n{page}");
    }
    let charts = page.matches("](benchmarks/").count();
    let pictures = fs::read_dir(folder.path().join("benchmarks")).unwrap();
    assert_eq!(pictures.count(), charts);
}

#[test]
fn every_design_of_the_search_finds_the_same() {
    let mut bench = Command::new(env!("CARGO_BIN_EXE_bench"));
    test_support::hand_down(&mut bench).unwrap();
    let output = bench
        .args(["search", "--smoke"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", output.status);
    let printed = String::from_utf8(output.stdout).unwrap();
    if !printed.contains("| index") {
        return;
    }
    // The commands and requests of a page; the commands of an append.
    for (design, page, append) in [
        ("signatures", "12, 2", "8"),
        ("posting lists in 64 buckets", "10, 2", "10"),
        ("a posting list per word", "10, 2", "10"),
    ] {
        let row = printed
            .lines()
            .find(|line| line.starts_with(&format!("| {design} |")));
        let cells: Vec<&str> = row.unwrap().split(" | ").collect();
        assert_eq!((cells[2], cells[6]), (page, append), "{printed}");
    }
}
