//! The running service, behind a gate.

use std::path::{Path, PathBuf};

use local::options::Options;
use local::run::Running;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::gate::{Gate, Mode};
use super::machine::Machine;

/// The service with a store in memory.
pub struct Service {
    running: Running,
    pub gate: Gate,
}

impl Service {
    pub async fn start() -> Self {
        let options = Options {
            port: 0,
            store_port: 0,
            data: PathBuf::new(),
            ephemeral: true,
            public: Path::new(env!("CARGO_MANIFEST_DIR")).join("../public"),
            redis: None,
        };
        let running = Running::start(&options).await.unwrap();
        let gate = Gate::before(running.url().replace("http://", "")).await;
        Self { running, gate }
    }

    /// Where machines reach it, through the gate.
    pub fn url(&self) -> String {
        self.gate.url()
    }

    pub fn set(&self, mode: Mode) {
        self.gate.set(mode);
    }

    /// A machine of a new user.
    pub async fn machine(&self) -> Machine {
        let machine = Machine::new(&self.url());
        machine.run(&["login", "--new"]).await.expect(0);
        machine
    }

    /// Another machine of the same user, which goes past the gate.
    pub async fn other_machine_of(&self, machine: &Machine) -> Machine {
        let other = Machine::new(&self.running.url());
        other
            .run(&["login", &self.code_of(machine).await])
            .await
            .expect(0);
        other
    }

    /// The code that a browser of the same user would show.
    pub async fn code_of(&self, machine: &Machine) -> String {
        let response = self
            .post("/api/session", &machine.token(), r#"{"action":"link"}"#)
            .await;
        response["code"].as_str().unwrap().to_owned()
    }

    /// What a browser would send.
    pub async fn post(&self, path: &str, token: &str, body: &str) -> Value {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let response = self.raw(&request).await;
        let (_, body) = response.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap_or_else(|_| panic!("{response}"))
    }

    /// Sends a request and returns the response, both as they are, past the gate.
    pub async fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.running.url().replace("http://", ""))
            .await
            .unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        response
    }
}
