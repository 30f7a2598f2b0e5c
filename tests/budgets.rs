//! The bill: one request per call, and no more commands than the design allows, whatever the size of the
//! account. Counted by the store itself; on a real Redis by `INFO commandstats`. `cargo run --example cost`
//! prints it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::bill::{Item, bill, fill};
use common::{Client, Site, message_at, use_every_script};

on_both_stores!(
    calls_stay_inside_their_budgets,
    the_bill_does_not_grow_with_the_account
);

/// What README.md says.
const PUBLISHED: [(&str, u64); 14] = [
    ("create a conversation", 9),
    ("list 20", 4),
    ("open, newest 50", 5),
    ("append 2 messages", 7),
    ("save a conversation of 100", 7),
    ("save, a message less", 9),
    ("edit a message", 6),
    ("sync, nothing changed", 3),
    ("delete a conversation", 7),
    ("import 50 of 100 messages", 207),
    ("import them again", 3),
    ("statistics", 3),
    ("share a conversation", 7),
    ("read a share", 3),
];

/// A user whose scripts are all loaded.
async fn user(site: &Site) -> Client {
    let user = site.user().await;
    use_every_script(&user).await;
    user
}

async fn calls_stay_inside_their_budgets(site: Site) {
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
    let (small, large) = (user(&site).await, user(&site).await);
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
