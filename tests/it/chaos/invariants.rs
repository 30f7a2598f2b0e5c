//! What must agree once failures and writes have stopped.

use std::collections::BTreeMap;

use serde_json::Value;

use super::conversation::{Page, Shown};
use super::follower::Follower;
use super::json::{branches, exported, line, shown, text};
use super::tree::Line;
use crate::common::Client;

/// The list, each conversation opened and read page by page, the sync from the beginning, the export, and the
/// totals of the user say the same.
pub async fn verify(account: &Client, followers: &mut [Follower]) {
    let listed = listed(account).await;
    for (id, summary) in &listed {
        verify_conversation(account, id, summary).await;
    }
    verify_totals(account, &listed).await;
    let mut newcomer = Follower::default();
    for follower in followers.iter_mut().chain([&mut newcomer]) {
        catch_up(account, follower).await;
        assert_eq!(follower.known, listed);
    }
    verify_export(account, &listed).await;
}

async fn listed(account: &Client) -> BTreeMap<String, Shown> {
    let page = account.get("/api/conversations?limit=50").await.expect(200);
    assert!(page["nextCursor"].is_null(), "more than a page");
    let items = page["data"].as_array().unwrap().iter();
    items.map(|item| (text(&item["id"]), shown(item))).collect()
}

async fn verify_conversation(account: &Client, id: &str, summary: &Shown) {
    let opened = account.get(&format!("/api/conversations/{id}")).await;
    let opened = Shown {
        page: None,
        ..shown(&opened.expect(200))
    };
    assert_eq!(&opened, summary, "{id}");
    let lines = page_by_page(account, id).await;
    assert_eq!(lines.len(), summary.count, "{id}");
    let all = all_branches(account, id).await;
    let tokens: u64 = all.iter().map(|(line, _)| line.tokens).sum();
    assert_eq!(Some(tokens), summary.tokens, "{id}");
}

/// Each message with its parent, by id.
async fn all_branches(account: &Client, id: &str) -> Vec<(Line, Option<String>)> {
    let path = format!("/api/conversations/{id}/messages?branches=all&limit=100");
    let page = account.get(&path).await.expect(200);
    assert!(page["nextCursor"].is_null(), "more than a page");
    let mut nodes = branches(&page["data"]);
    nodes.sort();
    nodes
}

async fn page_by_page(account: &Client, id: &str) -> Vec<Line> {
    let (mut lines, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/conversations/{id}/messages?order=asc&limit=7{cursor}");
        let page = account.get(&path).await.expect(200);
        lines.extend(page["data"].as_array().unwrap().iter().map(line));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return lines,
        }
    }
}

async fn verify_totals(account: &Client, listed: &BTreeMap<String, Shown>) {
    let user = account.get("/api/user").await.expect(200);
    let totals = &user["totals"]["current"];
    let count = |name: &str| totals[name].as_u64().unwrap();
    let messages: usize = listed.values().map(|shown| shown.count).sum();
    let tokens: Option<u64> = listed.values().map(|shown| shown.tokens).sum();
    assert_eq!(count("conversations"), listed.len() as u64);
    assert_eq!(count("messages"), messages as u64);
    assert_eq!(Some(count("tokens")), tokens);
}

async fn catch_up(account: &Client, follower: &mut Follower) {
    loop {
        let response: Value = account.get(&follower.path()).await.expect(200);
        follower.apply(&response);
        if follower.is_up_to_date {
            return;
        }
    }
}

async fn verify_export(account: &Client, listed: &BTreeMap<String, Shown>) {
    let (status, text) = account.try_get("/api/export").await;
    assert_eq!(status, 200);
    let mut exported = exported(&text.unwrap());
    for (id, shown) in &mut exported {
        let Some(Page::Export(mut exported)) = shown.page.take() else {
            panic!("{id} is shown without its messages");
        };
        exported.sort();
        assert_eq!(exported, all_branches(account, id).await, "{id}");
    }
    assert_eq!(&exported, listed);
}
