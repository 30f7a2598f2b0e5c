//! A machine: its own folders, and the program.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::sessions::Exported;

/// A machine with its own home folder.
pub struct Machine {
    home: TempDir,
    api: String,
}

impl Machine {
    pub fn new(api: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join(".claude/projects/-home-me-project")).unwrap();
        Self {
            home,
            api: api.to_owned(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The program with these arguments, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_conversation-store"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("CONVERSATION_STORE_API", &self.api)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    pub async fn run(&self, arguments: &[&str]) -> Run {
        finish(self.command(arguments)).await
    }

    /// With something on standard input.
    pub async fn run_with(&self, arguments: &[&str], input: &str) -> Run {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A program that reads none of it is fine.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        Run::of(child.wait_with_output().await.unwrap())
    }

    /// Syncs, and expects that to succeed.
    pub async fn sync(&self) -> Value {
        self.run(&["sync", "--json"]).await.expect(0).json()
    }

    /// Everything that the service stores for the user.
    pub async fn exported(&self) -> Exported {
        Exported::parse(&self.run(&["export"]).await.expect(0).stdout)
    }

    /// The file of a session.
    pub fn session(&self, name: &str) -> PathBuf {
        self.path(".claude/projects/-home-me-project")
            .join(format!("{name}.jsonl"))
    }

    /// Adds to a session's file.
    pub fn append(&self, name: &str, text: &str) {
        let path = self.session(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    pub fn token_file(&self) -> PathBuf {
        self.path(".config/conversation-store/credentials.json")
    }

    pub fn token(&self) -> String {
        let accounts: Value =
            serde_json::from_slice(&fs::read(self.token_file()).unwrap()).unwrap();
        accounts["accounts"][&self.api]["token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path(".local/state/conversation-store/sync.log"))
            .unwrap_or_default()
    }

    /// A copy of what is in `~/.claude`.
    pub fn copy_sessions_from(&self, other: &Self) {
        copy(&other.path(".claude"), &self.path(".claude"));
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

async fn finish(mut command: Command) -> Run {
    Run::of(command.output().await.unwrap())
}

/// The result of a run of the program.
#[derive(Debug)]
pub struct Run {
    code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    fn of(output: std::process::Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Fails if the exit code differs.
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    /// The first line, as JSON.
    pub fn json(&self) -> Value {
        let line = self.stdout.lines().next().unwrap_or_default();
        serde_json::from_str(line).unwrap_or_else(|_| panic!("{self:?}"))
    }
}
