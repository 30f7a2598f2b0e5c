//! The program as a reader of the README starts it, and the commands of `docs/api.md` against it.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The running program, killed when dropped.
struct Program {
    process: Child,
    output: BufReader<ChildStdout>,
    port: u16,
}

impl Program {
    /// Starts the program and waits until it says that it runs.
    fn start(port: u16, store_port: u16, arguments: &[&str]) -> Self {
        Self::of(command(port, store_port, arguments), port)
    }

    fn of(mut command: Command, port: u16) -> Self {
        let mut process = command.spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut program = Self {
            process,
            output,
            port,
        };
        let said = program.said_until("Stop it with");
        assert!(said.contains(&format!("http://127.0.0.1:{port}")), "{said}");
        program
    }

    fn said_until(&mut self, end: &str) -> String {
        let mut said = String::new();
        while !said.contains(end) {
            if self.output.read_line(&mut said).unwrap() == 0 {
                let mut error = String::new();
                let mut stderr = self.process.stderr.take().unwrap();
                stderr.read_to_string(&mut error).unwrap();
                panic!("it ended: {said}{error}");
            }
        }
        said
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(port: u16, store_port: u16, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command
        .args(["--port", &port.to_string()])
        .args(["--store-port", &store_port.to_string()])
        .args(arguments)
        .current_dir(root())
        .env_remove("UPSTASH_REDIS_REST_URL")
        .env_remove("REDIS_URL")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs lines in one shell and returns what they print.
fn shell(script: &str) -> String {
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(root())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}\n{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Whether `text` is `pattern`, in which `…` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = parts.next().and_then(|start| text.strip_prefix(start)) else {
        return false;
    };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty()
}

#[test]
fn a_pattern_matches_with_gaps_only() {
    assert!(matches("a…c", "abc") && matches("a…", "abc") && matches("abc", "abc"));
    assert!(!matches("a…d", "abc") && !matches("b…", "abc") && !matches("ab", "abc"));
}

#[test]
fn every_line_of_the_api_guide_prints_what_it_says() {
    let program = Program::start(free_port(), free_port(), &["--ephemeral"]);
    let guide = std::fs::read_to_string(root().join("docs/api.md")).unwrap();
    let (_, section) = guide.split_once("## Try it").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let mut script = String::new();
    let mut expected = Vec::new();
    for block in section.split("```sh\n").skip(1) {
        let (block, _) = block.split_once("```").unwrap();
        for line in block.lines() {
            match line.strip_prefix("# ") {
                Some(output) => expected.push(output),
                // Responses end without a line end.
                None if line.starts_with("curl") => script.push_str(&format!("{line}; echo\n")),
                None => script.push_str(&format!("{line}\n")),
            }
        }
    }
    let script = script.replace(":3000/", &format!(":{}/", program.port));
    let printed = shell(&script);
    let printed: Vec<&str> = printed.lines().collect();
    assert_eq!(printed.len(), expected.len(), "{printed:#?}");
    assert!(expected.len() >= 10);
    for (expected, printed) in expected.iter().zip(printed) {
        assert!(
            matches(expected, printed),
            "said: {expected}\nis:   {printed}"
        );
    }
}

#[test]
fn a_busy_port_names_its_flag() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    for (web, store, flag) in [
        (port, free_port(), "--port"),
        (free_port(), port, "--store-port"),
    ] {
        let output = command(web, store, &["--ephemeral"]).output().unwrap();
        assert!(!output.status.success());
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(&format!("port {port} is in use")), "{error}");
        assert!(error.contains(&format!("{flag} <PORT>")), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_signal_ends_open_streams_in_order() {
    for signal in ["INT", "TERM"] {
        let mut program = Program::start(free_port(), free_port(), &["--ephemeral"]);
        let mut stream = follow(program.port);
        let mut lines = BufReader::new(stream.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == "event: sync"));
        shell(&format!("kill -s {signal} {}", program.process.id()));
        assert!(lines.any(|line| line.unwrap() == "event: reconnect"));
        assert!(stream.wait().unwrap().success(), "the stream broke off");
        program.said_until("Stopped.");
        assert!(program.process.wait().unwrap().success());
    }
}

/// A new user's stream of changes.
fn follow(port: u16) -> Child {
    let session = shell(&format!(
        "curl -sf -X POST http://127.0.0.1:{port}/api/session -H 'content-type: application/json' -d '{{}}'"
    ));
    let session: serde_json::Value = serde_json::from_str(&session).unwrap();
    let token = session["token"].as_str().unwrap();
    Command::new("curl")
        .args(["-sfN", &format!("http://127.0.0.1:{port}/api/sync")])
        .args(["-H", "accept: text/event-stream"])
        .args(["-H", &format!("authorization: Bearer {token}")])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn data_and_tokens_survive_a_kill() {
    let folder = tempfile::TempDir::new().unwrap();
    let data = folder.path().to_str().unwrap().to_owned();
    let (web, store) = (free_port(), free_port());
    let first = Program::start(web, store, &["--data", &data]);
    let api = format!("http://127.0.0.1:{web}/api");
    let token = shell(&format!(
        r#"curl -s -X POST {api}/session | sed 's/.*"token":"\([^"]*\)".*/\1/'"#
    ));
    let auth = format!("-H 'Authorization: Bearer {}'", token.trim());
    shell(&format!(
        "curl -sf {auth} {api}/conversations -d '{{\"id\":\"kept\"}}'"
    ));
    drop(first);
    let _second = Program::start(web, store, &["--data", &data]);
    let opened = shell(&format!("curl -sf {auth} {api}/conversations/kept"));
    assert!(opened.contains("\"id\":\"kept\""), "{opened}");
}

#[test]
fn the_landing_page_is_served() {
    let program = Program::start(free_port(), free_port(), &["--ephemeral"]);
    let page = shell(&format!("curl -sf http://127.0.0.1:{}/", program.port));
    assert!(page.contains("<title>conversation-store</title>"));
    let missing = format!(
        "curl -s -o /dev/null -w '%{{http_code}}' http://127.0.0.1:{}/Cargo.toml",
        program.port
    );
    assert_eq!(shell(&missing), "404");
}

#[test]
fn a_configured_database_is_used_and_no_store_started() {
    let (port, store) = (free_port(), free_port());
    let mut first = command(port, store, &["--ephemeral"]);
    first.env("UPSTASH_REDIS_REST_TOKEN", "given");
    let _first = Program::of(first, port);
    let other_port = free_port();
    // A store would not start: its port is taken.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken_port = taken.local_addr().unwrap().port();
    let mut second = command(other_port, taken_port, &["--ephemeral"]);
    second
        .env(
            "UPSTASH_REDIS_REST_URL",
            format!("http://127.0.0.1:{store}"),
        )
        .env("UPSTASH_REDIS_REST_TOKEN", "given");
    let _second = Program::of(second, other_port);
    let health = shell(&format!(
        "curl -sf http://127.0.0.1:{other_port}/api/health/redis"
    ));
    assert!(health.contains("\"healthy\""), "{health}");
}

#[test]
fn a_shell_that_exports_what_the_program_printed_gets_its_store_again() {
    let (port, store) = (free_port(), free_port());
    for host in ["127.0.0.1", "localhost"] {
        let mut again = command(port, store, &["--ephemeral"]);
        again
            .env("UPSTASH_REDIS_REST_URL", format!("http://{host}:{store}"))
            .env("UPSTASH_REDIS_REST_TOKEN", "given");
        let _again = Program::of(again, port);
        let health = shell(&format!(
            "curl -sf http://127.0.0.1:{port}/api/health/redis"
        ));
        assert!(health.contains("\"healthy\""), "{health}");
        let ping =
            format!("curl -sf http://127.0.0.1:{store}/ping -H 'Authorization: Bearer given'");
        assert_eq!(shell(&ping), "{\"result\":\"PONG\"}");
    }
}

#[test]
fn errors_name_the_misconfigured_option() {
    let mut wrong = command(free_port(), free_port(), &["--ephemeral"]);
    wrong.env("AUTH_SECRET", "short");
    let error = String::from_utf8(wrong.output().unwrap().stderr).unwrap();
    assert!(error.contains("AUTH_SECRET is not valid"), "{error}");
    let redis = format!("redis://:password@127.0.0.1:{}", free_port());
    let mut down = command(
        free_port(),
        free_port(),
        &["--ephemeral", "--redis", &redis],
    );
    let error = String::from_utf8(down.output().unwrap().stderr).unwrap();
    assert!(
        error.contains("--redis") && !error.contains("password"),
        "{error}"
    );
}
