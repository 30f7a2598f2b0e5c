//! Responses that continue after the handler has returned.

use std::time::{Duration, Instant};

use reqwest::{Method, Response};
use serde_json::json;

use crate::deployment::{Deployment, message};
use crate::on_every_deployment;

on_every_deployment! {
    a_stream_of_events_outlives_its_handler:
        "`/api/sync` is answered while it goes on: each event has to arrive at once, unbuffered, and the \
         function has to stay until `SYNC_STREAM_SECONDS` are over; browsers rely on `reconnect` at its end.";
}

/// The longest that an event may take.
const DELIVERY: Duration = Duration::from_secs(10);

/// How much earlier or later than planned a stream may end.
const SLACK: Duration = Duration::from_secs(12);

async fn a_stream_of_events_outlives_its_handler(deployment: &Deployment) {
    let user = deployment.user().await;
    let began = Instant::now();
    let request = deployment
        .request(Method::GET, "/api/sync")
        .bearer_auth(&user);
    let response = request.header("accept", "text/event-stream").send();
    let response = tokio::time::timeout(DELIVERY, response)
        .await
        .expect("no response in time");
    let mut events = Events::of(response.unwrap());
    events.until("event: sync\n", DELIVERY).await;

    let conversation = json!({ "id": "c-1", "messages": [message("m-1", "text")] });
    let created = deployment
        .send(Method::POST, "/api/conversations", &user, &conversation)
        .await;
    created.expect(201);
    // The first one comes as a page of changes, since a new user has no cursor yet.
    events.until("\"c-1\"", DELIVERY).await;

    let Some(stream) = deployment.stream_seconds() else {
        return;
    };
    events.until("event: reconnect\n", stream + SLACK).await;
    let took = began.elapsed();
    assert!(
        took + Duration::from_secs(1) >= stream,
        "it ended after {took:?}"
    );
    events.end(DELIVERY).await;
}

/// Events as they come.
struct Events {
    response: Response,
    buffer: String,
}

impl Events {
    #[track_caller]
    fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        let kind = response.headers()["content-type"].to_str().unwrap();
        assert!(kind.starts_with("text/event-stream"), "{kind}");
        Self {
            response,
            buffer: String::new(),
        }
    }

    /// Waits for an event with this in it; others are passed over.
    async fn until(&mut self, text: &str, limit: Duration) {
        let found = async {
            loop {
                while let Some(end) = self.buffer.find("\n\n") {
                    let event: String = self.buffer.drain(..end + 2).collect();
                    if event.contains(text) {
                        return;
                    }
                }
                let chunk = self.response.chunk().await.unwrap();
                let chunk = chunk.unwrap_or_else(|| panic!("the stream ended before {text:?}"));
                self.buffer.push_str(&String::from_utf8_lossy(&chunk));
            }
        };
        let found = tokio::time::timeout(limit, found).await;
        found.unwrap_or_else(|_| panic!("no {text:?} within {} s", limit.as_secs()))
    }

    /// Waits until the server has ended the stream in order.
    async fn end(&mut self, limit: Duration) {
        let end = tokio::time::timeout(limit, self.response.chunk()).await;
        let chunk = end
            .expect("the stream goes on")
            .expect("the stream was broken off");
        assert!(chunk.is_none(), "something follows: {chunk:?}");
    }
}
