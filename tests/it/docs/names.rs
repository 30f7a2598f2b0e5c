//! What the pages name in code is there: paths, and what commands of cargo and npm name.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{pages, prose};
use crate::common::repository;

/// Pages that tell of paths elsewhere: in earlier releases, and in other repositories.
const ELSEWHERE: [&str; 2] = ["CHANGELOG.md", "importers/tests/data/README.md"];

/// The code spans of a page, also those that are broken across lines.
fn code_spans(text: &str) -> Vec<String> {
    let prose = prose(text).collect::<Vec<_>>().join("\n");
    let spans = prose.split('`').skip(1).step_by(2);
    spans.map(str::to_owned).collect()
}

/// The path that a code span names, or begins with.
fn path_of<'a>(span: &'a str, folders: &BTreeSet<String>) -> Option<&'a str> {
    let word = span.split_whitespace().next()?;
    let (first, _) = word.split_once('/')?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-[]".contains(c);
    // What is built or installed is not always there.
    let is_made = ["node_modules", "client/dist"]
        .iter()
        .any(|made| word.contains(made));
    (folders.contains(first) && word.chars().all(is_plain) && !is_made).then_some(word)
}

#[test]
fn every_path_is_there() {
    let entries = fs::read_dir(repository()).unwrap();
    let entries = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let folders: BTreeSet<String> = entries.filter(|name| name != "target").collect();
    let (mut missing, mut count) = (Vec::new(), 0);
    for page in pages() {
        if ELSEWHERE.iter().any(|other| page.ends_with(other)) {
            continue;
        }
        let text = fs::read_to_string(&page).unwrap();
        let spans = code_spans(&text);
        for path in spans.iter().filter_map(|span| path_of(span, &folders)) {
            count += 1;
            // Pages on the client leave `client/src` out, and each speaks of its own folder.
            let places = [
                repository(),
                repository().join("client/src"),
                page.parent().unwrap().to_owned(),
            ];
            if !places.iter().any(|place| place.join(path).exists()) {
                missing.push(format!("{}: {path}", page.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(count > 100, "only {count} paths were found");
}

/// The words of each command of a page that begins like this, in code spans and blocks.
fn commands<'a>(text: &'a str, start: &str) -> Vec<Vec<&'a str>> {
    let starts = text.match_indices(start).map(|(at, _)| &text[at..]);
    let commands = starts.map(|rest| {
        let end = rest.find(['`', '#', '|', ';', '&']).unwrap_or(rest.len());
        rest[..end].split_whitespace().collect::<Vec<_>>()
    });
    commands.collect()
}

/// The word behind an option of a command.
fn option<'a>(command: &[&'a str], name: &str) -> Option<&'a str> {
    let at = command.iter().position(|word| *word == name)?;
    command.get(at + 1).copied()
}

/// A package of the workspace: its folder, and the one of its tests.
fn folders_of(package: &str) -> (&str, PathBuf) {
    match package {
        "conversation-store" => ("", PathBuf::from("tests")),
        "integration" => ("tests", PathBuf::from("tests")),
        name => (name, Path::new(name).join("tests")),
    }
}

/// What is wrong with a command of cargo, or `None`.
fn problem(command: &[&str]) -> Option<String> {
    let package = option(command, "-p").unwrap_or("conversation-store");
    let (folder, tests) = folders_of(package);
    let is_file = |path: PathBuf| repository().join(path).is_file();
    if !is_file(Path::new(folder).join("Cargo.toml")) {
        return Some(format!("no package {package}"));
    }
    if let Some(example) = option(command, "--example") {
        let example = Path::new("examples").join(example);
        if !is_file(example.with_extension("rs")) && !is_file(example.join("main.rs")) {
            return Some("no such example".to_owned());
        }
    }
    let program = option(command, "--test")?;
    let manifest = fs::read_to_string(repository().join(folder).join("Cargo.toml")).unwrap();
    let is_named = manifest.contains(&format!("[[test]]\nname = \"{program}\"\n"));
    let names_all = ["conversation-store", "integration"].contains(&package);
    if !is_named && (names_all || !is_file(tests.join(program).join("main.rs"))) {
        return Some(format!("{package} has no such tests"));
    }
    let filter = option(command, program).filter(|word| !word.starts_with('-'))?;
    let module = format!("mod {};", filter.split("::").next().unwrap());
    let main = tests.join(program).join("main.rs");
    let modules = fs::read_to_string(repository().join(main)).unwrap_or_default();
    (!modules.contains(&module)).then(|| format!("no module {filter}"))
}

#[test]
fn every_command_of_cargo_names_what_there_is() {
    let (mut problems, mut count) = (Vec::new(), 0);
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for start in ["cargo test", "cargo run"] {
            for command in commands(&text, start) {
                count += 1;
                if let Some(problem) = problem(&command) {
                    problems.push(format!(
                        "{}: {}: {problem}",
                        page.display(),
                        command.join(" ")
                    ));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(count > 50, "only {count} commands were found");
}

#[test]
fn every_script_of_npm_is_there() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for command in commands(&text, "npm run") {
            let Some(folder) = option(&command, "--prefix") else {
                continue;
            };
            let script = format!("\"{}\":", command[2]);
            let package = repository().join(folder).join("package.json");
            let package = fs::read_to_string(package).unwrap();
            assert!(package.contains(&script), "{}: {command:?}", page.display());
        }
    }
}
