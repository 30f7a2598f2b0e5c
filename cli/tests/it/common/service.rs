//! The running service, behind a gate.

use std::path::Path;
use std::sync::Arc;

use conversation_store::clock::Clock;
use conversation_store::log::Log;
use conversation_store::{App, Config};
use embedded_store::backend::Backend;
use embedded_store::engine::Engine;
use embedded_store::front::{Front, FrontOptions};
use local::server::WebServer;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::gate::{Gate, Mode};
use super::machine::Machine;

const STORE_TOKEN: &str = "store-token";

/// The service with a store in memory.
pub struct Service {
    web: WebServer,
    _front: Front,
    pub gate: Gate,
}

impl Service {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With these variables set.
    pub async fn with(variables: &[(&str, &str)]) -> Self {
        let backend = Backend::Embedded(Engine::in_memory());
        let front = Front::start(any_port().await, backend, FrontOptions::new(STORE_TOKEN));
        let front = front.await.unwrap();
        let config = Config::from_lookup(|name| {
            let set = variables.iter().find(|(known, _)| *known == name);
            let own = match name {
                "UPSTASH_REDIS_REST_URL" => Some(front.url()),
                "UPSTASH_REDIS_REST_TOKEN" => Some(STORE_TOKEN.to_owned()),
                "AUTH_SECRET" => Some("a secret of more than 32 characters".to_owned()),
                _ => None,
            };
            set.map(|(_, value)| (*value).to_owned()).or(own)
        });
        let app = App::new(config.unwrap(), Clock::default()).unwrap();
        let app = Arc::new(app.with_log(Log::new(|_| {})));
        let public = Path::new(env!("CARGO_MANIFEST_DIR")).join("../public");
        let web = WebServer::start(any_port().await, app, &public).unwrap();
        let gate = Gate::before(web.url().replace("http://", "")).await;
        Self {
            web,
            _front: front,
            gate,
        }
    }

    /// The address for machines, through the gate.
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

    /// Another machine of the same user, which bypasses the gate.
    pub async fn other_machine_of(&self, machine: &Machine) -> Machine {
        let other = Machine::new(&self.web.url());
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

    /// Deletes a conversation, as a browser would.
    pub async fn delete(&self, conversation: &str, token: &str) {
        let request = format!(
            "DELETE /api/conversations/{conversation} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        );
        let response = self.raw(&request).await;
        assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    }

    /// Sends a raw request and returns the raw response, bypassing the gate.
    async fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.web.url().replace("http://", ""))
            .await
            .unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        response
    }
}

async fn any_port() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}
