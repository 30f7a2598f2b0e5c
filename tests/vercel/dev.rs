//! `vercel dev`, running on a copy of the repository.

use std::process::{Command as Blocking, Stdio};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::command::{cargo_build, say, vercel};
use super::job::Service;
use super::tree::Tree;

/// A running `vercel dev`. Dropping this stops it, and what it started.
pub struct Dev {
    pub url: String,
    process: Child,
}

impl Dev {
    /// Serves `tree`, with these variables in its `.env`.
    pub async fn start(tree: &Tree, variables: &[(&str, &str)]) -> Self {
        let lines = variables
            .iter()
            .map(|(name, value)| format!("{name}=\"{value}\"\n"));
        tree.write(".env", &lines.collect::<String>());
        // It would build each function while the first request for it waits.
        cargo_build(&tree.path, &[]);
        say("vercel dev");
        let mut process = Command::from(vercel(&tree.path))
            .args(["dev", "--local", "--yes", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // What it starts can then be stopped along with it.
            .process_group(0)
            .spawn()
            .unwrap();
        let (sender, mut lines) = unbounded_channel();
        forward(process.stdout.take().unwrap(), sender.clone());
        forward(process.stderr.take().unwrap(), sender);
        let mut dev = Self {
            url: String::new(),
            process,
        };
        dev.url = address(&mut lines).await;
        tokio::spawn(async move {
            while let Some(line) = lines.recv().await {
                println!("{line}");
            }
        });
        dev
    }
}

impl Service for Dev {
    fn locate(&self, path: &str) -> (String, String) {
        (self.url.clone(), path.to_owned())
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let group = self.process.id().map(|id| format!("kill -s KILL -- -{id}"));
        let killed = group.map(|kill| Blocking::new("sh").args(["-c", &kill]).status());
        // Where that did not work the process itself goes, at least.
        if !killed.is_some_and(|status| status.is_ok_and(|status| status.success())) {
            let _ = self.process.start_kill();
        }
    }
}

fn forward(stream: impl AsyncRead + Unpin + Send + 'static, sender: UnboundedSender<String>) {
    let mut lines = BufReader::new(stream).lines();
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            // Nobody listens any more where the test has ended.
            let _ = sender.send(line);
        }
    });
}

/// What it says that it listens on.
async fn address(lines: &mut UnboundedReceiver<String>) -> String {
    while let Some(line) = lines.recv().await {
        println!("{line}");
        if let Some((_, url)) = line.split_once("Available at ") {
            return url.trim().to_owned();
        }
    }
    panic!("vercel dev ended before it listened");
}
