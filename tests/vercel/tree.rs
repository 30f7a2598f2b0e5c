//! A copy of what would be deployed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::skip_without;

use super::command::{folder, is_vercel_there};
use crate::common::repository;

/// A copy of what would be deployed: the files that Git knows, or would take.
#[derive(Debug)]
pub struct Tree {
    pub path: PathBuf,
    pub files: BTreeSet<PathBuf>,
}

impl Tree {
    /// The copy of this name, made or brought up to date. `None` where Git or Vercel's command line is missing;
    /// with `REQUIRE_ALL=1` that is a failure.
    pub fn copy(name: &str) -> Option<Self> {
        if !is_vercel_there() {
            skip_without(
                "tests of a Vercel build",
                "npm install --no-save in tests/vercel",
            )
            .unwrap();
            return None;
        }
        let Some(files) = known_files() else {
            skip_without("tests of a Vercel build", "use a clone made by Git").unwrap();
            return None;
        };
        let tree = Self {
            path: folder().join(name),
            files,
        };
        tree.update();
        Some(tree)
    }

    /// Leaves what is unchanged alone, so that it is not built again, and removes what is not of the copy.
    fn update(&self) {
        fs::create_dir_all(&self.path).unwrap();
        for file in files_below(&self.path) {
            if !self.files.contains(&file) {
                fs::remove_file(self.path.join(file)).unwrap();
            }
        }
        for file in &self.files {
            let (from, to) = (repository().join(file), self.path.join(file));
            let content = fs::read(from).unwrap();
            if fs::read(&to).is_ok_and(|copied| copied == content) {
                continue;
            }
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(to, content).unwrap();
        }
    }

    pub fn write(&self, file: &str, text: &str) {
        let path = self.path.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path.join(file)).unwrap()
    }
}

fn known_files() -> Option<BTreeSet<PathBuf>> {
    let listed = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(repository())
        .output();
    let listed = listed.ok().filter(|output| output.status.success())?;
    let listed = String::from_utf8(listed.stdout).unwrap();
    let files = listed.split_terminator('\0').map(PathBuf::from);
    Some(
        files
            .filter(|file| repository().join(file).is_file())
            .collect(),
    )
}

/// All files below `folder`, named from there.
pub fn files_below(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    collect(folder, folder, &mut found);
    found
}

fn collect(root: &Path, folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, found);
        } else {
            found.insert(path.strip_prefix(root).unwrap().to_owned());
        }
    }
}
