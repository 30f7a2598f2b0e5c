//! A function's executable, run as the platform runs it.

use std::net::TcpListener;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use crate::common::{AUTH_SECRET, Client, STORE_TOKEN, Site};

/// How long a test waits for an expected event.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A function's executable, started as the platform starts it: it is told where to listen, and reports on a socket
/// when it has started and when each invocation has ended. Dropping this stops it.
pub struct Function {
    process: Child,
    port: u16,
    messages: UnboundedReceiver<Value>,
    _socket: TempDir,
}

impl Function {
    /// Starts `executable` on the database of `site`, and waits until it listens.
    pub async fn start(executable: &str, site: &Site, variables: &[(&str, &str)]) -> Self {
        let socket = tempfile::tempdir().unwrap();
        let path = socket.path().join("ipc.sock");
        let messages = listen(&path);
        let port = free_port();
        let process = Command::new(executable)
            .env_clear()
            .env("UPSTASH_REDIS_REST_URL", site.front.url())
            .env("UPSTASH_REDIS_REST_TOKEN", STORE_TOKEN)
            .env("AUTH_SECRET", AUTH_SECRET)
            .env("VERCEL_ENV", "production")
            .env("VERCEL_DEV_PORT", port.to_string())
            .env("VERCEL_IPC_PATH", &path)
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut function = Self {
            process,
            port,
            messages,
            _socket: socket,
        };
        assert_eq!(function.next_message().await["type"], "server-started");
        function
    }

    /// `user` as a caller of this function, whose requests are all of the invocation `id`.
    pub fn invoked_by(&self, user: &Client, id: &str) -> Client {
        Client::new(format!("http://127.0.0.1:{}", self.port), None)
            .with_token(user.token())
            .with_header("x-vercel-internal-invocation-id", id)
            .with_header("x-vercel-internal-request-id", "1")
    }

    /// Waits until an invocation has ended, and says which.
    pub async fn ended_invocation(&mut self) -> String {
        let message = self.next_message().await;
        assert_eq!(message["type"], "end");
        let id = &message["payload"]["context"]["invocationId"];
        id.as_str().unwrap().to_owned()
    }

    /// Panics if an invocation has ended, or ends soon.
    pub async fn expect_no_end_soon(&mut self) {
        let message = timeout(Duration::from_millis(300), self.messages.recv()).await;
        assert!(message.is_err(), "{message:?}");
    }

    /// Asks it to end, as the platform does.
    pub async fn terminate(&self) {
        let id = self.process.id().unwrap().to_string();
        let kill = Command::new("kill").args(["-s", "TERM", &id]).status();
        assert!(kill.await.unwrap().success());
    }

    /// Waits until it exits on its own.
    pub async fn exit_status(&mut self) -> ExitStatus {
        timeout(PATIENCE, self.process.wait())
            .await
            .unwrap()
            .unwrap()
    }

    async fn next_message(&mut self) -> Value {
        let message = timeout(PATIENCE, self.messages.recv()).await;
        message.unwrap().unwrap()
    }
}

/// Takes what the function says on its socket.
fn listen(path: &Path) -> UnboundedReceiver<Value> {
    let listener = UnixListener::bind(path).unwrap();
    let (sender, receiver) = unbounded_channel();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        pass_on(stream, sender).await;
    });
    receiver
}

/// Messages are JSON with a zero behind each.
async fn pass_on(stream: UnixStream, messages: UnboundedSender<Value>) {
    let mut texts = BufReader::new(stream).split(0);
    while let Ok(Some(text)) = texts.next_segment().await {
        // It fails when the test is over.
        let _ = messages.send(serde_json::from_slice(&text).unwrap());
    }
}

/// The executable takes a number only, so one is looked up that is free.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
