//! The tables that say where things are name what there is in the tree: all of it, and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::repository;

/// What the first column names, in code spans, of the table with this row of headings.
fn named(page: &str, headings: &str) -> BTreeSet<String> {
    let page = fs::read_to_string(repository().join(page)).unwrap();
    let (_, below) = page
        .split_once(&format!("{headings}\n"))
        .unwrap_or_else(|| panic!("no table is headed {headings}"));
    let rows = below
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'));
    let cells = rows.map(|row| row.split('|').nth(1).unwrap());
    let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    names
        .map(|name| name.trim_end_matches('/').to_owned())
        .collect()
}

/// What a folder holds, without what is hidden and what builds and installs leave there.
fn entries(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(repository().join(folder)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        !name.starts_with('.') && name != "target" && name != "node_modules"
    };
    paths.filter(is_ours).collect()
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn folders(folder: &str) -> BTreeSet<String> {
    let all = entries(folder);
    all.iter()
        .filter(|path| path.is_dir())
        .map(|path| file_name(path))
        .collect()
}

#[test]
fn the_parts_that_scripts_share() {
    let named = named("docs/architecture.md", "| part | for |");
    assert_eq!(
        named,
        entries("src/lua/lib")
            .iter()
            .map(|path| file_name(path))
            .collect()
    );
}

#[test]
fn the_modules_of_the_service_layer() {
    let named = named(
        "docs/architecture.md",
        "| module of `src/service` | what it does |",
    );
    let all = entries("src/service");
    let modules = all
        .iter()
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned());
    assert_eq!(named, modules.filter(|name| name != "mod").collect());
}

#[test]
fn the_layers_and_the_modules_beside_them() {
    let mut known = named("docs/architecture.md", "| module | what it holds |");
    known.extend(["http", "service", "store", "upstash"].map(|layer| format!("src/{layer}")));
    let folders = folders("src").into_iter();
    assert_eq!(known, folders.map(|name| format!("src/{name}")).collect());
}

#[test]
fn the_crates() {
    let named = named("docs/architecture.md", "| crate | what it is |");
    let manifest = fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let (_, members) = manifest.split_once("\nmembers = [").unwrap();
    let members = members.split(']').next().unwrap().split('"');
    assert_eq!(
        named,
        members.skip(1).step_by(2).map(str::to_owned).collect()
    );
}

#[test]
fn the_folders_of_the_client() {
    let named = named(
        "docs/architecture.md",
        "| folder of `client/src` | what is there |",
    );
    assert_eq!(named, folders("client/src"));
}

#[test]
fn the_folders_of_the_repository() {
    let named = named("CONTRIBUTING.md", "| folder | what is there |");
    assert_eq!(named, folders(""));
}
