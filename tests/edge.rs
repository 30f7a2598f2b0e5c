//! What all routes have in common: origins, security headers, compression, log lines and timing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::io::Read;

use common::client::{Answer, Client};
use common::{AUTH_SECRET, Site, message};
use hmac::{Hmac, KeyInit, Mac};
use local::front::Fault;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

on_both_stores!(
    a_preflight_is_answered_without_the_store,
    pages_of_a_listed_origin_may_read_answers,
    other_origins_are_told_nothing,
    every_answer_has_the_security_headers,
    head_is_get_without_the_body,
    a_long_answer_is_compressed_for_who_takes_it,
    a_compressed_copy_is_confirmed_and_written_by_its_etag,
    each_request_is_one_line_of_the_log,
    failures_are_logged_by_code_and_with_their_retries,
    no_line_holds_anything_of_the_users,
    an_answer_says_what_it_took,
);

const PAGE: &str = "https://chat.example.com";

/// Every route and what it takes.
const ROUTES: [(&str, &str); 7] = [
    ("/api/session", "GET, POST, PATCH, HEAD"),
    ("/api/import", "POST"),
    ("/api/health/redis", "GET, HEAD"),
    ("/api/conversations", "GET, POST, HEAD"),
    ("/api/conversations/c", "GET, PUT, PATCH, DELETE, HEAD"),
    ("/api/conversations/c/messages", "GET, POST, HEAD"),
    ("/api/conversations/c/messages/m", "PATCH, DELETE"),
];

/// A user's client of a deployment that lists [`PAGE`].
async fn listed(site: &Site) -> (common::Deployment, Client) {
    let origins = format!("http://localhost:5173, {PAGE}");
    let deployment = site.deployment(&[("ALLOWED_ORIGINS", &origins)]).await;
    let client = deployment.stranger().with_token(site.user().await.token());
    (deployment, client)
}

fn cors_headers(answer: &Answer) -> Vec<&str> {
    let names = answer.headers.keys().map(|name| name.as_str());
    names
        .filter(|name| name.starts_with("access-control"))
        .collect()
}

