//! What Vercel makes of this repository, tested with Vercel's own command line: `vercel build` and `vercel dev`, on
//! copies, without an account; and whether the executables that would be deployed work.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod common;
mod vercel;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use common::events::{Event, Events};
use common::{AUTH_SECRET, STORE_TOKEN, Site, message};
use conversation_store::Config;
use reqwest::Method;
use serde_json::json;
use vercel::{Dev, Functions, Output, Routed, Tree, User, main_job, say};

/// The most that Vercel's Hobby plan takes.
const MOST_FUNCTIONS: usize = 12;

/// The time limit of a function in seconds, except for those below.
const SECONDS: u64 = 30;

/// The time limit of functions that stream, in seconds.
const STREAM_SECONDS: u64 = 300;
const STREAMS: [&str; 2] = ["/api/export", "/api/sync"];

#[test]
fn every_file_of_api_is_a_function_and_nothing_else() {
    let Some(output) = Output::get() else { return };
    let files = output.tree.files.iter();
    // A name that begins with an underscore says that a file is no function.
    let is_function = |file: &&PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        file.starts_with("api") && !name.starts_with('_')
    };
    let sources = files.filter(is_function);
    let expected: BTreeSet<String> = sources
        .map(|file| format!("/{}", file.with_extension("").display()))
        .collect();
    let built: BTreeSet<String> = output.functions.keys().cloned().collect();
    assert_eq!(built, expected);
    assert!(built.len() <= MOST_FUNCTIONS, "{} functions", built.len());
}

#[test]
fn every_function_is_an_executable_with_its_time_limit() {
    let Some(output) = Output::get() else { return };
    for (name, function) in &output.functions {
        let expected = json!({
            "architecture": "x86_64",
            "environment": {},
            "filePathMap": function.config["filePathMap"],
            "handler": "executable",
            "maxDuration": if STREAMS.contains(&name.as_str()) { STREAM_SECONDS } else { SECONDS },
            "runtime": "executable",
            "runtimeLanguage": "rust",
            "supportsResponseStreaming": true,
        });
        assert_eq!(function.config, expected, "{name}");
        let size = fs::metadata(&function.executable).unwrap().len();
        let megabytes = size as f64 / 1e6;
        say(&format!("{megabytes:5.1} MB  {name}"));
    }
}

#[test]
fn streams_end_before_their_time_is_up() {
    let config = Config::from_lookup(|name| match name {
        "UPSTASH_REDIS_REST_URL" => Some("https://database.example".into()),
        "UPSTASH_REDIS_REST_TOKEN" => Some(STORE_TOKEN.into()),
        "AUTH_SECRET" => Some(AUTH_SECRET.into()),
        _ => None,
    });
    assert!(config.unwrap().stream_duration < Duration::from_secs(STREAM_SECONDS));
}

#[test]
fn files_are_those_of_public_and_no_others() {
    let Some(output) = Output::get() else { return };
    let files = output.tree.files.iter();
    let public: BTreeSet<PathBuf> = files
        .filter_map(|file| file.strip_prefix("public").ok())
        .map(PathBuf::from)
        .collect();
    assert_eq!(output.files, public);
}

#[test]
fn paths_lead_to_functions_with_their_parameters() {
    let Some(output) = Output::get() else { return };
    for (path, name, query) in [
        ("/api/conversations", "/api/conversations", ""),
        ("/api/conversations/x", "/api/conversations/[id]", "id=x"),
        (
            "/api/conversations/messages",
            "/api/conversations/[id]",
            "id=messages",
        ),
        (
            "/api/conversations/x/messages",
            "/api/conversations/[id]/messages",
            "id=x",
        ),
        (
            "/api/conversations/x/messages/y",
            "/api/conversations/[id]/messages/[messageId]",
            "id=x&messageId=y",
        ),
        ("/api/health/redis", "/api/metrics", ""),
        ("/api/session", "/api/session", ""),
        ("/api/sync", "/api/sync", ""),
    ] {
        let (name, query) = (name.to_owned(), query.to_owned());
        assert_eq!(
            output.route(path),
            Routed::Function { name, query },
            "{path}"
        );
    }
    for path in [
        "/api",
        "/api/other",
        "/api/conversations/x/y",
        "/api/health",
        "/src/lib.rs",
        "/Cargo.toml",
    ] {
        assert_eq!(output.route(path), Routed::NotFound, "{path}");
    }
}

#[test]
fn pages_have_plain_addresses_and_headers_that_protect_them() {
    let Some(output) = Output::get() else { return };
    for file in &output.files {
        let file = file.to_str().unwrap();
        let Some(name) = file.strip_suffix(".html") else {
            assert_eq!(
                output.route(&format!("/{file}")),
                Routed::File(file.to_owned())
            );
            continue;
        };
        let address = format!("/{}", if name == "index" { "" } else { name });
        assert_eq!(output.route(&address), Routed::File(file.to_owned()));
        assert_eq!(output.route(&format!("/{file}")), Routed::Redirect(address));
    }
    assert_eq!(
        output.header("/", "X-Content-Type-Options"),
        Some("nosniff")
    );
    // The functions set their own.
    assert_eq!(
        output.header("/api/session", "X-Content-Type-Options"),
        None
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_executables_do_their_work() {
    let Some(output) = Output::get() else { return };
    let site = Site::embedded().await;
    let functions = Functions::start(output, &variables(&site.front.url())).await;
    main_job(&functions).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_executable_streams_what_another_writes() {
    let Some(output) = Output::get() else { return };
    let site = Site::embedded().await;
    let functions = Functions::start(output, &variables(&site.front.url())).await;
    let user = User::new(&functions).await;
    let (client, path) = user.client("/api/sync");
    let mut events = Events::open(&client, &path, None).await;
    let first = events.next().await;
    assert_eq!(
        (first.name.as_str(), &first.data["changed"]),
        ("sync", &json!([]))
    );

    let conversation = json!({ "id": "c", "messages": [message("m", "user", "Hello")] });
    let created = user
        .send(Method::POST, "/api/conversations", Some(conversation))
        .await;
    created.expect(201);
    while !tells_of(&events.next().await, "c") {}
}

/// Whether an event is a notice of a conversation, or a page of changes that has it.
fn tells_of(event: &Event, id: &str) -> bool {
    let changed = event.data["changed"].as_array();
    event.data["conversationId"] == id
        || changed.is_some_and(|list| list.iter().any(|item| item["id"] == id))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vercel_dev_serves_the_functions_and_the_pages() {
    let Some(tree) = Tree::copy("dev") else {
        return;
    };
    let site = Site::embedded().await;
    let dev = Dev::start(&tree, &variables(&site.front.url())).await;
    main_job(&dev).await;

    let home = reqwest::get(&dev.url).await.unwrap();
    assert_eq!(home.status(), 200);
    assert_eq!(home.headers()["x-content-type-options"], "nosniff");
    assert!(home.text().await.unwrap().contains("<!doctype html>"));
    for path in ["/Cargo.toml", "/src/lib.rs", "/.env", "/api/other"] {
        let response = reqwest::get(format!("{}{path}", dev.url)).await.unwrap();
        assert_eq!(response.status(), 404, "{path}");
    }
}

/// The variables that a deployment requires.
fn variables(store: &str) -> [(&'static str, &str); 3] {
    [
        ("UPSTASH_REDIS_REST_URL", store),
        ("UPSTASH_REDIS_REST_TOKEN", STORE_TOKEN),
        ("AUTH_SECRET", AUTH_SECRET),
    ]
}
