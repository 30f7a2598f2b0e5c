//! The documentation: every relative link in it leads somewhere, what it names is there, the README stays short, and every
//! source file says what it is for.

mod figures;
mod names;
mod tables;

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::repository;

/// The most words that README.md may have, as `wc -w` counts them.
const README_WORDS: usize = 1_200;

/// Pages outside of `docs/`.
const PAGES: [&str; 10] = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "client/README.md",
    "clients/python/README.md",
    "embedded-store/README.md",
    "examples/next-ai-sdk/README.md",
    "examples/vite-assistant-ui/README.md",
    "importers/tests/data/README.md",
];

/// The pages that are checked.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = PAGES.iter().map(|page| repository().join(page)).collect();
    let entries = fs::read_dir(repository().join("docs")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    pages.extend(paths.filter(|path| path.extension().is_some_and(|end| end == "md")));
    pages.sort();
    pages
}

/// The text outside code blocks, line by line.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// A line without its code spans, inside which links do not count.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

/// The targets of links and images.
fn targets(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in prose(text) {
        let line = without_code(line);
        for (start, end) in [("](", ')'), ("src=\"", '"'), ("href=\"", '"')] {
            for rest in line.split(start).skip(1) {
                let target = rest.split(end).next().unwrap();
                found.push(target.split(' ').next().unwrap().to_owned());
            }
        }
    }
    found
}

/// The text of a heading without its markup: a link shows its label only.
fn plain(heading: &str) -> String {
    let mut text = String::new();
    let mut rest = heading;
    while let Some((before, after)) = rest.split_once("](") {
        text.push_str(before);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    text + rest
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let headings = prose(text).filter(|line| {
        let level = line.chars().take_while(|&c| c == '#').count();
        (1..=6).contains(&level) && line[level..].starts_with(' ')
    });
    let anchors = headings.map(|line| {
        let heading = plain(line.trim_start_matches('#').trim()).to_lowercase();
        let kept = heading.chars().filter_map(|c| match c {
            ' ' => Some('-'),
            '-' | '_' => Some(c),
            c => c.is_alphanumeric().then_some(c),
        });
        let anchor: String = kept.collect();
        let count = seen.entry(anchor.clone()).or_default();
        *count += 1;
        match *count {
            1 => anchor,
            count => format!("{anchor}-{}", count - 1),
        }
    });
    anchors.collect()
}

/// What is wrong with a relative link on `page`, or `None`.
fn problem(page: &Path, target: &str) -> Option<String> {
    let is_elsewhere = ["http://", "https://", "mailto:"];
    // Two folders above the README are the pages of the repository at GitHub, wherever it is forked to.
    let is_of_github = page.parent() == Some(&repository()) && target.starts_with("../../");
    if is_of_github || is_elsewhere.iter().any(|start| target.starts_with(start)) {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = match file {
        "" => page.to_owned(),
        file => page.parent().unwrap().join(file),
    };
    if !path.exists() {
        return Some("there is no such file".to_owned());
    }
    if anchor.is_empty() {
        return None;
    }
    let has_anchor = anchors(&fs::read_to_string(path).unwrap()).contains(anchor);
    (!has_anchor).then(|| "there is no such heading".to_owned())
}

#[test]
fn every_relative_link_leads_somewhere() {
    let (mut broken, mut count) = (Vec::new(), 0);
    for page in pages() {
        for target in targets(&fs::read_to_string(&page).unwrap()) {
            count += 1;
            if let Some(problem) = problem(&page, &target) {
                broken.push(format!("{}: {target}: {problem}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(count > 50, "only {count} links were found");
}

#[test]
fn the_readme_is_short() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let words = readme.split_whitespace().count();
    assert!(words <= README_WORDS, "{words} words");
}

#[test]
fn every_page_opens_with_a_heading_and_then_says_what_it_is_for() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let mut lines = text.lines();
        let name = page.display();
        assert!(lines.next().unwrap().starts_with("# "), "{name}: heading");
        let first = lines.find(|line| !line.is_empty()).unwrap();
        assert!(
            first.starts_with(|c: char| c.is_alphabetic() || "[!`".contains(c)),
            "{name}: {first}"
        );
    }
}

#[test]
fn anchors_are_those_of_github() {
    let text =
        "# `vercel dev`, step by step\n```sh\n# no heading\n```\n## A [link](x.md)\n## A link\n";
    let expected = ["vercel-dev-step-by-step", "a-link", "a-link-1"];
    assert_eq!(anchors(text), BTreeSet::from(expected.map(str::to_owned)));
}

#[test]
fn links_inside_code_are_ignored() {
    let text = "[a](b.md#c) `[d](e.md)` <img src=\"f.png\" alt=\"g\">\n```\n[h](i.md)\n```\n";
    assert_eq!(targets(text), ["b.md#c", "f.png"]);
}

/// What builds and installs leave in a checkout, and files of published packages.
const FOREIGN: [&str; 5] = ["target", "node_modules", "dist", "vendor", "next-env.d.ts"];

/// Source files of the repository.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with('.') || FOREIGN.contains(&name) {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
        } else if ["rs", "lua", "ts", "tsx", "js", "mjs", "py"].contains(&extension(&path)) {
            found.push(path);
        }
    }
}

fn extension(path: &Path) -> &str {
    path.extension()
        .and_then(|end| end.to_str())
        .unwrap_or_default()
}

/// Whether the text begins with a comment on the file as a whole.
fn has_file_comment(extension: &str, text: &str) -> bool {
    // A script's first line may hold its flags, or name its interpreter.
    let script = match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("#!") => rest,
        _ => text,
    };
    match extension {
        "rs" => text.starts_with("//! "),
        "lua" => script.starts_with("-- "),
        "py" => script.starts_with("\"\"\"") && !script.starts_with("\"\"\"\n"),
        // Without the empty line it would be a comment on the first declaration.
        _ => {
            let comment = text.split_once("*/\n");
            text.starts_with("/**") && comment.is_some_and(|(_, rest)| rest.starts_with('\n'))
        }
    }
}

#[test]
fn every_source_file_begins_by_saying_what_it_is_for() {
    let mut files = Vec::new();
    sources(&repository(), &mut files);
    assert!(files.len() > 900, "{} files", files.len());
    let mut silent = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let is_generated = text.lines().next().unwrap().contains("; do not edit.");
        if !is_generated && !has_file_comment(extension(&file), &text) {
            silent.push(file.display().to_string());
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn a_comment_on_the_first_declaration_is_none_on_the_file() {
    let declaration = "export const LIMIT = 1;\n";
    let is_said = |comment: &str| has_file_comment("ts", &format!("{comment}{declaration}"));
    assert!(is_said("/** Limits. */\n\n"));
    assert!(is_said("/**\n * Limits.\n */\n\n"));
    assert!(!is_said("/** The limit. */\n"));
    assert!(!is_said("// Limits.\n\n"));
    assert!(!is_said(""));
}
