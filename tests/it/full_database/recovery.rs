//! Once there is room again, everything agrees.

use std::time::Duration;

use super::{Database, Owner, owner, refused_writes};
use crate::common::follower::{Follower, truth};
use crate::common::{Client, message};
use serde_json::json;

in_each_state!(
    afterwards_everything_goes_on_and_the_counts_agree,
    a_follower_learns_afterwards_what_was_deleted,
);

async fn afterwards_everything_goes_on_and_the_counts_agree(database: Database) {
    let site = &database.site;
    let Owner { user, shares } = owner(site).await;
    database.fill();
    let a = "/api/conversations/a";
    user.delete(&format!("{a}/messages/m3?andAfter=true"))
        .await
        .expect(200);
    user.delete("/api/conversations/b").await.expect(200);
    user.delete(&shares[0]).await.expect(200);
    refused_writes(&user).await;
    database.make_room();
    let paths = [a, "/api/conversations/c"];
    for path in paths {
        let body = json!({ "title": "renamed" });
        user.patch(path, &body).await.expect(200);
    }
    counts_agree(&user).await;
    // Once a day everything is counted, and the totals are reported.
    site.advance(Duration::from_secs(86_401));
    for _ in 0..2 {
        user.get("/api/conversations").await.expect(200);
        site.idle().await;
    }
    counts_agree(&user).await;
    for id in ["a", "c", "warm-import"] {
        user.delete(&format!("/api/conversations/{id}"))
            .await
            .expect(200);
    }
    counts_agree(&user).await;
    let bytes = user.get("/api/user").await.expect(200)["bytes"].clone();
    assert!(bytes.as_u64().unwrap() < 10_000, "{bytes}");
}

/// Lists, opened conversations and statistics agree.
async fn counts_agree(user: &Client) {
    let list = user.get("/api/conversations").await.expect(200);
    let (mut messages, mut tokens, mut conversations) = (0, 0, 0);
    for summary in list["data"].as_array().unwrap() {
        let opened = user.open(summary["id"].as_str().unwrap()).await;
        let list = opened["messages"].as_array().unwrap();
        let sum: u64 = list
            .iter()
            .map(|message| message["tokens"]["total"].as_u64().unwrap_or(0))
            .sum();
        assert_eq!(summary["messageCount"], list.len(), "{summary}");
        assert_eq!(summary["totalTokens"], sum, "{summary}");
        messages += list.len();
        tokens += sum;
        conversations += 1;
    }
    let statistics = user.get("/api/user").await.expect(200);
    let current = json!({ "conversations": conversations, "messages": messages, "tokens": tokens });
    assert_eq!(statistics["totals"]["current"], current);
}

async fn a_follower_learns_afterwards_what_was_deleted(database: Database) {
    let site = &database.site;
    let Owner { user, .. } = owner(site).await;
    let mut follower = Follower::default();
    follower.catch_up(&user).await;
    assert_eq!(follower.known, truth(&user).await);
    database.fill();
    user.delete("/api/conversations/b").await.expect(200);
    user.delete("/api/conversations/a/messages/m1")
        .await
        .expect(200);
    database.make_room();
    user.append("c", vec![message("n", "user", "x")])
        .await
        .expect(201);
    user.patch("/api/conversations/a", &json!({ "title": "x" }))
        .await
        .expect(200);
    follower.catch_up(&user).await;
    assert_eq!(follower.known, truth(&user).await);
    assert!(!follower.known.contains_key("b"));
}
