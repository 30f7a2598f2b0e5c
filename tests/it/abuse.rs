//! Limits that keep one caller, one address or one day from costing too much.

use std::time::Duration;

use crate::common::client::TestResponse;
use crate::common::events::Events;
use crate::common::{Client, Cost, Deployment, Site, message};
use embedded_store::front::Full;
use reqwest::Method;
use serde_json::json;

on_both_stores!(
    a_stream_over_the_limit_is_refused_before_subscribing,
    closing_a_stream_makes_room,
    streams_of_a_crashed_instance_expire,
    new_users_per_address_are_limited_per_day,
    bytes_per_address_are_limited_per_day,
    two_instances_add_up_the_bytes_of_an_address,
    the_command_budget_refuses_new_users_first_and_deletions_never,
    two_instances_share_the_budget_of_commands,
    a_caller_over_the_limit_costs_no_request,
    reads_the_database_cannot_count_are_counted_by_the_process,
    health_costs_one_command_in_five_seconds,
);

const DAY: Duration = Duration::from_secs(86_400);
const STREAMS: usize = 8;

/// The defaults, except for rate limits, which these tests are not about.
const UNLIMITED: [(&str, &str); 3] = [
    ("RATE_LIMIT_PER_MINUTE", "1000000"),
    ("ADDRESS_RATE_LIMIT_PER_MINUTE", "1000000"),
    ("NEW_USERS_PER_ADDRESS_PER_DAY", "1000000"),
];

async fn limited(site: &Site, name: &str, value: &str) -> Deployment {
    let mut variables = UNLIMITED.to_vec();
    variables.retain(|(known, _)| *known != name);
    variables.push((name, value));
    site.deployment(&variables).await
}

async fn a_stream_over_the_limit_is_refused_before_subscribing(site: Site) {
    let user = site.user().await;
    let open = open_streams(&user, STREAMS).await;
    let before = site.front.counts().subscriptions;
    assert_eq!(before, STREAMS as u64);
    let (status, text) = ask_for_stream(&user).await;
    assert_eq!(status, 429, "{text}");
    assert!(text.contains("too_many_streams"), "{text}");
    assert_eq!(site.front.counts().subscriptions, before);
    // Polling still works, and so does another user's stream.
    user.get("/api/sync").await.expect(200);
    open_streams(&site.user().await, 1).await;
    drop(open);
}

async fn closing_a_stream_makes_room(site: Site) {
    let user = site.user().await;
    let mut open = open_streams(&user, STREAMS).await;
    assert_eq!(ask_for_stream(&user).await.0, 429);
    open.pop();
    let mut tries = 0;
    while ask_for_stream(&user).await.0 != 200 {
        // Until the service has noticed.
        tokio::time::sleep(Duration::from_millis(10)).await;
        tries += 1;
        assert!(tries < 500);
    }
}

async fn streams_of_a_crashed_instance_expire(site: Site) {
    let user = site.user().await;
    user.get("/api/conversations").await.expect(200);
    let session = site.keys("*user:*:session").await;
    let key = session[0].replace("session", "conversations:meta");
    let until = (site.clock.now_ms() + 60_000).to_string();
    for place in 1..=STREAMS {
        let place = format!(":stream:{place}");
        site.command(&["HSET", &key, &place, &until]).await;
    }
    assert_eq!(ask_for_stream(&user).await.0, 429);
    site.advance(Duration::from_secs(61));
    assert_eq!(ask_for_stream(&user).await.0, 200);
}

async fn open_streams(user: &Client, count: usize) -> Vec<Events> {
    let mut open = Vec::new();
    for _ in 0..count {
        open.push(Events::open(user, "/api/sync", None).await);
    }
    open
}

/// The status, and the text of an error.
async fn ask_for_stream(user: &Client) -> (u16, String) {
    let request = user.raw("/api/sync").header("accept", "text/event-stream");
    let response = request.send().await.unwrap();
    match response.status().as_u16() {
        200 => (200, String::new()),
        status => (status, response.text().await.unwrap()),
    }
}

