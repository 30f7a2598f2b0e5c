//! The bill: one request per call, and no more commands than its budget, whatever the size of the
//! account. Counted by the store itself; on a real Redis by `INFO commandstats`. `cargo run --example cost`
//! prints it.

use std::time::Duration;

use crate::common::bill::{Item, bill, conversation, fill};
use crate::common::client::TestResponse;
use crate::common::{Client, Cost, Site, incompressible, message, message_at, use_every_script};
use serde_json::{Value, json};

on_both_stores!(
    calls_stay_inside_their_budgets,
    the_bill_does_not_grow_with_the_account,
    erasing_costs_by_the_hundred,
    claiming_costs_by_the_conversation,
    a_code_for_another_device_costs_the_same_for_every_account,
    metrics_cost_the_same_for_every_account,
);

/// What `docs/scale.md` says.
const PUBLISHED: [(&str, u64); 26] = [
    ("create a conversation", 10),
    ("list 20", 4),
    ("list 20, filtered", 5),
    ("open, newest 50", 5),
    ("append 2 messages", 8),
    ("append to a branch", 8),
    ("append that begins a branch", 10),
    ("switch the branch", 8),
    ("open a branched one", 5),
    ("append 500 entries of a session", 8),
    ("list sessions", 4),
    ("load 500 entries of a session", 5),
    ("save a conversation of 100", 8),
    ("save, a message less", 10),
    ("edit a message", 7),
    ("sync, nothing changed", 3),
    ("delete a conversation", 7),
    ("list the trash", 4),
    ("restore a conversation", 10),
    ("delete a conversation for good", 8),
    ("import 50 of 100 messages", 208),
    ("import them again", 3),
    ("statistics", 3),
    ("share a conversation", 8),
    ("read a share", 3),
    ("a code for another device", 5),
];

/// A user whose scripts are all loaded.
async fn user(site: &Site) -> Client {
    let user = site.user().await;
    use_every_script(&user).await;
    user
}

async fn calls_stay_inside_their_budgets(site: Site) {
    site.begin_day();
    let user = user(&site).await;
    fill(&user, 50, 100).await;
    for item in bill(&site, &user, "x").await {
        let Item {
            call,
            allowed,
            requests,
            commands,
        } = item;
        println!("{call}: {commands}");
        assert_eq!(requests, 1, "{call}");
        assert!(
            commands <= allowed,
            "{call}: {commands}, allowed are {allowed}"
        );
        let published = PUBLISHED.iter().find(|(known, _)| *known == call);
        if let Some((_, published)) = published {
            assert_eq!(commands, *published, "{call}");
        }
    }
}

async fn the_bill_does_not_grow_with_the_account(site: Site) {
    site.begin_day();
    let (small, large) = (user(&site).await, user(&site).await);
    fill(&small, 50, 100).await;
    fill(&large, 2_000, 10).await;
    // One conversation of 10,000 messages.
    for part in 0..100_i64 {
        let messages =
            (0..100).map(|index| message_at(&format!("l{part}-{index}"), part * 100 + index));
        large.append("c0", messages.collect()).await.expect(201);
    }
    // The bytes of an address are reported once per megabyte, with one more command, which must not fall on one of
    // the small calls compared.
    let filler = message("filler", "user", &incompressible(1, 200_000));
    large.append("c0", vec![filler]).await.expect(201);
    assert_eq!(
        bill(&site, &small, "x").await,
        bill(&site, &large, "x").await
    );
}

/// Sizes of accounts, in conversations.
const SIZES: [usize; 3] = [10, 100, 300];

/// A user with this many conversations of three messages, after upkeep.
async fn user_with(site: &Site, conversations: usize) -> Client {
    // Another user has loaded the scripts, and keeps what it wrote.
    user(site).await;
    let user = site.user().await;
    let all: Vec<Value> = (0..conversations)
        .map(|index| conversation(&format!("c{index}"), 3))
        .collect();
    user.post("/api/import", &json!(all)).await.expect(200);
    user.get("/api/conversations").await.expect(200);
    site.idle().await;
    site.begin_window();
    user
}

