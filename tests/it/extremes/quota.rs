//! Everything stored counts towards the quota.

use std::time::Duration;

use super::{DAY, noise};
use crate::common::{Client, Site, message};
use serde_json::{Value, json};

on_both_stores!(
    metadata_count_towards_the_quota,
    everything_stored_counts_and_deleting_frees_it,
);

async fn bytes(user: &Client) -> u64 {
    let statistics = user.get("/api/user").await.expect(200);
    statistics["bytes"].as_u64().unwrap()
}

async fn metadata_count_towards_the_quota(site: Site) {
    let strict = site.deployment(&[("MAX_USER_BYTES", "1000000")]).await;
    let code = "too_much_text_kept";
    let user = strict.user().await;
    let large = |index: u64| json!({ "id": format!("c{index}"), "notes": noise(index, 200_000) });
    let mut accepted = 0;
    for index in 0..20 {
        let response = user.post("/api/conversations", &large(index)).await;
        match response.status {
            201 => accepted += 1,
            _ => drop(response.expect_error(403, code)),
        }
    }
    assert_eq!(accepted, 4);
    let chunk: Vec<Value> = (20..40).map(large).collect();
    let report = user.post("/api/import", &json!(chunk)).await.expect(200);
    for result in report["results"].as_array().unwrap() {
        assert_eq!(result["code"], code, "{result}");
    }
    let grown = json!({ "notes": noise(1, 200_000), "more": noise(2, 50_000) });
    for index in 0..20 {
        let path = format!("/api/conversations/c{}", index % 4);
        let response = user.patch(&path, &grown).await;
        assert!([200, 403].contains(&response.status), "{}", response.text);
    }
    assert!(bytes(&user).await < 1_010_000);
}

async fn everything_stored_counts_and_deleting_frees_it(site: Site) {
    let user = site.user().await;
    user.create("c", vec![message("m", "user", &noise(0, 2_000))])
        .await;
    let mut before = bytes(&user).await;
    let mut grows = async |what: &str, least: u64| {
        let now = bytes(&user).await;
        assert!(now >= before + least, "{what}: {before} became {now}");
        before = now;
    };
    for index in 0..20 {
        let title = json!({ "title": format!("title {}", index % 2) });
        user.patch("/api/conversations/c", &title).await.expect(200);
    }
    grows("a log", 20 * 50).await;
    let share = json!({ "conversationId": "c" });
    user.post("/api/shares", &share).await.expect(201);
    grows("a snapshot", 1_500).await;
    for index in 0..20 {
        let id = format!("n{index}");
        user.append("c", vec![message(&id, "user", "x")])
            .await
            .expect(201);
        let path = format!("/api/conversations/c/messages/{id}");
        user.delete(&path).await.expect(200);
    }
    grows("tombstones", 20 * 60).await;
    user.delete("/api/conversations/c?permanent=true")
        .await
        .expect(200);
    let left = bytes(&user).await;
    // The log of what is gone still serves repeats.
    assert!(left < before - 4_000, "{before} became {left}");
    // Until the purge removes it.
    site.advance(90 * DAY + Duration::from_secs(3_600));
    user.get("/api/conversations").await.expect(200);
    site.idle().await;
    assert_eq!(bytes(&user).await, 0);
}
