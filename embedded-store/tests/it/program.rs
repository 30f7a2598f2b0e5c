//! The program `embedded-store`: it prints its address, keeps its data, and names the option that is wrong.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::json;
use tempfile::TempDir;

use crate::support::{Rest, TOKEN};

/// The running program, killed when dropped.
struct Program {
    process: Child,
    rest: Rest,
}

impl Program {
    /// Starts the program on a free port, and reads the address that it prints.
    fn start(data: &Path) -> Self {
        let mut process = command()
            .args(["--port", "0", "--data"])
            .arg(data)
            .env("UPSTASH_REDIS_REST_TOKEN", TOKEN)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = lines.next().unwrap().unwrap();
        let url = url.strip_prefix("UPSTASH_REDIS_REST_URL=").unwrap();
        let token = lines.next().unwrap().unwrap();
        assert_eq!(token, format!("UPSTASH_REDIS_REST_TOKEN={TOKEN}"));
        let rest = Rest::new(url.to_owned(), TOKEN);
        Self { process, rest }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_embedded-store"));
    command.env_remove("UPSTASH_REDIS_REST_TOKEN");
    command
}

#[track_caller]
fn assert_names(output: &Output, option: &str) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && errors.contains(option),
        "{errors}"
    );
}

#[tokio::test]
async fn data_survives_a_kill() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("store.log");
    let program = Program::start(&data);
    program.rest.result(json!(["SET", "key", "value"])).await;
    drop(program);
    let program = Program::start(&data);
    assert_eq!(program.rest.result(json!(["GET", "key"])).await, "value");
}

#[test]
fn errors_name_the_option() {
    let folder = TempDir::new().unwrap();
    let data = |path: &Path| command().arg("--data").arg(path).output().unwrap();
    assert_names(&data(folder.path()), "--data");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = command().args(["--port", &port]).output().unwrap();
    assert_names(&output, "--port");
}
