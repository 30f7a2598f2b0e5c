//! `/api/export`, and its import elsewhere.

mod requests;
mod round_trip;
mod streaming;

use crate::common::client::TestResponse;
use crate::common::{Client, Site};
use reqwest::Method;
use serde_json::Value;

const EXPORT: &str = "/api/export";

fn lines(response: &TestResponse) -> Vec<Value> {
    assert_eq!(response.status, 200, "{}", response.text);
    let lines = response.text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The lines without revision and tag, which start over; compared as text, members in order.
async fn export(user: &Client) -> Vec<String> {
    let text = user.get(EXPORT).await.text;
    let lines = text.lines().map(|line| {
        let Some((before, after)) = line.split_once(",\"revision\":") else {
            return line.to_owned();
        };
        let (_, after) = after.split_once(',').unwrap();
        let (tag, after) = after.split_once(',').unwrap();
        assert!(tag.starts_with("\"etag\":"), "{tag}");
        format!("{before},{after}")
    });
    lines.collect()
}

async fn import_lines(user: &Client, text: String) -> Value {
    let user = user.with_header("content-type", "application/x-ndjson");
    user.send(Method::POST, "/api/import", Some(text))
        .await
        .expect(200)
}

async fn assert_travels(site: &Site, from: &Client) {
    let exported = from.get(EXPORT).await.text;
    let to = site.user().await;
    let report = import_lines(&to, exported.clone()).await;
    assert_eq!(report["rejected"], 0, "{report}");
    assert_eq!(export(&to).await, export(from).await);
    // Imported in parts, the oldest last, the result is the same; importing again changes nothing.
    let parts = site.user().await;
    for line in exported.lines() {
        import_lines(&parts, line.to_owned()).await;
    }
    assert_eq!(export(&parts).await, export(from).await);
    let again = import_lines(&to, exported).await;
    assert_eq!(again["imported"], 0);
    assert_eq!(export(&to).await, export(from).await);
}
