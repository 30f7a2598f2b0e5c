//! What holds the repository together: each file of api/ is one function, and is listed as one.

use std::fs;
use std::path::{Path, PathBuf};

use conversation_store::http::route_of;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn functions(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(functions(&path));
        } else {
            let relative = path.strip_prefix(root()).unwrap();
            found.push(relative.to_str().unwrap().to_owned());
        }
    }
    found.sort();
    found
}

#[test]
fn every_file_of_api_is_a_binary_and_mounted_locally() {
    let functions = functions(&root().join("api"));
    assert!(
        functions.len() <= 12,
        "Vercel's Hobby plan takes 12 functions"
    );
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let mounted = fs::read_to_string(root().join("local/src/functions.rs")).unwrap();
    for path in &functions {
        assert!(
            manifest.contains(&format!("path = \"{path}\"")),
            "{path} in Cargo.toml"
        );
        assert!(
            mounted.contains(&format!("\"../../{path}\"")),
            "{path} in the local server"
        );
    }
    for path in &functions {
        let pattern = format!("/{}", path.trim_end_matches(".rs"))
            .replace('[', "{")
            .replace(']', "}");
        let asked = pattern.replace(['{', '}'], "-");
        assert_eq!(route_of(&asked), pattern, "{path} in src/http/route.rs");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), functions.len());
}

#[test]
fn no_file_of_src_makes_vercel_ignore_api() {
    assert!(!root().join("src/main.rs").exists());
}

#[test]
fn every_script_declares_itself() {
    const FLAGS: [&str; 3] = ["", ",no-writes", ",allow-oom"];
    let entries = fs::read_dir(root().join("src/lua")).unwrap();
    let scripts = entries.map(|entry| entry.unwrap().path());
    for path in scripts.filter(|path| path.is_file()) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let source = fs::read_to_string(&path).unwrap();
        // Without the first flag a script stops all others.
        let is_flagged = FLAGS
            .iter()
            .any(|flags| source.starts_with(&format!("#!lua flags=allow-key-locking{flags}\n-- ")));
        assert!(is_flagged, "{name}: flags, then a header");
        for section in ["-- KEYS ", "-- Returns ", "-- Billed "] {
            assert!(source.contains(section), "{name}: {section}");
        }
        assert!(!source.contains("cjson"), "{name} decodes JSON");
    }
}
