//! Data of an earlier release stays readable, and can be changed, shared, deleted and erased.
//!
//! `stored.json` holds what the release before request ids had stored for one user, as the commands that store it again:
//! taken from its own database, but for one sum of tokens that was made too long for any number by hand. `line.json` is the same of the
//! release before branches, and `lua/` has scripts of that release, which a test runs beside those of this one.

use std::time::Duration;

use crate::common::client::TestResponse;
use crate::common::{Client, Site, ids, message};
use reqwest::Method;
use serde_json::{Value, json};

struct Stored(Value);

impl Stored {
    fn parse(json: &str) -> Self {
        Self(serde_json::from_str(json).unwrap())
    }

    fn taken_at(&self) -> Duration {
        Duration::from_millis(self.0["takenAt"].as_u64().unwrap())
    }

    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap()
    }

    /// Puts it into the site's store, and returns its user.
    async fn put_into(&self, site: &Site) -> Client {
        for command in self.0["commands"].as_array().unwrap() {
            let words: Vec<&str> = command
                .as_array()
                .unwrap()
                .iter()
                .map(|word| word.as_str().unwrap())
                .collect();
            site.command(&words).await;
        }
        site.anonymous_caller().with_token(self.text("token"))
    }
}

macro_rules! on_both_stores_as_stored {
    ($file:expr => $($name:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let stored = super::Stored::parse($file);
                let site = super::Site::stopped_at(stored.taken_at()).await;
                let user = stored.put_into(&site).await;
                super::$name(site, user, stored).await;
            })+
        }
        mod redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let stored = super::Stored::parse($file);
                if let Some(site) = super::Site::redis_stopped_at(stored.taken_at()).await {
                    let user = stored.put_into(&site).await;
                    super::$name(site, user, stored).await;
                }
            })+
        }
    };
}

mod before_branches;
mod side_by_side;

on_both_stores_as_stored!(
    include_str!("stored.json") =>
    it_reads_as_it_did,
    it_can_be_changed,
    it_can_be_branched,
    what_was_deleted_stays_deleted,
    a_share_is_read_and_revoked,
    it_goes_with_its_user,
);