async fn a_preflight_is_answered_without_the_store(site: Site) {
    let (deployment, _) = listed(&site).await;
    let page = deployment
        .stranger()
        .with_header("origin", PAGE)
        .with_header("access-control-request-method", "PUT");
    for (path, methods) in ROUTES {
        let (answer, cost) = site.cost_of(page.send(Method::OPTIONS, path, None)).await;
        answer.expect(204);
        assert_eq!(cost.requests, 0, "{path}");
        for (name, value) in [
            ("access-control-allow-origin", PAGE),
            ("access-control-allow-methods", methods),
            (
                "access-control-allow-headers",
                "authorization, content-type, if-match, if-none-match, idempotency-key, \
                 last-event-id, x-request-id",
            ),
            ("access-control-max-age", "86400"),
            ("allow", methods),
            ("vary", "Origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        assert_eq!(cors_headers(&answer).len(), 4, "no credentials: {path}");
        assert_eq!(answer.header("content-type"), None);
    }
}

async fn pages_of_a_listed_origin_may_read_answers(site: Site) {
    let (_deployment, client) = listed(&site).await;
    client.create("c", vec![]).await;
    let page = client.with_header("origin", PAGE);
    for (path, status) in [
        ("/api/conversations/c", 200),
        ("/api/conversations/none", 404),
        ("/api/import", 405),
    ] {
        let answer = page.get(path).await;
        answer.expect(status);
        assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
        let exposed = answer.header("access-control-expose-headers").unwrap();
        for name in [
            "ETag",
            "Location",
            "Retry-After",
            "RateLimit-Remaining",
            "Server-Timing",
            "X-Request-Id",
        ] {
            assert!(exposed.split(", ").any(|header| header == name), "{name}");
        }
        assert_eq!(cors_headers(&answer).len(), 2, "no credentials: {path}");
        assert_eq!(answer.header("vary"), Some("Origin, Accept-Encoding"));
        assert_eq!(
            answer.header("cross-origin-resource-policy"),
            Some("cross-origin")
        );
    }
}

async fn other_origins_are_told_nothing(site: Site) {
    let (_deployment, listed) = listed(&site).await;
    let default = site.user().await;
    for (client, origin, vary) in [
        (
            &listed,
            "https://chat.example.com.evil.example",
            "Origin, Accept-Encoding",
        ),
        (
            &listed,
            "http://chat.example.com",
            "Origin, Accept-Encoding",
        ),
        (&listed, "null", "Origin, Accept-Encoding"),
        (&default, PAGE, "Accept-Encoding"),
    ] {
        let page = client.with_header("origin", origin);
        let answer = page.get("/api/conversations").await;
        answer.expect(200);
        assert_eq!(answer.header("vary"), Some(vary), "{origin}");
        let preflight = page
            .with_header("access-control-request-method", "GET")
            .send(Method::OPTIONS, "/api/conversations", None)
            .await;
        preflight.expect(204);
        assert_eq!(preflight.header("allow"), Some("GET, POST, HEAD"));
        for answer in [answer, preflight] {
            assert!(cors_headers(&answer).is_empty(), "{origin}");
            assert_eq!(
                answer.header("cross-origin-resource-policy"),
                Some("same-origin")
            );
        }
    }
    // A caller without an origin is told how answers differ, for the caches on its way.
    let plain = listed.get("/api/conversations").await;
    assert_eq!(plain.header("vary"), Some("Origin, Accept-Encoding"));
}

async fn every_answer_has_the_security_headers(site: Site) {
    let user = site.user().await;
    let created = user.post("/api/conversations", &json!({ "id": "c" })).await;
    let known = user.with_header("if-none-match", "\"1\"");
    site.faults().push(Fault::Garbage, 1);
    let mut answers = vec![
        (created, 201),
        (user.get("/api/conversations").await, 502),
        (user.get("/api/conversations").await, 200),
        (known.get("/api/conversations/c").await, 304),
        (user.get("/api/conversations?limit=x").await, 400),
        (site.stranger().get("/api/conversations").await, 401),
        (user.get("/api/conversations/none").await, 404),
        (user.get("/api/import").await, 405),
        (user.post("/api/session", &json!({})).await, 200),
        (user.get("/api/health/redis").await, 200),
    ];
    for (path, methods) in ROUTES {
        let answer = site.stranger().send(Method::OPTIONS, path, None).await;
        assert_eq!(answer.header("allow"), Some(methods));
        answers.push((answer, 204));
    }
    for (answer, status) in answers {
        answer.expect(status);
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'",
            ),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{status}");
        }
        let caching = answer.header("cache-control").unwrap();
        assert!(caching.starts_with("private, no-"), "{status}: {caching}");
    }
}

async fn head_is_get_without_the_body(site: Site) {
    let user = site.user().await;
    let text = "not short ".repeat(500);
    user.create("c", vec![message("m", "user", &text)]).await;
    let packing = user.with_header("accept-encoding", "gzip");
    for (client, path, status) in [
        (&user, "/api/conversations/c", 200),
        (&packing, "/api/conversations/c", 200),
        (&user, "/api/conversations", 200),
        (&user, "/api/session", 200),
        (&user, "/api/conversations/none", 404),
    ] {
        let (get, head) = (
            client.get(path).await,
            client.send(Method::HEAD, path, None).await,
        );
        assert_eq!((get.status, head.status), (status, status), "{path}");
        assert!(head.body.is_empty() && !get.body.is_empty());
        let same = |answer: &Answer| {
            let mut headers = answer.headers.clone();
            for changing in ["date", "server-timing", "x-request-id"] {
                headers.remove(changing).unwrap();
            }
            headers
        };
        assert_eq!(same(&get), same(&head), "{path}");
    }
}

fn unpack(body: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(body)
        .read_to_string(&mut text)
        .unwrap();
    text
}