async fn new_users_per_address_are_limited_per_day(site: Site) {
    let deployment = limited(&site, "NEW_USERS_PER_ADDRESS_PER_DAY", "200").await;
    let anonymous_caller = deployment.anonymous_caller();
    let here = anonymous_caller.with_header("x-real-ip", "192.0.2.1");
    for _ in 0..200 {
        here.newcomer().await;
    }
    let response = here.post("/api/session", &json!({})).await;
    response.expect_error(429, "too_many_new_users");
    // Known users are still served, and so are other addresses.
    let elsewhere = anonymous_caller.with_header("x-real-ip", "192.0.2.2");
    let known = elsewhere.newcomer().await;
    let known = known.with_header("x-real-ip", "192.0.2.1");
    known.post("/api/session", &json!({})).await.expect(200);
    site.advance(DAY);
    here.newcomer().await;
}

/// This many bytes of text that hardly compresses.
fn noise(seed: u64, length: usize) -> String {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..length).map(|_| random.alphanumeric()).collect()
}

async fn append_noise(user: &Client, index: u64) -> TestResponse {
    let text = noise(index, 600_000);
    user.append("c", vec![message(&format!("m{index}"), "user", &text)])
        .await
}

async fn bytes_per_address_are_limited_per_day(site: Site) {
    let deployment = limited(&site, "BYTES_PER_ADDRESS_PER_DAY", "3000000").await;
    let user = deployment.user().await;
    user.create("c", vec![]).await;
    let mut written = 0;
    let refused = loop {
        let response = append_noise(&user, written).await;
        if response.status != 201 {
            break response;
        }
        written += 1;
        assert!(written < 20);
    };
    refused.expect_error(429, "too_much_from_address");
    let count = user.open("c").await["messageCount"].as_u64().unwrap();
    assert_eq!(count, written);
    // Stored, a text takes up at least three quarters of its length.
    assert!((5..=9).contains(&written), "{written}");
    let newcomer = deployment.anonymous_caller();
    let response = newcomer.post("/api/session", &json!({})).await;
    response.expect_error(429, "too_much_from_address");
    user.post("/api/session", &json!({})).await.expect(200);
    user.get("/api/user").await.expect(200);
    let path = "/api/conversations/c";
    user.delete(&format!("{path}/messages/m0"))
        .await
        .expect(200);
    user.delete(path).await.expect(200);
    site.advance(DAY);
    user.create("e", vec![]).await;
}

async fn two_instances_add_up_the_bytes_of_an_address(site: Site) {
    let mut deployments = Vec::new();
    for _ in 0..2 {
        deployments.push(limited(&site, "BYTES_PER_ADDRESS_PER_DAY", "4000000").await);
    }
    let user = deployments[0].user().await;
    user.create("c", vec![]).await;
    let elsewhere = deployments[1].anonymous_caller().with_token(user.token());
    let (mut written, mut refused) = (0, [false; 2]);
    while refused != [true; 2] {
        for (index, user) in [&user, &elsewhere].into_iter().enumerate() {
            match append_noise(user, written).await.status {
                201 => written += 1,
                429 => refused[index] = true,
                status => panic!("{status}"),
            }
        }
        assert!(written < 20);
    }
    // Each instance may hold up to 1 MB, plus the write that filled it, that the others do not know of.
    assert!((7..=14).contains(&written), "{written}");
}

async fn the_command_budget_refuses_new_users_first_and_deletions_never(site: Site) {
    let deployment = limited(&site, "DAILY_COMMAND_BUDGET", "2000").await;
    let (anonymous_caller, user) = (deployment.anonymous_caller(), deployment.user().await);
    user.create("c", vec![message("m", "user", "x")]).await;
    let mut first_refused = [None; 3];
    for round in 0..1_000 {
        let append = vec![message(&format!("m{round}"), "user", "x")];
        let responses = [
            (
                anonymous_caller.post("/api/session", &json!({})).await,
                201,
                "newcomers_paused",
            ),
            (user.append("c", append).await, 201, "writes_paused"),
            (user.get("/api/conversations").await, 200, "service_paused"),
        ];
        for (kind, (response, usual, code)) in responses.iter().enumerate() {
            if response.status == *usual {
                assert_eq!(first_refused[kind], None, "{code} and allowed again");
                continue;
            }
            let any = ["newcomers_paused", "writes_paused", "service_paused"];
            assert_eq!(response.status, 503, "{}", response.text);
            assert!(any[..=2].iter().any(|any| response.text.contains(any)));
            first_refused[kind].get_or_insert_with(|| {
                response.expect_error(503, code);
                let wait: u64 = response.header("retry-after").unwrap().parse().unwrap();
                assert!((1..=86_400).contains(&wait), "{wait}");
                round
            });
        }
        if first_refused[2].is_some() {
            break;
        }
    }
    let [newcomers, writes, reads] = first_refused.map(Option::unwrap);
    assert!(newcomers < writes && writes < reads, "{first_refused:?}");
    user.delete("/api/conversations/c/messages/m")
        .await
        .expect(200);
    user.delete("/api/conversations/c").await.expect(200);
    site.advance(DAY);
    let user = anonymous_caller.newcomer().await;
    user.create("c", vec![]).await;
    user.get("/api/conversations").await.expect(200);
}

