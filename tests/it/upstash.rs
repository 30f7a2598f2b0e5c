//! The client of Upstash's REST interface, against the front: what the routes do not use (yet) too.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use crate::common::{STORE_TOKEN, Site};
use conversation_store::clock::Clock;
use conversation_store::secret::Secret;
use conversation_store::upstash::{
    Command, Reply, Script, Upstash, UpstashConfig, UpstashError, Usage,
};
use embedded_store::front::Fault;

on_both_stores!(
    a_pipeline_returns_its_replies_in_order,
    an_entry_of_a_pipeline_fails_alone,
    any_bytes_come_back_intact,
    a_script_is_sent_by_digest_and_once_by_text,
    a_subscription_receives_published_messages,
    a_request_over_ten_megabytes_is_not_sent,
);

fn client(url: &str) -> Upstash {
    let config = UpstashConfig::new(url, Secret::new(STORE_TOKEN));
    Upstash::new(&config, Clock::default()).unwrap()
}

fn bytes(text: &str) -> Reply {
    Reply::Bytes(text.as_bytes().to_vec())
}

async fn a_pipeline_returns_its_replies_in_order(site: Site) {
    let commands = [
        Command::new("SET").arg("k").arg("2025"),
        Command::new("GET").arg("k"),
        Command::new("INCR").arg("k"),
        Command::new("GET").arg("none"),
        Command::new("MGET").arg("k").arg("none"),
    ];
    let (replies, cost) = site
        .cost_of(async {
            let upstash = client(&site.front.url());
            upstash.pipeline(&Usage::default(), &commands).await
        })
        .await;
    let expected = [
        bytes("OK"),
        bytes("2025"),
        Reply::Int(2026),
        Reply::Nil,
        Reply::List(vec![bytes("2026"), Reply::Nil]),
    ];
    let replies: Result<Vec<_>, _> = replies.unwrap().into_iter().collect();
    assert_eq!(replies.unwrap(), expected);
    assert_eq!((cost.requests, cost.commands), (1, 5));
}

async fn an_entry_of_a_pipeline_fails_alone(site: Site) {
    let commands = [
        Command::new("SET").arg("k").arg("text"),
        Command::new("INCR").arg("k"),
        Command::new("GET").arg("k"),
    ];
    let replies = client(&site.front.url())
        .pipeline(&Usage::default(), &commands)
        .await
        .unwrap();
    assert_eq!(replies[0], Ok(bytes("OK")));
    assert!(
        matches!(&replies[1], Err(UpstashError::Command(text)) if text.starts_with("ERR value"))
    );
    assert_eq!(replies[2], Ok(bytes("text")));
}

async fn any_bytes_come_back_intact(site: Site) {
    let script =
        Script::new("#!lua flags=allow-key-locking\nreturn {'\\255\\0\\254', 'OK', 'null', '5'}");
    let reply = client(&site.front.url())
        .script(&Usage::default(), &script, &[], &[])
        .await
        .unwrap();
    let expected = vec![
        Reply::Bytes(vec![255, 0, 254]),
        bytes("OK"),
        bytes("null"),
        bytes("5"),
    ];
    assert_eq!(reply, Reply::List(expected));
}

async fn a_script_is_sent_by_digest_and_once_by_text(site: Site) {
    let upstash = client(&site.front.url());
    let script = Script::new("#!lua flags=allow-key-locking\nreturn 20 + ARGV[1]");
    for requests in [2, 1] {
        let (reply, cost) = site
            .cost_of(upstash.script(&Usage::default(), &script, &["k"], &["3"]))
            .await;
        assert_eq!(reply.unwrap(), Reply::Int(23));
        assert_eq!(cost.requests, requests);
    }
}

async fn a_subscription_receives_published_messages(site: Site) {
    let upstash = client(&site.front.url());
    let mut subscription = upstash
        .subscribe(&Usage::default(), "user:1:events")
        .await
        .unwrap();
    for text in ["one", "two, with a comma", "{\"three\":3}"] {
        site.command(&["PUBLISH", "user:1:events", text]).await;
        assert_eq!(subscription.next().await.unwrap().as_deref(), Some(text));
    }
    site.faults().refuse(true).await;
    assert!(matches!(
        subscription.next().await,
        Ok(None) | Err(UpstashError::Unreachable(_))
    ));
    assert!(matches!(
        upstash.subscribe(&Usage::default(), "x").await,
        Err(UpstashError::Unreachable(_))
    ));
}