async fn it_reads_as_it_did(site: Site, user: Client, stored: Stored) {
    let mut opened = user.open("plain").await;
    // Versions of that release have no tag until the next write.
    assert!(opened["etag"].is_null());
    let head = opened.as_object_mut().unwrap().remove("headId");
    assert_eq!(head, Some(json!("a2")));
    // That release neither reported expiry nor knew `keep`.
    for name in ["etag", "expiresAt", "keep"] {
        opened.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(opened, stored.0["opened"]);

    let list = user.get("/api/conversations").await.expect(200);
    let mut listed = ids(&list["data"]);
    listed.sort();
    assert_eq!(listed, ["absurd", "empty", "imported", "plain"]);
    let imported = user.get("/api/conversations/imported?limit=100").await;
    let imported = imported.expect(200);
    assert_eq!(
        json!(ids(&imported["messages"])),
        stored.0["importedNewest"]
    );
    assert_eq!(imported["totalTokens"], 5_000);
    // A sum without bounds stops at the largest number there is.
    let absurd = user.open("absurd").await;
    assert_eq!(absurd["totalTokens"], 9_007_199_254_740_991_u64);

    let statistics = user.get("/api/user").await.expect(200);
    assert_eq!(statistics["totals"]["current"]["conversations"], 4);
    // That release counted by the day on which it received a message, and knew of no models.
    let today = statistics["activity"].as_array().unwrap().last().unwrap();
    assert_eq!(today["messages"], 216);
    assert_eq!(statistics["models"], json!([]));
    user.get("/api/sync").await.expect(200);
    let export = user.get("/api/export").await;
    assert!(
        export.text.ends_with("\"complete\":true}}\n"),
        "{}",
        export.text
    );
    let session = user.get("/api/session").await.expect(200);
    assert_eq!(session["currentConversationId"], "plain");
    site.idle().await;
}

async fn it_can_be_changed(_: Site, user: Client, _: Stored) {
    let before = user.open("plain").await;
    let stale = user.with_header("if-match", "\"4\"");
    let turn = vec![message("q4", "user", "Thanks.")];
    let refused = stale.append("plain", turn.clone()).await;
    refused.expect_error(412, "revision_mismatch");
    let tag = refused.etag();
    let appended = user
        .with_header("if-match", tag)
        .append("plain", turn)
        .await
        .expect(201);
    assert_eq!(appended["conversation"]["messageCount"], 5);
    assert_eq!(
        appended["conversation"]["totalTokens"],
        before["totalTokens"]
    );
    let path = "/api/conversations/plain/messages/q1";
    user.patch(path, &json!({ "content": "What is a lock?" }))
        .await
        .expect(200);
    user.delete("/api/conversations/plain/messages/a2")
        .await
        .expect(200);
    let after = user.open("plain").await;
    assert_eq!(ids(&after["messages"]), ["q1", "a1", "q2", "q4"]);
    assert_eq!(after["folder"], "work");

    let saved = json!({ "messages": [message("only", "user", "one")] });
    user.put("/api/conversations/imported", &saved)
        .await
        .expect(200);
    assert_eq!(user.open("imported").await["messageCount"], 1);
    // A message that the save left out does not come back with a late repeat.
    let late = r#"{"id":"m3","type":"assistant","content":"text 3","timestamp":1751328003000}"#;
    append_as_sent(&user, "imported", late)
        .await
        .expect_error(409, "message_deleted");
    user.delete("/api/conversations/empty").await.expect(200);
}

async fn it_can_be_branched(_: Site, user: Client, _: Stored) {
    let mut other = message("other", "assistant", "Another response.");
    other["parentId"] = json!("q1");
    user.append("plain", vec![other]).await.expect(201);
    let opened = user.open("plain").await;
    assert_eq!(ids(&opened["messages"]), ["q1", "other"]);
    assert_eq!(opened["messages"][1]["siblingIds"], json!(["a1", "other"]));
    let back = json!({ "headId": "a2" });
    user.patch("/api/conversations/plain", &back)
        .await
        .expect(200);
    assert_eq!(
        ids(&user.open("plain").await["messages"]),
        ["q1", "a1", "q2", "a2"]
    );
}

/// Appends a message whose fields come in the order in which they were sent the first time.
async fn append_as_sent(user: &Client, conversation: &str, message: &str) -> TestResponse {
    let path = format!("/api/conversations/{conversation}/messages");
    let body = format!(r#"{{"messages":[{message}]}}"#);
    user.send(Method::POST, &path, Some(body)).await
}

async fn what_was_deleted_stays_deleted(_: Site, user: Client, _: Stored) {
    let body = json!({ "messages": [message("x", "user", "x")] });
    user.put("/api/conversations/deleted", &body)
        .await
        .expect_error(404, "conversation_deleted");
    let late =
        r#"{"id":"q3","type":"user","content":"gone","timestamp":"2026-11-01T10:02:00.000Z"}"#;
    append_as_sent(&user, "plain", late)
        .await
        .expect_error(409, "message_deleted");
    let repeated = user.delete("/api/conversations/plain/messages/q3").await;
    assert_eq!(repeated.expect(200)["deleted"], json!(["q3"]));
}

async fn a_share_is_read_and_revoked(site: Site, user: Client, stored: Stored) {
    let path = format!("/api/shares?id={}", stored.text("share"));
    let shared = site.anonymous_caller().get(&path).await.expect(200);
    assert_eq!(ids(&shared["messages"]), ["q1", "a1", "q2", "a2"]);
    let all = user.get("/api/shares").await.expect(200);
    assert_eq!(ids(&all["data"]), [stored.text("share")]);
    // Its key does not follow from the user, yet it is found.
    user.delete("/api/conversations/plain").await.expect(200);
    site.anonymous_caller()
        .get(&path)
        .await
        .expect_error(404, "share_not_found");
    assert!(site.keys("share:*").await.is_empty());
}

async fn it_goes_with_its_user(site: Site, user: Client, stored: Stored) {
    assert_eq!(
        user.delete("/api/user").await.expect(200),
        json!({ "erased": true })
    );
    site.idle().await;
    assert!(site.keys("share:*").await.is_empty());
    let left = site.keys(&format!("user:{}:*", stored.text("user"))).await;
    assert!(left.is_empty(), "{left:?}");
}
