//! What is reported about a request: its line in the log, and the cost stated in the response.

use std::time::Duration;

use crate::common::client::TestResponse;
use crate::common::{AUTH_SECRET, Site, message};
use conversation_store::clock::Clock;
use conversation_store::identity::Tokens;
use conversation_store::secret::Secret;
use embedded_store::front::Fault;
use reqwest::Method;
use serde_json::{Value, json};

on_both_stores!(
    each_request_is_one_line_of_the_log,
    failures_are_logged_by_code_and_with_their_retries,
    no_line_contains_user_data,
    a_response_states_its_cost,
    commands_are_logged_as_they_are_billed,
    a_new_user_is_logged_like_any_other,
    a_response_that_breaks_off_is_logged_with_its_request,
);

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
    let secrets = vec![Secret::new(AUTH_SECRET)];
    let tokens = Tokens::new(secrets, Duration::from_secs(1), Clock::default());
    let hash = tokens.pseudonym(id.as_str().unwrap());
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
    assert_eq!(names(&line).len(), 11, "{line}");

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

    site.anonymous_caller().get("/api/conversations").await;
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
    assert_eq!(line["error"], "the database's response was malformed");
    user.get("/api/conversations/c").await;
    let line = only_line(&site);
    assert_eq!(line["errorCode"], "storage_unavailable");
    assert_eq!(line["upstashRequests"], 0);
}

async fn no_line_contains_user_data(site: Site) {
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

async fn a_response_states_its_cost(site: Site) {
    let user = site.user().await;
    user.get("/api/conversations").await.expect(200);
    let shape = |response: &TestResponse| {
        let timing = response.header("server-timing").unwrap().to_owned();
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
    let none = shape(&site.anonymous_caller().get("/api/conversations").await);
    assert!(
        none.starts_with("upstash;dur=0;desc=\"0 requests\", total"),
        "{none}"
    );
    site.faults().push(Fault::CutBefore, 1);
    let two = shape(&user.get("/api/conversations").await);
    assert!(two.contains("desc=\"2 requests\""), "{two}");
}

async fn commands_are_logged_as_they_are_billed(site: Site) {
    let user = site.user().await;
    let sample = crate::common::sample();
    let turn = json!({ "messages": [message("n", "user", "x")] });
    let all = [
        (Method::POST, "/api/session", json!({})),
        (Method::POST, "/api/import", sample),
        (
            Method::POST,
            "/api/conversations",
            json!({ "id": "c", "messages": [message("m", "user", "x")] }),
        ),
        (Method::POST, "/api/conversations/c/messages", turn),
        (Method::GET, "/api/conversations/c", Value::Null),
        (Method::GET, "/api/conversations", Value::Null),
        (Method::GET, "/api/sync", Value::Null),
        (Method::GET, "/api/export", Value::Null),
        (Method::GET, "/api/health/redis", Value::Null),
        (
            Method::POST,
            "/api/shares",
            json!({ "conversationId": "c" }),
        ),
        (Method::DELETE, "/api/conversations/c", Value::Null),
        (Method::GET, "/api/conversations/c", Value::Null),
        (Method::GET, "/api/user", Value::Null),
        (Method::DELETE, "/api/user", Value::Null),
    ];
    for (method, path, body) in all {
        let body = (!body.is_null()).then(|| body.to_string());
        if method == Method::GET {
            // Upkeep found due by a read is done once, after the response, and not billed to the call.
            user.get(path).await;
            site.idle().await;
        }
        site.log_lines();
        // Whether a script was in the store's cache already or not.
        let (_, cost) = site.cost_of(user.send(method.clone(), path, body)).await;
        let line = only_line(&site);
        // An export goes on when its head is out and logged.
        if path != "/api/export" {
            assert_eq!(line["commands"], cost.commands, "{method} {path}");
        }
    }
}

async fn a_new_user_is_logged_like_any_other(site: Site) {
    let session = site
        .anonymous_caller()
        .post("/api/session", &json!({}))
        .await;
    let session = session.expect(201);
    let begun = only_line(&site);
    let user = site
        .anonymous_caller()
        .with_token(session["token"].as_str().unwrap());
    user.get("/api/session").await.expect(200);
    let line = only_line(&site);
    assert!(line["userHash"].is_string());
    assert_eq!(begun["userHash"], line["userHash"]);
}

async fn a_response_that_breaks_off_is_logged_with_its_request(site: Site) {
    let user = site.user().await;
    let all: Vec<Value> = (0..120)
        .map(|index| json!({ "id": format!("c{index}") }))
        .collect();
    user.post("/api/import", &json!(all)).await.expect(200);
    user.get("/api/export").await;
    site.log_lines();
    // The head of the response has been sent when the third request fails.
    site.faults().push(Fault::Delay(Duration::ZERO), 2);
    site.faults().push(Fault::QuotaError, 1);
    let (_, body) = user.try_get("/api/export").await;
    assert!(body.is_err());
    let lines: Vec<Value> = site
        .log_lines()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [head, broken] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    assert_eq!(broken["requestId"], head["requestId"]);
    assert_eq!(broken["route"], "/api/export");
    assert_eq!(broken["errorCode"], "broken_off");
    assert!(broken["error"].is_string(), "{broken}");
}
