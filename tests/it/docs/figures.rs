//! What README.md quotes of the benchmark is what the benchmark's page says: the benchmark prints both.

use std::fs;

use crate::common::repository;

fn read(page: &str) -> String {
    fs::read_to_string(repository().join(page)).unwrap()
}

/// The cells of a row, from the first table under a heading.
fn row<'a>(page: &'a str, heading: &str, name: &str) -> Vec<&'a str> {
    let (_, below) = page.split_once(heading).expect(heading);
    let (_, row) = below.split_once(&format!("\n| {name} | ")).expect(name);
    row.lines().next().unwrap().split(" | ").collect()
}

#[test]
fn the_readme_quotes_the_benchmark() {
    let page = read("docs/benchmarks.md");
    let took = |name: &str| {
        let cells = row(&page, "### With 2 ms added\n", name);
        (cells[0], cells[1])
    };
    let commands = |name: &str| {
        let cells = row(&page, "## What each costs\n", name);
        cells[3].split_once(" / ").unwrap()
    };
    let kept = |name: &str| {
        let cells = row(&page, "## Starting and staying\n", name);
        (cells[0], cells[1])
    };
    let readme = read("README.md");
    let readme = readme.split_whitespace().collect::<Vec<_>>().join(" ");
    let quoted = |sentence: String| assert!(readme.contains(&sentence), "{sentence}");

    let name = "Open, 100 messages";
    let ((ours, theirs), (few, many)) = (took(name), commands(name));
    quoted(format!(
        "opening a conversation of 100 messages takes {ours} and {few} commands instead of {theirs} and {many}"
    ));
    let name = "Sync, nothing changed";
    let ((ours, theirs), (few, many)) = (took(name), commands(name));
    quoted(format!(
        "a sync without changes {ours} and {few} commands instead of {theirs} and {many}"
    ));
    let (ours, theirs) = kept("Cold start, p50");
    quoted(format!("A cold start in {ours}."));
    quoted(format!("the baseline's server takes {theirs}."));
    let (ours, theirs) = kept("Memory after the first response");
    quoted(format!(
        "A function has {ours} in memory then, the baseline's server {theirs}."
    ));
}