async fn a_long_answer_is_compressed_for_who_takes_it(site: Site) {
    let user = site.user().await;
    let text = "Grüße, \u{1f600} \u{0} \"and\" so on. ".repeat(200);
    user.create("c", vec![message("m", "user", &text)]).await;
    user.create("short", vec![]).await;
    let browser = user.with_header("accept-encoding", "gzip, deflate, br, zstd");

    let plain = user.get("/api/conversations/c").await;
    assert_eq!(plain.header("content-encoding"), None);
    let packed = browser.get("/api/conversations/c").await;
    assert_eq!(packed.status, 200);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(packed.header("content-type"), Some("application/json"));
    assert_eq!(unpack(&packed.body), plain.text);
    assert!(packed.body.len() * 5 < plain.body.len());
    for answer in [&plain, &packed] {
        assert_eq!(answer.header("vary"), Some("Accept-Encoding"));
    }

    let short = browser.get("/api/conversations/short").await;
    assert_eq!(short.header("content-encoding"), None);
    short.expect(200);
    let declined = user.with_header("accept-encoding", "gzip;q=0, *");
    declined.get("/api/conversations/c").await.expect(200);
}

async fn a_compressed_copy_is_confirmed_and_written_by_its_etag(site: Site) {
    let user = site.user().await;
    let text = "not short ".repeat(500);
    user.create("c", vec![message("m", "user", &text)]).await;
    let browser = user.with_header("accept-encoding", "gzip");
    for path in ["/api/conversations/c", "/api/conversations/c/messages"] {
        let packed = browser.get(path).await;
        assert_eq!(packed.header("etag"), Some("W/\"1\""));
        let known = browser.with_header("if-none-match", "W/\"1\"");
        let confirmed = known.get(path).await;
        confirmed.expect(304);
        assert_eq!(confirmed.header("etag"), Some("W/\"1\""));
        assert_eq!(confirmed.header("content-encoding"), None);
        assert_eq!(confirmed.header("vary"), Some("Accept-Encoding"));
    }
    let writer = browser.with_header("if-match", "W/\"1\"");
    let title = json!({ "title": "T" });
    writer
        .patch("/api/conversations/c", &title)
        .await
        .expect(200);
    let known = browser.with_header("if-none-match", "W/\"1\"");
    assert_eq!(known.get("/api/conversations/c").await.status, 200);
}

/// The one line of a request, taken apart.
#[track_caller]
fn only_line(site: &Site) -> Value {
    let lines = site.log_lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(!lines[0].contains('\n'));
    serde_json::from_str(&lines[0]).unwrap()
}