async fn a_request_over_ten_megabytes_is_not_sent(site: Site) {
    let upstash = client(&site.front.url());
    let large = Command::new("SET").arg("k").arg("x".repeat(11_000_000));
    let (result, cost) = site
        .cost_of(upstash.command(&Usage::default(), &large))
        .await;
    assert_eq!(result, Err(UpstashError::TooLarge));
    assert_eq!(cost.requests, 0);
}

#[tokio::test]
async fn a_deadline_ends_a_call_that_gets_no_response() {
    let site = Site::embedded().await;
    let config = UpstashConfig::new(site.front.url(), Secret::new(STORE_TOKEN))
        .with_deadline(Duration::from_millis(120));
    let upstash = Upstash::new(&config, Clock::default()).unwrap();
    site.faults()
        .push(Fault::Delay(Duration::from_secs(60)), 10);
    assert_eq!(
        upstash
            .command(&Usage::default(), &Command::new("PING"))
            .await,
        Err(UpstashError::Timeout)
    );
}

/// Accepts connections one after the other; sends one of `responses` on each and returns what it was sent.
fn server(responses: Vec<&'static str>) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = listener.local_addr().unwrap().to_string();
    let thread = std::thread::spawn(move || {
        let mut requests = Vec::new();
        for response in responses {
            let (mut stream, _) = listener.accept().unwrap();
            let mut buffer = [0; 4_096];
            let length = stream.read(&mut buffer).unwrap();
            requests.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
            stream.write_all(response.as_bytes()).unwrap();
        }
        requests
    });
    (url, thread)
}

#[tokio::test]
async fn the_sync_token_of_a_response_goes_with_the_next_request() {
    const ANSWER: &str = "HTTP/1.1 200 OK\r\nupstash-sync-token: seen-7\r\nconnection: close\r\n\
                          content-length: 17\r\n\r\n{\"result\":\"UE9O\"}";
    let (address, server) = server(vec![ANSWER, ANSWER]);
    let upstash = client(&format!("http://{address}"));
    for _ in 0..2 {
        assert_eq!(
            upstash
                .command(&Usage::default(), &Command::new("PING"))
                .await
                .unwrap(),
            bytes("PON")
        );
    }
    let requests = server.join().unwrap();
    assert!(!requests[0].contains("upstash-sync-token"));
    assert!(requests[1].contains("upstash-sync-token: seen-7"));
    for request in requests {
        assert!(request.contains(&format!("authorization: Bearer {STORE_TOKEN}")));
        assert!(request.contains("upstash-encoding: base64"));
    }
}

#[tokio::test]
async fn a_database_that_does_not_know_a_flag_gets_the_script_without() {
    const UNKNOWN: &str = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 67\r\n\r\n\
                           {\"error\":\"ERR Unexpected flag in script shebang: allow-oom, sorry\"}";
    const OK: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 17\r\n\r\n\
                      {\"result\":\"UE9O\"}";
    let (address, server) = server(vec![UNKNOWN, OK, OK]);
    let upstash = client(&format!("http://{address}"));
    let flagged = Script::new("#!lua flags=allow-key-locking,allow-oom\nreturn 1");
    let plain = Script::new("#!lua flags=allow-key-locking\nreturn 1");
    for _ in 0..2 {
        let reply = upstash
            .script(&Usage::default(), &flagged, &[], &[])
            .await
            .unwrap();
        assert_eq!(reply, bytes("PON"));
    }
    let requests = server.join().unwrap();
    assert!(requests[0].contains(flagged.sha1()), "{}", requests[0]);
    assert!(requests[1].contains(plain.sha1()), "{}", requests[1]);
    assert!(requests[2].contains(plain.sha1()), "it is asked once");
}

#[tokio::test]
async fn an_https_url_uses_tls_only() {
    let (address, server) = server(vec![
        "HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n{\"result\":\"UE9O\"}",
    ]);
    let config = UpstashConfig {
        attempts: 1,
        ..UpstashConfig::new(format!("https://{address}"), Secret::new(STORE_TOKEN))
    };
    let upstash = Upstash::new(&config, Clock::default()).unwrap();
    let result = upstash
        .command(&Usage::default(), &Command::new("PING"))
        .await;
    assert!(
        matches!(result, Err(UpstashError::Unreachable(_))),
        "{result:?}"
    );
    let requests = server.join().unwrap();
    assert!(requests[0].starts_with('\u{16}'), "a TLS handshake");
    assert!(!requests[0].contains(STORE_TOKEN));
}
