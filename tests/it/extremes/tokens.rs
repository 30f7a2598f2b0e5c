//! The largest token counts, and sums of them.

use super::{field, meta_of};
use crate::common::{Client, Site, message};
use serde_json::{Value, json};

on_both_stores!(
    the_largest_token_counts_stay_readable,
    oversized_sums_of_an_earlier_release_are_readable,
);

const MOST_TOKENS: u64 = 9_007_199_254_740_991;

async fn the_largest_token_counts_stay_readable(site: Site) {
    let user = site.user().await;
    for id in ["c", "d"] {
        let messages = (0..50).map(|index| {
            json!({ "id": format!("m{index}"), "type": "user", "content": "x", "tokens": { "total": MOST_TOKENS } })
        });
        user.create(id, messages.collect()).await;
    }
    everything_is_readable(&user).await;
    user.delete("/api/conversations/c/messages/m1?andAfter=true")
        .await
        .expect(200);
    everything_is_readable(&user).await;
}

async fn everything_is_readable(user: &Client) {
    for path in [
        "/api/conversations",
        "/api/sync",
        "/api/user",
        "/api/conversations/c",
    ] {
        let response = user.get(path).await.expect(200);
        for tokens in numbers_of("totalTokens", &response) {
            assert!(tokens <= MOST_TOKENS, "{path}: {tokens}");
        }
        for tokens in numbers_of("tokens", &response) {
            assert!(tokens <= MOST_TOKENS, "{path}: {tokens}");
        }
    }
    let export = user.get("/api/export").await;
    assert_eq!(export.status, 200, "{}", export.text);
    assert!(export.text.contains("\"m0\""));
}

/// The numbers of this name, wherever they are.
fn numbers_of(name: &str, value: &Value) -> Vec<u64> {
    match value {
        Value::Array(items) => items
            .iter()
            .flat_map(|item| numbers_of(name, item))
            .collect(),
        Value::Object(members) => {
            let own = members.get(name).filter(|value| value.is_number());
            let own = own.map(|value| value.as_u64().unwrap_or(u64::MAX));
            let others = members.values().flat_map(|value| numbers_of(name, value));
            own.into_iter().chain(others).collect()
        }
        _ => Vec::new(),
    }
}

async fn oversized_sums_of_an_earlier_release_are_readable(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m0", "user", "x")]).await;
    let meta = meta_of(&site).await;
    // A hundred times the largest count, as that release summed them up.
    let sum = "900719925474099100000";
    for (name, place) in [("c:counters", 2), (":user", 5)] {
        let text = field(&site, &meta, name).await;
        let (numbers, days) = text.split_once(';').unwrap_or((&text, ""));
        let mut words: Vec<&str> = numbers.split(' ').collect();
        words[place] = sum;
        let mut text = words.join(" ");
        if !days.is_empty() {
            let day: Vec<&str> = days.split(' ').collect();
            text = format!("{text};{} {} {}", day[0], day[1], sum);
        }
        site.command(&["HSET", &meta, name, &text]).await;
    }
    site.command(&[
        "HDEL",
        &meta,
        ":account",
        "c:state",
        "c:writes",
        "c:deleted",
    ])
    .await;
    everything_is_readable(&user).await;
    user.append("c", vec![message("m1", "user", "x")])
        .await
        .expect(201);
    everything_is_readable(&user).await;
    user.delete("/api/conversations/c").await.expect(200);
    user.get("/api/user").await.expect(200);
}