fn names(line: &Value) -> Vec<&str> {
    line.as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

async fn each_request_is_one_line_of_the_log(site: Site) {
    let user = site.user().await;
    let id = user.get("/api/session").await.expect(200)["userId"].clone();
    user.create("c", vec![]).await;
    user.open("c").await;
    site.log_lines();

    let named = user.with_header("x-request-id", "mine-1");
    named.get("/api/conversations/c?limit=3").await.expect(200);
    let line = only_line(&site);
    let mut mac = Hmac::<Sha256>::new_from_slice(AUTH_SECRET.as_bytes()).unwrap();
    mac.update(id.as_str().unwrap().as_bytes());
    let digest = mac.finalize().into_bytes();
    let hash: String = digest[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    for (name, value) in [
        ("requestId", json!("mine-1")),
        ("route", json!("/api/conversations/{id}")),
        ("method", json!("GET")),
        ("status", json!(200)),
        ("upstashRequests", json!(1)),
        ("retries", json!(0)),
        ("circuit", json!("closed")),
        ("userHash", json!(hash)),
    ] {
        assert_eq!(line[name], value, "{line}");
    }
    let (total, upstash) = (&line["durationMs"], &line["upstashMs"]);
    assert!(total.as_f64() >= upstash.as_f64() && upstash.as_f64() > Some(0.0));
    assert_eq!(names(&line).len(), 10, "{line}");

    for (method, path, logged, route) in [
        (
            "HEAD",
            "/api/conversations/c/messages",
            "HEAD",
            "/api/conversations/{id}/messages",
        ),
        ("OPTIONS", "/api/session", "OPTIONS", "/api/session"),
        ("BREW", "/api/conversations", "other", "/api/conversations"),
    ] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        user.send(method, path, None).await;
        let line = only_line(&site);
        assert_eq!(
            (&line["method"], &line["route"]),
            (&json!(logged), &json!(route))
        );
    }
}

async fn failures_are_logged_by_code_and_with_their_retries(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    user.open("c").await;
    site.log_lines();
    site.faults().push(Fault::CutBefore, 2);
    user.open("c").await;
    let line = only_line(&site);
    assert_eq!(
        (&line["upstashRequests"], &line["retries"]),
        (&json!(3), &json!(2))
    );
    assert_eq!(line.get("errorCode"), None);

    user.get("/api/conversations/none").await;
    let line = only_line(&site);
    assert_eq!(line["errorCode"], "conversation_not_found");
    assert_eq!(line.get("error"), None, "no failure of ours");

    site.stranger().get("/api/conversations").await;
    let line = only_line(&site);
    assert_eq!(line["errorCode"], "missing_token");
    assert_eq!(
        (&line["upstashRequests"], line.get("userHash")),
        (&json!(0), None)
    );

    site.faults().push(Fault::Garbage, 5);
    for _ in 0..5 {
        user.get("/api/conversations/c").await;
    }
    let last = site.log_lines().pop().unwrap();
    let line: Value = serde_json::from_str(&last).unwrap();
    assert_eq!(
        (&line["status"], &line["circuit"]),
        (&json!(502), &json!("open"))
    );
    assert_eq!(line["errorCode"], "storage_malformed");
    assert_eq!(line["error"], "the database's answer was malformed");
    user.get("/api/conversations/c").await;
    let line = only_line(&site);
    assert_eq!(line["errorCode"], "storage_unavailable");
    assert_eq!(line["upstashRequests"], 0);
}

async fn no_line_holds_anything_of_the_users(site: Site) {
    let user = site.user().await;
    let id = user.get("/api/session").await.expect(200)["userId"].clone();
    let secret = "sesame";
    let path = format!("/api/conversations/{secret}");
    let content = vec![message(&format!("{secret}-m"), "user", secret)];
    user.create(secret, content).await;
    user.get(&format!("{path}?cursor={secret}")).await;
    user.get(&format!("{path}/messages?order={secret}")).await;
    user.get(&format!("{path}/messages/{secret}?{secret}={secret}"))
        .await;
    user.patch(&path, &json!({ "title": 5, secret: secret }))
        .await;
    user.with_header("if-match", secret).delete(&path).await;
    user.with_header("x-request-id", "not fit: sesame")
        .get(&path)
        .await;
    user.with_token(secret).get(&path).await;
    user.send(Method::from_bytes(b"SESAME").unwrap(), &path, None)
        .await;
    site.faults().push(Fault::QuotaError, 1);
    user.get(&path).await;
    let lines = site.log_lines();
    assert_eq!(lines.len(), 12);
    for line in lines {
        for private in [
            secret,
            id.as_str().unwrap(),
            user.token(),
            &site.front.url(),
        ] {
            let found = line.to_lowercase().contains(&private.to_lowercase());
            assert!(!found, "{line}");
        }
    }
}

async fn an_answer_says_what_it_took(site: Site) {
    let user = site.user().await;
    user.get("/api/conversations").await.expect(200);
    let shape = |answer: &Answer| {
        let timing = answer.header("server-timing").unwrap().to_owned();
        let numbers = timing.split("dur=").skip(1).map(|rest| {
            let end = rest.find(';').unwrap_or(rest.len());
            rest[..end].parse::<f64>().unwrap()
        });
        let numbers: Vec<f64> = numbers.collect();
        assert!(numbers.len() == 2 && numbers[0] <= numbers[1], "{timing}");
        timing
    };
    let one = shape(&user.get("/api/conversations").await);
    assert!(one.starts_with("upstash;dur=") && one.contains(";desc=\"1 request\", total;dur="));
    let none = shape(&site.stranger().get("/api/conversations").await);
    assert!(
        none.starts_with("upstash;dur=0;desc=\"0 requests\", total"),
        "{none}"
    );
    site.faults().push(Fault::CutBefore, 1);
    let two = shape(&user.get("/api/conversations").await);
    assert!(two.contains("desc=\"2 requests\""), "{two}");
}
