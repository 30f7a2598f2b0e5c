//! Subscriptions, over the engine and over Redis.

use std::time::Duration;

use crate::support::{Local, READ_ONLY_TOKEN, Rest};
use embedded_store::front::Fault;
use reqwest::{Method, Response};
use serde_json::json;

/// The events of one subscription.
struct Events {
    response: Response,
    text: String,
}

impl Events {
    async fn of(rest: &Rest, path: &str) -> Self {
        let request = rest
            .request(Method::POST, path)
            .header("Accept", "text/event-stream");
        let response = request.body("[]").send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let text = String::new();
        Self { response, text }
    }

    /// The next event, without the blank line at its end.
    async fn next(&mut self) -> String {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = event.to_owned();
                self.text = rest.to_owned();
                return event;
            }
            let chunk = tokio::time::timeout(Duration::from_secs(5), self.response.chunk());
            let chunk = chunk.await.unwrap().unwrap().unwrap();
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

#[tokio::test]
async fn messages_reach_the_subscribers_of_their_channel() {
    for local in Local::all().await {
        let rest = &local.rest;
        let mut one = Events::of(rest, "/subscribe/news").await;
        let mut two = Events::of(rest, "/subscribe/news/a%20b").await;
        assert_eq!(one.next().await, "data: subscribe,news,1");
        assert_eq!(two.next().await, "data: subscribe,news,1");
        assert_eq!(two.next().await, "data: subscribe,a b,2");
        let published = rest.post("/publish/news/hello%2C%20you", json!(null));
        // The JSON body is one argument too many.
        assert_eq!(published.await.status, 400);
        assert_eq!(
            rest.get("/publish/news/hello%2C%20you").await.json["result"],
            2
        );
        assert_eq!(rest.result(json!(["PUBLISH", "a b", "x\ny"])).await, 1);
        assert_eq!(one.next().await, "data: message,news,hello, you");
        assert_eq!(two.next().await, "data: message,news,hello, you");
        assert_eq!(two.next().await, "data: message,a b,x\ndata: y");
        assert_eq!(local.front.counts().subscriptions, 2);
    }
}

#[tokio::test]
async fn stopping_the_front_ends_the_streams() {
    for local in Local::all().await {
        let mut events = Events::of(&local.rest, "/subscribe/news").await;
        events.next().await;
        local.front.stop().await;
        let rest = events.response.chunk().await;
        assert!(matches!(rest, Err(_) | Ok(None)));
    }
}

#[tokio::test]
async fn faults_leave_subscriptions_alone_unless_asked() {
    let local = Local::embedded().await;
    let code = 502;
    let retry_after = None;
    local
        .front
        .faults()
        .push(Fault::Status { code, retry_after }, 1);
    Events::of(&local.rest, "/subscribe/news").await;
    local.front.faults().set_on_subscribe(true);
    let request = local.rest.request(Method::GET, "/subscribe/news");
    assert_eq!(request.send().await.unwrap().status(), 502);
    Events::of(&local.rest, "/subscribe/news").await;
}

#[tokio::test]
async fn the_read_only_token_does_not_subscribe() {
    let local = Local::embedded().await;
    let rest = local.rest.with_token(READ_ONLY_TOKEN);
    let response = rest.get("/subscribe/news").await;
    assert_eq!(response.status, 400);
    assert!(
        response.json["error"]
            .as_str()
            .unwrap()
            .starts_with("NOPERM ")
    );
}
