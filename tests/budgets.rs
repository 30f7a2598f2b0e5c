//! The bill: one request per call, and no more commands than the design allows, whatever the size of the
//! account. Counted by the store itself; on a real Redis by `INFO commandstats`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod common;

use std::future::Future;

use common::{Client, Cost, Site, message, message_at};
use serde_json::{Value, json};

on_both_stores!(
    calls_stay_inside_their_budgets,
    the_bill_does_not_grow_with_the_account
);

async fn measure<F>(site: &Site, what: &str, budget: u64, call: F) -> u64
where
    F: Future<Output = common::client::Answer>,
{
    let (answer, Cost { requests, commands }) = site.cost_of(call).await;
    assert!(answer.status < 300, "{what}: {}", answer.text);
    assert_eq!(requests, 1, "{what}");
    assert!(
        commands <= budget,
        "{what}: {commands} commands, allowed are {budget}"
    );
    commands
}

fn conversation(id: &str, messages: i64) -> Value {
    let messages: Vec<Value> = (0..messages)
        .map(|index| message_at(&format!("m{index}"), index))
        .collect();
    json!({ "id": id, "title": id, "messages": messages })
}

async fn fill(user: &Client, conversations: usize, messages: i64) {
    let all: Vec<Value> = (0..conversations)
        .map(|index| conversation(&format!("c{index}"), messages))
        .collect();
    for chunk in all.chunks(500) {
        user.post("/api/import", &json!(chunk)).await.expect(200);
    }
    user.append("c0", vec![message("first", "user", "x")])
        .await
        .expect(201);
}

/// The commands of each call, in one account.
async fn bill(site: &Site, user: &Client, prefix: &str) -> Vec<(&'static str, u64)> {
    let turn = || {
        vec![
            message(&format!("{prefix}q"), "user", "?"),
            message(&format!("{prefix}a"), "assistant", "!"),
        ]
    };
    let c0 = "/api/conversations/c0";
    site.begin_window();
    user.get("/api/session").await.expect(200);
    let list = measure(site, "list 20", 5, user.get("/api/conversations")).await;
    let next = user.get("/api/conversations").await.expect(200)["nextCursor"].clone();
    let page = format!("/api/conversations?cursor={}", next.as_str().unwrap());
    let list_on = measure(site, "list on", 5, user.get(&page)).await;
    let open = measure(site, "open", 6, user.get(c0)).await;
    let messages = measure(
        site,
        "page",
        6,
        user.get(&format!("{c0}/messages?order=asc")),
    )
    .await;
    let append = measure(site, "append 2", 11, user.append("c0", turn())).await;
    let edit = json!({ "content": format!("edited {prefix}") });
    let patch = measure(
        site,
        "patch message",
        9,
        user.patch(&format!("{c0}/messages/{prefix}q"), &edit),
    )
    .await;
    let rename = json!({ "title": format!("renamed {prefix}") });
    let meta = measure(site, "patch conversation", 9, user.patch(c0, &rename)).await;
    let truncate = format!("{c0}/messages/{prefix}q?andAfter=true");
    let truncate = measure(site, "truncate", 11, user.delete(&truncate)).await;
    let mut whole = conversation("c1", 100);
    whole["title"] = json!(prefix);
    let save = measure(
        site,
        "save 100",
        12,
        user.put("/api/conversations/c1", &whole),
    )
    .await;
    let shorter = conversation("c1", 99);
    let resave = measure(
        site,
        "save 99",
        12,
        user.put("/api/conversations/c1", &shorter),
    )
    .await;
    let delete = measure(site, "delete", 9, user.delete("/api/conversations/c2")).await;
    let stats = measure(site, "statistics", 3, user.get("/api/user")).await;
    let current = json!({ "currentConversationId": "c0" });
    let set_current = measure(site, "set current", 5, user.patch("/api/session", &current)).await;
    let session = measure(site, "session", 6, user.get("/api/session")).await;
    vec![
        ("list 20", list),
        ("list, a further page", list_on),
        ("open, newest 50", open),
        ("page of messages", messages),
        ("append 2", append),
        ("statistics", stats),
        ("patch message", patch),
        ("patch conversation", meta),
        ("truncate 2", truncate),
        ("save 100", save),
        ("save 99 of 100", resave),
        ("delete conversation", delete),
        ("session", session),
        ("set current conversation", set_current),
    ]
}

async fn calls_stay_inside_their_budgets(site: Site) {
    let user = site.user().await;
    common::use_every_script(&user).await;
    fill(&user, 50, 100).await;
    for (call, commands) in bill(&site, &user, "x").await {
        println!("{call}: {commands}");
    }
    site.begin_window();
    user.get("/api/session").await.expect(200);
    let chunk: Value = (0..50)
        .map(|index| conversation(&format!("n{index}"), 100))
        .collect();
    let import = user.post("/api/import", &chunk);
    let commands = measure(&site, "import 50", 50 * 10, import).await;
    println!("import 50 of 100: {commands}");
    let again = user.post("/api/import", &chunk);
    let commands = measure(&site, "import 50 again", 10, again).await;
    println!("import 50 of 100 again: {commands}");
}

async fn the_bill_does_not_grow_with_the_account(site: Site) {
    let (small, large) = (site.user().await, site.user().await);
    common::use_every_script(&small).await;
    common::use_every_script(&large).await;
    fill(&small, 50, 100).await;
    fill(&large, 2_000, 10).await;
    // One conversation of 10,000 messages.
    for part in 0..100_i64 {
        let messages =
            (0..100).map(|index| message_at(&format!("l{part}-{index}"), part * 100 + index));
        large.append("c0", messages.collect()).await.expect(201);
    }
    assert_eq!(
        bill(&site, &small, "x").await,
        bill(&site, &large, "x").await
    );
}
