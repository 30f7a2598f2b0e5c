//! The executables that would be deployed, all running.

use std::collections::HashMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::job::Service;
use super::output::Output;
use super::routes::Routed;

/// The built executables, all of them running, each on a port of its own: as on Vercel, nothing is shared
/// between them but the database. Dropping this stops them.
pub struct Functions {
    output: &'static Output,
    running: HashMap<&'static str, Running>,
}

struct Running {
    port: u16,
    _process: Child,
}

impl Functions {
    pub async fn start(output: &'static Output, variables: &[(&str, &str)]) -> Self {
        let mut running = HashMap::new();
        for (name, function) in &output.functions {
            let started = start(&function.executable, variables).await;
            running.insert(name.as_str(), started);
        }
        Self { output, running }
    }
}

impl Service for Functions {
    /// As Vercel hands a request on: its own path, and what the route matched behind its query.
    fn locate(&self, path: &str) -> (String, String) {
        let (plain, own) = path.split_once('?').unwrap_or((path, ""));
        let Routed::Function { name, query } = self.output.route(plain) else {
            panic!("{path} goes to no function");
        };
        let queries = [own, &query].into_iter().filter(|query| !query.is_empty());
        let query = queries.collect::<Vec<_>>().join("&");
        let mark = if query.is_empty() { "" } else { "?" };
        let port = self.running[name.as_str()].port;
        (
            format!("http://127.0.0.1:{port}"),
            format!("{plain}{mark}{query}"),
        )
    }
}

/// Starts one with nothing in its environment but this, and waits until it listens.
async fn start(executable: &Path, variables: &[(&str, &str)]) -> Running {
    let port = free_port();
    let mut process = Command::new(executable)
        .env_clear()
        .envs(variables.iter().copied())
        .env("VERCEL_DEV_PORT", port.to_string())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let first = lines.next_line().await.unwrap();
    assert_eq!(
        first,
        Some(format!("Dev server listening: {port}")),
        "{executable:?}"
    );
    // Its log lines are shown where a test fails.
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            println!("{line}");
        }
    });
    Running {
        port,
        _process: process,
    }
}

/// The executables take a number only, so one is looked up that is free.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
