//! What the account has afterwards.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{SESSION, account, claim, export};
use crate::common::{Client, Site, ids, message, without_etags};
use serde_json::json;

on_both_stores!(
    an_account_takes_over_everything,
    both_conversations_of_one_id_are_kept,
    a_conversation_imported_by_both_exists_once,
    a_share_of_a_copy_goes_with_the_account,
    shares_keep_working_and_belong_to_the_account,
    other_devices_of_the_account_learn_of_it,
    statistics_add_up,
);

async fn user_id(user: &Client) -> String {
    let session = user.get(SESSION).await.expect(200);
    session["userId"].as_str().unwrap().to_owned()
}

async fn an_account_takes_over_everything(site: Site) {
    let (anonymous, account) = (site.user().await, account(&site, "ada").await);
    let sample = crate::common::sample();
    anonymous.post("/api/import", &sample).await.expect(200);
    anonymous
        .create(
            "new",
            vec![message("m", "user", "hi"), message("n", "assistant", "ho")],
        )
        .await;
    anonymous
        .patch(
            "/api/conversations/new",
            &json!({ "pinned": true, "folder": "x" }),
        )
        .await
        .expect(200);
    anonymous
        .delete("/api/conversations/new/messages/n")
        .await
        .expect(200);
    anonymous.create("empty", vec![]).await;
    anonymous
        .create("deleted", vec![message("m", "user", "gone")])
        .await;
    anonymous
        .delete("/api/conversations/deleted")
        .await
        .expect(200);
    let (before, opened) = (export(&anonymous).await, anonymous.open("new").await);
    let source = user_id(&anonymous).await;

    let response = claim(&account, &anonymous).await.expect(200);
    assert_eq!(response, json!({ "claimed": true, "conversations": 5 }));
    assert_eq!(without_etags(export(&account).await), without_etags(before));
    let here = account.open("new").await;
    assert_ne!(here["etag"], opened["etag"], "a tag is of one user");
    assert_eq!(without_etags(vec![here]), without_etags(vec![opened]));
    account
        .append("new", vec![message("o", "user", "more")])
        .await
        .expect(201);
    account.get("/api/conversations/deleted").await.expect(404);

    // Only the mark that it was claimed is left of the anonymous user.
    let left: Vec<String> = site.keys(&format!("user:{source}:*")).await;
    let left: Vec<&str> = left.iter().map(|key| &key[source.len() + 6..]).collect();
    assert_eq!(left, ["conversations:meta"]);
    // Again, as after a lost response.
    let again = claim(&account, &anonymous).await.expect(200);
    assert_eq!(again, response);
    assert_eq!(
        ids(&account.get("/api/conversations").await.expect(200)["data"]).len(),
        5
    );
}

async fn both_conversations_of_one_id_are_kept(site: Site) {
    let (anonymous, account) = (site.user().await, account(&site, "ada").await);
    for (user, text) in [(&anonymous, "theirs"), (&account, "ours")] {
        user.create("1751545800000", vec![message("m", "user", text)])
            .await;
        user.create("2", vec![]).await;
    }
    account.delete("/api/conversations/2").await.expect(200);
    let response = claim(&account, &anonymous).await.expect(200);
    assert_eq!(response["conversations"], 2);
    assert_eq!(
        account.open("1751545800000").await["messages"][0]["content"],
        "ours"
    );
    let listed = account.get("/api/conversations").await.expect(200);
    let all = ids(&listed["data"]);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 3);
    let mut texts = BTreeSet::new();
    for id in all.iter().filter(|id| *id != "1751545800000") {
        let messages = account.open(id).await["messages"].clone();
        texts.extend(messages[0]["content"].as_str().map(str::to_owned));
    }
    assert_eq!(texts, BTreeSet::from(["theirs".to_owned()]));
    account.get("/api/conversations/2").await.expect(404);
}

async fn a_conversation_imported_by_both_exists_once(site: Site) {
    let (anonymous, account) = (site.user().await, account(&site, "ada").await);
    let sample = crate::common::sample();
    for user in [&anonymous, &account] {
        user.post("/api/import", &sample).await.expect(200);
    }
    // This one has changed since, so it is no longer a copy.
    let id = sample[1]["id"].as_str().unwrap();
    anonymous
        .append(id, vec![message("new", "user", "since")])
        .await
        .expect(201);
    let response = claim(&account, &anonymous).await.expect(200);
    assert_eq!(response["conversations"], 1);
    let listed = account.get("/api/conversations").await.expect(200);
    assert_eq!(listed["data"].as_array().unwrap().len(), 4);
}

