//! What holds the repository together: the table of routes, `api/`, `Cargo.toml` and `vercel.json` agree.

use std::fs;
use std::path::Path;

use crate::common::repository;
use conversation_store::http::Route;
use serde_json::Value;

fn functions(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        // Vercel makes no function of these.
        if name.starts_with('_') {
            continue;
        }
        if path.is_dir() {
            found.extend(functions(&path));
        } else {
            let relative = path.strip_prefix(repository()).unwrap();
            found.push(relative.to_str().unwrap().to_owned());
        }
    }
    found.sort();
    found
}

#[test]
fn every_file_of_api_is_a_route_of_the_table() {
    let functions = functions(&repository().join("api"));
    assert!(
        functions.len() <= 12,
        "Vercel's Hobby plan takes 12 functions"
    );
    let mut files: Vec<&str> = Route::with_functions().map(Route::file).collect();
    files.sort_unstable();
    assert_eq!(files, functions);
}

#[test]
fn a_route_without_a_function_is_rewritten_to_one_that_serves_it() {
    let settings = fs::read_to_string(repository().join("vercel.json")).unwrap();
    let settings: Value = serde_json::from_str(&settings).unwrap();
    let rewrites = settings["rewrites"].as_array().unwrap();
    let own: Vec<Route> = Route::with_functions().collect();
    let all = Route::ALL.iter().copied();
    let shared: Vec<Route> = all.filter(|route| !own.contains(route)).collect();
    assert!(!shared.is_empty());
    assert_eq!(rewrites.len(), shared.len());
    for (rewrite, route) in rewrites.iter().zip(shared) {
        assert_eq!(rewrite["source"], route.pattern());
        let target = Route::find(rewrite["destination"].as_str().unwrap()).unwrap();
        let source = fs::read_to_string(repository().join(target.file())).unwrap();
        let function = format!("conversation_store::function!({target:?}, handle; {route:?}, ");
        assert!(source.contains(&function), "{}: {function}", target.file());
        let file = Path::new(route.file()).strip_prefix("api").unwrap();
        let module = format!("#[path = \"{}\"]", file.display());
        assert!(source.contains(&module), "{}: {module}", target.file());
    }
}

#[test]
fn a_pattern_is_the_path_that_vercel_makes_of_the_file() {
    for route in Route::ALL {
        let pattern = format!("/{}", route.file().trim_end_matches(".rs"))
            .replace("/_", "/")
            .replace('[', "{")
            .replace(']', "}");
        assert_eq!(route.pattern(), pattern);
    }
}

#[test]
fn every_route_is_a_binary() {
    let manifest = fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    for route in Route::with_functions() {
        let (name, file) = (route.name(), route.file());
        let binary = format!("[[bin]]\nname = \"{name}\"\npath = \"{file}\"\n");
        assert!(manifest.contains(&binary), "{file} in Cargo.toml");
    }
    assert_eq!(
        manifest.matches("[[bin]]").count(),
        Route::with_functions().count()
    );
}

#[test]
fn every_route_has_a_time_limit() {
    let settings = fs::read_to_string(repository().join("vercel.json")).unwrap();
    let settings: Value = serde_json::from_str(&settings).unwrap();
    let limits = settings["functions"].as_object().unwrap();
    let is_meant = |pattern: &str, file: &str| match pattern.split_once("**/*") {
        Some((directory, end)) => file.starts_with(directory) && file.ends_with(end),
        None => file == pattern,
    };
    let files = || Route::ALL.iter().map(|route| route.file());
    for (pattern, limit) in limits {
        assert!(limit["maxDuration"].is_u64(), "{pattern}");
        assert!(files().any(|file| is_meant(pattern, file)), "{pattern}");
    }
    for file in files() {
        assert!(
            limits.keys().any(|pattern| is_meant(pattern, file)),
            "{file} in vercel.json"
        );
    }
}

#[test]
fn a_handler_runs_as_its_own_route() {
    for route in Route::with_functions() {
        let source = fs::read_to_string(repository().join(route.file())).unwrap();
        let function = format!("conversation_store::function!({route:?}, handle");
        assert!(source.contains(&function), "{}: {function}", route.file());
    }
}

#[test]
fn no_file_of_src_makes_vercel_ignore_api() {
    assert!(!repository().join("src/main.rs").exists());
}

#[test]
fn every_script_declares_itself() {
    const FLAGS: [&str; 3] = ["", ",no-writes", ",allow-oom"];
    let entries = fs::read_dir(repository().join("src/lua")).unwrap();
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
