//! Server-sent events, read from an open stream.

use reqwest::Response;
use serde_json::Value;

use super::{Client, contract};

/// A stream of server-sent events.
pub struct Events {
    response: Response,
    buffer: String,
}

/// One of them.
#[derive(Debug)]
pub struct Event {
    pub name: String,
    pub id: Option<String>,
    pub data: Value,
}

impl Events {
    pub async fn open(client: &Client, path: &str, last_event_id: Option<&str>) -> Self {
        let mut request = client.raw(path).header("accept", "text/event-stream");
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            response,
            buffer: String::new(),
        }
    }

    /// The place for resuming with the next stream.
    pub fn place(&self) -> String {
        let place = &self.response.headers()["stream-place"];
        place.to_str().unwrap().to_owned()
    }

    /// The next event; comments are passed over.
    pub async fn next(&mut self) -> Event {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let text: String = self.buffer.drain(..end + 2).collect();
                if let Some(event) = parse(&text) {
                    return event;
                }
                continue;
            }
            let chunk =
                tokio::time::timeout(std::time::Duration::from_secs(10), self.response.chunk());
            let chunk = chunk.await.unwrap().unwrap();
            self.buffer
                .push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
        }
    }

    /// Whether the server ended the stream, and did so in order.
    pub async fn ended(&mut self) -> bool {
        matches!(self.response.chunk().await, Ok(None))
    }
}

fn parse(text: &str) -> Option<Event> {
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            .map(str::to_owned)
    };
    let event = Event {
        name: field("event")?,
        id: field("id"),
        data: serde_json::from_str(&field("data")?).unwrap(),
    };
    match event.name.as_str() {
        "sync" => contract::check_component("Changes", &event.data),
        "change" => contract::check_component("Change", &event.data),
        name => assert!(matches!(name, "erase" | "reconnect"), "{name}"),
    }
    Some(event)
}