/// What the account already has is not moved, but its shares stay public: the account can revoke them, and erasing it
/// deletes them.
async fn a_share_of_a_copy_goes_with_the_account(site: Site) {
    let (anonymous, account) = (site.user().await, account(&site, "ada").await);
    let sample = crate::common::sample();
    for user in [&anonymous, &account] {
        user.post("/api/import", &sample).await.expect(200);
    }
    let wanted = json!({ "conversationId": sample[0]["id"] });
    let mut shared = Vec::new();
    for _ in 0..2 {
        let share = anonymous.post("/api/shares", &wanted).await.expect(201);
        shared.push(format!("/api/shares?id={}", share["id"].as_str().unwrap()));
    }
    claim(&account, &anonymous).await.expect(200);
    let own = account.get("/api/shares").await.expect(200);
    assert_eq!(ids(&own["data"]).len(), 2);
    for path in &shared {
        site.anonymous_caller().get(path).await.expect(200);
    }
    account.delete(&shared[0]).await.expect(200);
    account.delete("/api/user").await.expect(200);
    for path in &shared {
        let gone = site.anonymous_caller().get(path).await;
        gone.expect_error(404, "share_not_found");
    }
    assert!(site.keys("share:*").await.is_empty());
}

async fn shares_keep_working_and_belong_to_the_account(site: Site) {
    let (anonymous, account) = (site.user().await, account(&site, "ada").await);
    anonymous
        .create("c", vec![message("m", "user", "hi")])
        .await;
    account
        .create("c", vec![message("m", "user", "other")])
        .await;
    let body = json!({ "conversationId": "c" });
    let shared = anonymous.post("/api/shares", &body).await.expect(201);
    claim(&account, &anonymous).await.expect(200);
    let path = format!("/api/shares?id={}", shared["id"].as_str().unwrap());
    let shown = site.anonymous_caller().get(&path).await.expect(200);
    assert_eq!(shown["messages"][0]["content"], "hi");
    let listed = account.get("/api/shares").await.expect(200);
    let moved = listed["data"][0]["conversationId"].as_str().unwrap();
    assert_ne!(moved, "c");
    account
        .delete(&format!("/api/conversations/{moved}"))
        .await
        .expect(200);
    site.anonymous_caller()
        .get(&path)
        .await
        .expect_error(404, "share_not_found");
}

async fn other_devices_of_the_account_learn_of_it(site: Site) {
    let (anonymous, account) = (site.user().await, account(&site, "ada").await);
    account.create("a", vec![]).await;
    anonymous.create("b", vec![]).await;
    let cursor = account.get("/api/sync").await.expect(200)["nextCursor"].clone();
    claim(&account, &anonymous).await.expect(200);
    let path = format!("/api/sync?cursor={}", cursor.as_str().unwrap());
    let changes = account.get(&path).await.expect(200);
    assert_eq!(changes["reset"], true);
    assert_eq!(ids(&changes["changed"]).len(), 2);
}

async fn statistics_add_up(site: Site) {
    let (anonymous, account) = (site.user().await, account(&site, "ada").await);
    let tokens = |id: &str, total: u64| json!({ "id": id, "type": "user", "content": "x", "tokens": { "total": total } });
    let of_model = |id: &str, total: u64, model: &str| {
        let mut message = tokens(id, total);
        message["model"] = json!(model);
        message
    };
    anonymous
        .create("old", vec![of_model("m", 7, "both")])
        .await;
    anonymous
        .delete("/api/conversations/old?permanent=true")
        .await
        .expect(200);
    // What is remembered of the deletion does not move.
    let left = anonymous.get("/api/user").await.expect(200)["bytes"].clone();
    site.advance(Duration::from_secs(86_400));
    anonymous
        .create("b", vec![tokens("m", 10), of_model("n", 5, "theirs")])
        .await;
    account.create("a", vec![of_model("m", 1, "both")]).await;
    let mut bytes = 0;
    for user in [&anonymous, &account] {
        let statistics = user.get("/api/user").await.expect(200);
        bytes += statistics["bytes"].as_u64().unwrap();
    }
    claim(&account, &anonymous).await.expect(200);
    let all = account.get("/api/user").await.expect(200);
    let expected = json!({
        "current": { "conversations": 2, "messages": 3, "tokens": 16 },
        "lifetime": { "conversations": 3, "messages": 4, "tokens": 23 },
    });
    assert_eq!(all["totals"], expected);
    assert_eq!(all["bytes"], bytes - left.as_u64().unwrap());
    let days = all["activity"].as_array().unwrap();
    let day = |at: usize| (days[at]["messages"].clone(), days[at]["tokens"].clone());
    assert_eq!(day(28), (json!(1), json!(7)));
    assert_eq!(day(29), (json!(3), json!(16)));
    let models = json!([
        { "model": "both", "messages": 2, "tokens": 8 },
        { "model": "theirs", "messages": 1, "tokens": 5 },
    ]);
    assert_eq!(all["models"], models);
    claim(&account, &anonymous).await.expect(200);
    assert_eq!(account.get("/api/user").await.expect(200), all);
}