/// Each instance reports every 500 commands, so what another has spent since is unknown.
async fn two_instances_share_the_budget_of_commands(site: Site) {
    let budget = 2_000;
    let mut deployments = Vec::new();
    for _ in 0..2 {
        deployments.push(limited(&site, "DAILY_COMMAND_BUDGET", &budget.to_string()).await);
    }
    let user = deployments[0].user().await;
    let elsewhere = deployments[1].anonymous_caller().with_token(user.token());
    site.begin_window();
    let before = site.commands().await;
    for user in [&user, &elsewhere] {
        while user.get("/api/conversations").await.status == 200 {
            let spent = site.commands().await - before;
            assert!(spent < 2 * budget, "{spent}");
        }
    }
    let spent = site.commands().await - before;
    assert!((budget - 20..budget + 520).contains(&spent), "{spent}");
}

async fn a_caller_over_the_limit_costs_no_request(site: Site) {
    let deployment = limited(&site, "RATE_LIMIT_PER_MINUTE", "3").await;
    site.begin_window();
    let user = deployment.user().await;
    user.get("/api/conversations").await.expect(200);
    user.create("c", vec![]).await;
    user.create("d", vec![]).await;
    let requests = async |method: Method, path: &str, body: Option<String>| {
        let (response, cost) = site.cost_of(user.send(method, path, body)).await;
        response.expect_error(429, "rate_limited");
        assert!(response.header("retry-after").is_some());
        cost
    };
    requests(Method::GET, "/api/conversations", None).await;
    let nothing = Cost {
        requests: 0,
        commands: 0,
    };
    let title = json!({ "title": "x" }).to_string();
    // If it were parsed, it would be refused as invalid.
    let no_json = "[".repeat(4_000_000);
    let received = site.front.counts().received;
    for (method, path, body) in [
        (Method::GET, "/api/conversations", None),
        (Method::GET, "/api/sync", None),
        (Method::PATCH, "/api/conversations/c", Some(title)),
        (Method::DELETE, "/api/conversations/c", None),
        (Method::POST, "/api/import", Some(no_json)),
    ] {
        assert_eq!(requests(method, path, body).await, nothing, "{path}");
    }
    assert_eq!(site.front.counts().received, received);
    site.begin_window();
    user.get("/api/conversations").await.expect(200);
}

async fn reads_the_database_cannot_count_are_counted_by_the_process(site: Site) {
    let deployment = limited(&site, "RATE_LIMIT_PER_MINUTE", "5").await;
    let user = deployment.user().await;
    user.create("c", vec![]).await;
    site.begin_window();
    match &site.redis {
        Some(server) => server.set_full(true).unwrap(),
        None => site.faults().set_full(Some(Full::Admission)),
    }
    for left in (0..5).rev() {
        let response = user.get("/api/conversations").await;
        response.expect(200);
        let remaining: u64 = response
            .header("ratelimit-remaining")
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(remaining, left);
    }
    let response = user.get("/api/conversations").await;
    response.expect_error(429, "rate_limited");
}

async fn health_costs_one_command_in_five_seconds(site: Site) {
    let anonymous_caller = site.anonymous_caller();
    let ask_often = async || {
        for _ in 0..20 {
            anonymous_caller.get("/api/health/redis").await.expect(200);
        }
    };
    for _ in 0..2 {
        let ((), cost) = site.cost_of(ask_often()).await;
        assert_eq!((cost.requests, cost.commands), (1, 1));
        site.advance(Duration::from_secs(5));
    }
}