/// What is billed for `work`, which has to succeed.
async fn cost<F: Future<Output = TestResponse>>(site: &Site, call: &str, work: F) -> Cost {
    let (response, cost) = site.cost_of(work).await;
    assert!(response.status < 300, "{call}: {}", response.text);
    println!("{call}: {} requests, {}", cost.requests, cost.commands);
    cost
}

async fn erasing_costs_by_the_hundred(site: Site) {
    site.begin_day();
    user_with(&site, 1)
        .await
        .delete("/api/user")
        .await
        .expect(200);
    for size in SIZES {
        let user = user_with(&site, size).await;
        site.until_past_changes_of(&user).await;
        let cost = cost(&site, &format!("erase {size}"), user.delete("/api/user")).await;
        // One that names the first hundred, and one for each hundred.
        let steps = u64::try_from(size.div_ceil(100)).unwrap();
        assert_eq!(cost.requests, 1 + steps);
        assert_eq!(cost.commands, 5 + 8 * steps, "8 per 100 conversations");
    }
}

async fn claiming_costs_by_the_conversation(site: Site) {
    site.begin_day();
    let claim = async |size: usize| {
        let (source, target) = (user_with(&site, size).await, user(&site).await);
        let body = json!({ "action": "claim", "token": source.token() });
        let call = format!("claim {size}");
        cost(&site, &call, target.post("/api/session", &body)).await
    };
    claim(1).await;
    for size in SIZES {
        let cost = claim(size).await;
        // One that names the first fifty, and one for each fifty.
        let steps = u64::try_from(size.div_ceil(50)).unwrap();
        let moved = u64::try_from(size).unwrap();
        assert_eq!(cost.requests, 1 + steps);
        assert_eq!(cost.commands, 13 + 14 * steps + 2 * moved);
    }
}

async fn a_code_for_another_device_costs_the_same_for_every_account(site: Site) {
    site.begin_day();
    let link = json!({ "action": "link" });
    user(&site)
        .await
        .post("/api/session", &link)
        .await
        .expect(201);
    for size in SIZES {
        let user = user_with(&site, size).await;
        let call = format!("link with {size}");
        let first = cost(&site, &call, user.post("/api/session", &link)).await;
        assert_eq!((first.requests, first.commands), (1, 5));
        // A code that is still valid is replaced: its key has to be looked up.
        let call = format!("link again with {size}");
        let second = cost(&site, &call, user.post("/api/session", &link)).await;
        assert_eq!((second.requests, second.commands), (2, 9));
    }
}

async fn metrics_cost_the_same_for_every_account(site: Site) {
    site.begin_day();
    const TOKEN: &str = "the token that Prometheus has been given";
    let measured = site.deployment(&[("METRICS_TOKEN", TOKEN)]).await;
    let prometheus = measured.anonymous_caller().with_token(TOKEN);
    prometheus.get("/api/metrics").await;
    for size in SIZES {
        let user = measured
            .anonymous_caller()
            .with_token(user_with(&site, size).await.token());
        user.get("/api/conversations").await.expect(200);
        // Nothing is pending then; the last of the following calls carries a batch.
        prometheus.get("/api/metrics").await;
        site.idle().await;
        let work = async {
            for _ in 0..3 {
                user.get("/api/conversations").await.expect(200);
            }
            site.advance(Duration::from_secs(20));
            user.get("/api/conversations").await
        };
        let batch = cost(&site, &format!("4 lists and a batch with {size}"), work).await;
        assert_eq!((batch.requests, batch.commands), (4, 4 * 4 + 3));
        let call = format!("read metrics with {size}");
        site.log_lines();
        let read = cost(&site, &call, prometheus.get("/api/metrics")).await;
        // GET and DBSIZE, and the batch still pending; the store counts with INFO, so INFO itself is left out.
        assert_eq!((read.requests, read.commands), (1, 2 + 3));
        measured.idle().await;
        let line: Value = serde_json::from_str(&site.log_lines().concat()).unwrap();
        assert_eq!(line["commands"], read.commands + 1, "the service counts it");
    }
}
