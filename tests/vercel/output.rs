//! What `vercel build` wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::{Value, json};

use super::command::{cargo_build, run, vercel};
use super::tree::{Tree, files_below};

/// What `vercel build` made: what `vercel deploy` would upload.
#[derive(Debug)]
pub struct Output {
    pub tree: Tree,
    /// Routes, and what else Vercel is told.
    pub config: Value,
    /// By the path they are at: `/api/conversations/[id]`.
    pub functions: BTreeMap<String, Function>,
    /// What is served as a file, from `/`.
    pub files: BTreeSet<PathBuf>,
}

/// One of the functions.
#[derive(Debug)]
pub struct Function {
    pub config: Value,
    pub executable: PathBuf,
}

impl Output {
    /// The output for this very state of the repository; made once for all tests. `None` where Vercel's command
    /// line is missing.
    pub fn get() -> Option<&'static Self> {
        static OUTPUT: OnceLock<Option<Output>> = OnceLock::new();
        OUTPUT
            .get_or_init(|| Tree::copy("build").map(Self::build))
            .as_ref()
    }

    fn build(tree: Tree) -> Self {
        // What `vercel link` writes: without it the command line asks for an account.
        let project =
            json!({ "projectId": "prj_x", "orgId": "team_x", "settings": { "framework": null } });
        tree.write(".vercel/project.json", &project.to_string());
        cargo_build(&tree.path, &["--release"]);
        run(vercel(&tree.path).args(["build", "--yes"]));

        let folder = tree.path.join(".vercel/output");
        let files = files_below(&folder.join("static"));
        let config = serde_json::from_str(&tree.read(".vercel/output/config.json")).unwrap();
        let functions = functions(&tree);
        Self {
            tree,
            config,
            functions,
            files,
        }
    }
}

fn functions(tree: &Tree) -> BTreeMap<String, Function> {
    let found = files_below(&tree.path.join(".vercel/output/functions"));
    let mut functions = BTreeMap::new();
    for file in found {
        let name = file.parent().unwrap().to_str().unwrap();
        assert!(file.ends_with(".vc-config.json"), "{file:?} is not known");
        let name = format!("/{}", name.strip_suffix(".func").unwrap());
        let config = tree.read(&format!(
            ".vercel/output/functions{name}.func/.vc-config.json"
        ));
        let config: Value = serde_json::from_str(&config).unwrap();
        let handler = config["handler"].as_str().unwrap();
        let executable = config["filePathMap"][handler].as_str().unwrap();
        let executable = tree.path.join(executable);
        functions.insert(name, Function { config, executable });
    }
    functions
}
