//! What is kept for ever, or for as long as the user has chosen, and what says so.

use std::time::Duration;

use crate::common::{Client, Deployment, Site, ids, message};
use embedded_store::reply::Reply;
use serde_json::{Value, json};

on_both_stores!(
    every_summary_says_when_it_expires,
    what_is_computed_is_ignored_when_it_is_sent_back,
    what_is_pinned_or_kept_never_expires,
    what_is_kept_no_more_expires_again,
    what_is_kept_is_erased_and_counted,
    the_users_keys_expire_once_nothing_is_kept,
    a_user_chooses_how_long_conversations_live,
    a_longer_ttl_counts_for_what_is_there,
    a_shorter_ttl_counts_when_a_conversation_is_used,
    a_choice_is_remembered_without_conversations,
    a_choice_that_is_none_is_refused,
    a_deployment_bounds_what_is_kept,
    what_expires_soon_is_counted,
    what_an_earlier_release_has_pinned_is_kept_by_the_list,
    a_claim_takes_a_longer_ttl_along,
    a_full_account_of_kept_conversations_is_refused_more,
);

const DAY: Duration = Duration::from_secs(86_400);
const DAY_MS: i64 = 86_400_000;
const USER: &str = "/api/user";

fn days_left(site: &Site, summary: &Value) -> i64 {
    let expires = summary["expiresAt"].as_str().unwrap();
    let expires = chrono::DateTime::parse_from_rfc3339(expires).unwrap();
    (expires.timestamp_millis() - site.clock.now_ms() + DAY_MS / 2) / DAY_MS
}

async fn choose(user: &Client, days: Value) -> Value {
    let body = json!({ "conversationTtlDays": days });
    user.patch(USER, &body).await.expect(200)
}

async fn patch(user: &Client, id: &str, body: Value) -> Value {
    let path = format!("/api/conversations/{id}");
    user.patch(&path, &body).await.expect(200)
}

async fn listed(user: &Client) -> Vec<String> {
    let list = user.get("/api/conversations?limit=50").await.expect(200);
    ids(&list["data"])
}

/// A deployment whose tokens last longer than these tests go on.
async fn lasting(site: &Site, more: &[(&str, &str)]) -> Deployment {
    let tokens = [("TOKEN_TTL_DAYS", "3650")];
    site.deployment(&[&tokens, more].concat()).await
}

/// Has the purge done, which a process does once an hour.
async fn purge(site: &Site, deployment: &Deployment, user: &Client) {
    site.advance(Duration::from_secs(3_601));
    user.get("/api/conversations").await.expect(200);
    deployment.idle().await;
}

async fn pttl(site: &Site, pattern: &str) -> Vec<i64> {
    let mut all = Vec::new();
    for key in site.keys(pattern).await {
        let Reply::Int(ttl) = site.command(&["PTTL", &key]).await else {
            panic!("no TTL");
        };
        all.push(ttl);
    }
    all
}

async fn every_summary_says_when_it_expires(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let user = deployment.user().await;
    let body = json!({ "id": "c", "messages": [message("m", "user", "x")] });
    let created = user.post("/api/conversations", &body).await.expect(201);
    assert_eq!(days_left(&site, &created), 90);
    assert_eq!(created["keep"], false);
    site.advance(10 * DAY);
    let list = user.get("/api/conversations").await.expect(200);
    assert_eq!(days_left(&site, &list["data"][0]), 80);
    let sync = user.get("/api/sync").await.expect(200);
    assert_eq!(days_left(&site, &sync["changed"][0]), 80);
    assert_eq!(days_left(&site, &user.open("c").await), 80);
    deployment.idle().await;
    // Reading has renewed it.
    let list = user.get("/api/conversations").await.expect(200);
    assert_eq!(days_left(&site, &list["data"][0]), 90);
    let appended = user.append("c", vec![message("n", "user", "x")]).await;
    let appended = appended.expect(201);
    assert_eq!(days_left(&site, &appended["conversation"]), 90);
    // An export is the same whenever it is taken.
    let export = user.get("/api/export").await;
    assert!(!export.text.contains("expiresAt"), "{}", export.text);
}

async fn what_is_computed_is_ignored_when_it_is_sent_back(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let user = deployment.user().await;
    let never = json!({ "title": "x", "expiresAt": "9999-01-01T00:00:00.000Z" });
    let path = "/api/conversations/c";
    let saved = user.put(path, &never).await.expect(201);
    assert_eq!(days_left(&site, &saved), 90);
    let opened = user.open("c").await;
    user.put(path, &opened).await.expect(200);
    user.post("/api/import", &json!([opened])).await.expect(200);
    assert_eq!(days_left(&site, &user.open("c").await), 90);
    user.patch(path, &json!({ "expiresAt": null }))
        .await
        .expect_error(400, "invalid_field");
    user.patch(path, &json!({ "keep": "yes" }))
        .await
        .expect_error(400, "invalid_field");
}

async fn what_is_pinned_or_kept_never_expires(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let user = deployment.user().await;
    let one = || vec![message("m", "user", "x")];
    for id in ["pinned", "kept", "plain", "false"] {
        user.create(id, one()).await;
    }
    let pinned = patch(&user, "pinned", json!({ "pinned": true })).await;
    assert_eq!(pinned["expiresAt"], Value::Null);
    let kept = patch(&user, "kept", json!({ "keep": true })).await;
    assert_eq!(
        (&kept["expiresAt"], &kept["keep"]),
        (&Value::Null, &json!(true))
    );
    let other = patch(
        &user,
        "false",
        json!({ "keep": false, "note": { "keep": true } }),
    )
    .await;
    assert_eq!(days_left(&site, &other), 90);
    let new = json!({ "id": "new", "keep": true, "messages": one() });
    let new = user.post("/api/conversations", &new).await.expect(201);
    assert_eq!(new["expiresAt"], Value::Null);
    let imported = json!([{ "id": "imported", "pinned": true, "messages": one() }]);
    user.post("/api/import", &imported).await.expect(200);
    for _ in 0..2 {
        site.advance(400 * DAY);
        purge(&site, &deployment, &user).await;
        let mut left = listed(&user).await;
        left.sort();
        assert_eq!(left, ["imported", "kept", "new", "pinned"]);
    }
    for id in ["imported", "kept", "new", "pinned"] {
        let opened = user.open(id).await;
        assert_eq!(ids(&opened["messages"]), ["m"], "{id}");
        assert_eq!(opened["expiresAt"], Value::Null);
        user.append(id, vec![message("n", "user", "y")])
            .await
            .expect(201);
        // Redis keeps the keys as long.
        let lives = pttl(&site, &format!("*conversation:{id}:*")).await;
        assert_eq!(lives.len(), 2);
        assert!(lives.iter().all(|ttl| *ttl > 1_000 * 365 * DAY_MS));
    }
    let account = pttl(&site, "*conversations*").await;
    assert!(account.iter().all(|ttl| *ttl > 1_000 * 365 * DAY_MS));
}

async fn what_is_kept_no_more_expires_again(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let user = deployment.user().await;
    user.create("c", vec![message("m", "user", "x")]).await;
    patch(&user, "c", json!({ "pinned": true, "keep": true })).await;
    site.advance(200 * DAY);
    let still = patch(&user, "c", json!({ "pinned": false })).await;
    assert_eq!(still["expiresAt"], Value::Null);
    let unkept = patch(&user, "c", json!({ "keep": null })).await;
    assert_eq!(days_left(&site, &unkept), 90);
    let lives = pttl(&site, "*conversation:c:*").await;
    assert!(lives.iter().all(|ttl| *ttl < 300 * DAY_MS), "{lives:?}");
    site.advance(91 * DAY);
    user.get("/api/conversations/c")
        .await
        .expect_error(404, "conversation_not_found");
    purge(&site, &deployment, &user).await;
    assert!(site.keys("*conversation:c:*").await.is_empty());
    // Saved whole, it is what the record says.
    let kept = json!({ "keep": true, "messages": [message("m", "user", "x")] });
    let saved = user.put("/api/conversations/d", &kept).await.expect(201);
    assert_eq!(saved["expiresAt"], Value::Null);
    let plain = json!({ "messages": [message("m", "user", "x")] });
    let saved = user.put("/api/conversations/d", &plain).await.expect(200);
    assert_eq!(days_left(&site, &saved), 90);
}

async fn what_is_kept_is_erased_and_counted(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let user = deployment.user().await;
    for index in 0..3 {
        let id = format!("c{index}");
        user.create(&id, vec![message("m", "user", "x")]).await;
        patch(&user, &id, json!({ "keep": true })).await;
    }
    let before = user.get(USER).await.expect(200);
    site.advance(500 * DAY);
    purge(&site, &deployment, &user).await;
    let after = user.get(USER).await.expect(200);
    assert_eq!(after["totals"]["current"]["conversations"], 3);
    assert_eq!(after["bytes"], before["bytes"]);
    user.delete(USER).await.expect(200);
    deployment.idle().await;
    assert!(site.keys("user:*conversation*").await.is_empty());
}

async fn the_users_keys_expire_once_nothing_is_kept(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let user = deployment.user().await;
    user.create("c", vec![message("m", "user", "x")]).await;
    patch(&user, "c", json!({ "keep": true })).await;
    patch(&user, "c", json!({ "keep": false })).await;
    let far = |lives: &[i64]| lives.iter().any(|ttl| *ttl > 300 * DAY_MS);
    assert!(far(&pttl(&site, "*conversations:meta").await));
    site.advance(2 * DAY);
    purge(&site, &deployment, &user).await;
    let lives = pttl(&site, "user:*").await;
    assert!(!far(&lives), "{lives:?}");
    // It slides on as before.
    site.advance(80 * DAY);
    user.append("c", vec![message("n", "user", "x")])
        .await
        .expect(201);
    let lives = pttl(&site, "*conversations*").await;
    assert!(lives.iter().all(|ttl| *ttl > 89 * DAY_MS), "{lives:?}");
    assert!(!far(&lives));
}

async fn a_user_chooses_how_long_conversations_live(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let user = deployment.user().await;
    let before = user.get(USER).await.expect(200);
    assert_eq!(before["conversationTtlDays"], 90);
    user.create("c", vec![]).await;
    let chosen = choose(&user, json!(30)).await;
    assert_eq!(chosen, user.get(USER).await.expect(200));
    assert_eq!(chosen["conversationTtlDays"], 30);
    let created = user.post("/api/conversations", &json!({ "id": "d" })).await;
    assert_eq!(days_left(&site, &created.expect(201)), 30);
    assert_eq!(
        choose(&user, Value::Null).await["conversationTtlDays"],
        Value::Null
    );
    let created = user.post("/api/conversations", &json!({ "id": "e" })).await;
    assert_eq!(created.expect(201)["expiresAt"], Value::Null);
    // What was chosen is this user's alone.
    let other = deployment.user().await;
    assert_eq!(other.get(USER).await.expect(200)["conversationTtlDays"], 90);
    user.delete(USER).await.expect(200);
    assert_eq!(user.get(USER).await.expect(200)["conversationTtlDays"], 90);
}

async fn a_longer_ttl_counts_for_what_is_there(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let user = deployment.user().await;
    let all: Vec<Value> = (0..230)
        .map(|index| json!({ "id": format!("c{index}"), "messages": [message("m", "user", "x")] }))
        .collect();
    user.post("/api/import", &json!(all)).await.expect(200);
    site.advance(60 * DAY);
    choose(&user, json!(365)).await;
    deployment.idle().await;
    let list = user.get("/api/conversations?limit=50").await.expect(200);
    for summary in list["data"].as_array().unwrap() {
        assert_eq!(days_left(&site, summary), 365);
    }
    site.advance(360 * DAY);
    purge(&site, &deployment, &user).await;
    let user_now = user.get(USER).await.expect(200);
    assert_eq!(user_now["totals"]["current"]["conversations"], 230);
    assert_eq!(ids(&user.open("c7").await["messages"]), ["m"]);
    deployment.idle().await;
    site.advance(10 * DAY);
    assert_eq!(
        listed(&user).await,
        ["c7"],
        "the others were not used for 370 days"
    );
    choose(&user, Value::Null).await;
    deployment.idle().await;
    assert_eq!(user.open("c7").await["expiresAt"], Value::Null);
    site.advance(3_000 * DAY);
    purge(&site, &deployment, &user).await;
    assert_eq!(ids(&user.open("c7").await["messages"]), ["m"]);
}

async fn a_shorter_ttl_counts_when_a_conversation_is_used(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let user = deployment.user().await;
    user.create("read", vec![message("m", "user", "x")]).await;
    user.create("left", vec![message("m", "user", "x")]).await;
    choose(&user, json!(2)).await;
    deployment.idle().await;
    let list = user.get("/api/conversations").await.expect(200);
    assert_eq!(days_left(&site, &list["data"][0]), 90);
    user.open("read").await;
    deployment.idle().await;
    assert_eq!(days_left(&site, &user.open("read").await), 2);
    site.advance(3 * DAY);
    assert_eq!(listed(&user).await, ["left"]);
    // The totals leave it out as well, and tombstones live on.
    let totals = user.get(USER).await.expect(200);
    assert_eq!(totals["totals"]["current"]["conversations"], 1);
    user.delete("/api/conversations/left").await.expect(200);
    site.advance(30 * DAY);
    user.put("/api/conversations/left", &json!({}))
        .await
        .expect_error(404, "conversation_deleted");
}

async fn a_choice_is_remembered_without_conversations(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let (short, long) = (deployment.user().await, deployment.user().await);
    choose(&short, json!(1)).await;
    choose(&long, Value::Null).await;
    let lives = pttl(&site, "*conversations:meta").await;
    assert!(lives.iter().all(|ttl| *ttl > 89 * DAY_MS), "{lives:?}");
    // Used each day, it is remembered longer than it was.
    for _ in 0..6 {
        site.advance(20 * DAY);
        short.put("/api/conversations/c", &json!({})).await;
    }
    let lives = pttl(&site, "*conversations:meta").await;
    assert!(lives.iter().all(|ttl| *ttl > 89 * DAY_MS), "{lives:?}");
    assert_eq!(short.get(USER).await.expect(200)["conversationTtlDays"], 1);
    assert_eq!(
        long.get(USER).await.expect(200)["conversationTtlDays"],
        Value::Null
    );
}

async fn a_choice_that_is_none_is_refused(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let user = deployment.user().await;
    choose(&user, json!(10)).await;
    for wrong in [json!(0), json!(-1), json!(1.5), json!("10"), json!(36_501)] {
        user.patch(USER, &json!({ "conversationTtlDays": wrong }))
            .await
            .expect_error(400, "invalid_field");
    }
    user.patch(USER, &json!({ "ttl": 5 }))
        .await
        .expect_error(400, "invalid_field");
    assert_eq!(user.get(USER).await.expect(200)["conversationTtlDays"], 10);
}

async fn a_deployment_bounds_what_is_kept(site: Site) {
    let deployment = lasting(&site, &[("MAX_CONVERSATION_TTL_DAYS", "120")]).await;
    let user = deployment.user().await;
    let pinned = json!({ "id": "c", "pinned": true, "messages": [message("m", "user", "x")] });
    let pinned = user.post("/api/conversations", &pinned).await.expect(201);
    assert_eq!(days_left(&site, &pinned), 120);
    user.patch(USER, &json!({ "conversationTtlDays": 121 }))
        .await
        .expect_error(400, "invalid_field");
    let chosen = choose(&user, Value::Null).await;
    assert_eq!(chosen["conversationTtlDays"], 120);
    // Being listed is use enough for what is to be kept.
    site.advance(110 * DAY);
    listed(&user).await;
    deployment.idle().await;
    site.advance(110 * DAY);
    assert_eq!(listed(&user).await, ["c"]);
    deployment.idle().await;
    site.advance(121 * DAY);
    assert!(listed(&user).await.is_empty());
}

async fn what_expires_soon_is_counted(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let user = deployment.user().await;
    for id in ["a", "b", "c", "kept"] {
        user.create(id, vec![message("m", "user", "x")]).await;
    }
    patch(&user, "kept", json!({ "keep": true })).await;
    let soon = async || user.get(USER).await.expect(200)["expiringSoon"].clone();
    assert_eq!(soon().await, 0);
    site.advance(75 * DAY);
    purge(&site, &deployment, &user).await;
    assert_eq!(soon().await, 0);
    site.advance(2 * DAY);
    assert_eq!(soon().await, 3);
    user.open("a").await;
    deployment.idle().await;
    assert_eq!(soon().await, 2);
    site.advance(14 * DAY);
    assert_eq!(soon().await, 0, "two have expired");
    choose(&user, json!(5)).await;
    user.open("a").await;
    deployment.idle().await;
    assert_eq!(soon().await, 1);
}

/// An earlier release wrote a pinned conversation with an expiry.
async fn what_an_earlier_release_has_pinned_is_kept_by_the_list(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let user = deployment.user().await;
    let all: Vec<Value> = (0..15)
        .map(|index| json!({ "id": format!("c{index}"), "messages": [message("m", "user", "x")] }))
        .collect();
    user.post("/api/import", &json!(all)).await.expect(200);
    let meta = site.keys("*conversations:meta").await.remove(0);
    for index in 0..15 {
        let record = "\"pinned\"\u{1f}true\u{1e}";
        site.command(&["HSET", &meta, &format!("c{index}"), record])
            .await;
    }
    for left in [5, 0] {
        listed(&user).await;
        deployment.idle().await;
        let list = user.get("/api/conversations").await.expect(200);
        let list = list["data"].as_array().unwrap();
        let expiring = list
            .iter()
            .filter(|summary| !summary["expiresAt"].is_null());
        assert_eq!(expiring.count(), left);
    }
    site.advance(100 * DAY);
    assert_eq!(listed(&user).await.len(), 15);
    assert_eq!(ids(&user.open("c3").await["messages"]), ["m"]);
}

async fn a_claim_takes_a_longer_ttl_along(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let (source, target) = (deployment.user().await, deployment.user().await);
    choose(&source, json!(400)).await;
    source.create("s", vec![message("m", "user", "x")]).await;
    target.create("t", vec![message("m", "user", "x")]).await;
    let body = json!({ "action": "claim", "token": source.token() });
    target.post("/api/session", &body).await.expect(200);
    assert_eq!(
        target.get(USER).await.expect(200)["conversationTtlDays"],
        400
    );
    site.advance(300 * DAY);
    assert!(listed(&target).await.contains(&"s".to_owned()));
    // A shorter one does not come along.
    let brief = deployment.user().await;
    choose(&brief, json!(3)).await;
    brief.create("b", vec![]).await;
    let body = json!({ "action": "claim", "token": brief.token() });
    target.post("/api/session", &body).await.expect(200);
    assert_eq!(
        target.get(USER).await.expect(200)["conversationTtlDays"],
        400
    );
}

async fn a_full_account_of_kept_conversations_is_refused_more(site: Site) {
    let deployment = lasting(&site, &[("MAX_CONVERSATIONS", "2")]).await;
    let user = deployment.user().await;
    for id in ["a", "b"] {
        user.put(
            &format!("/api/conversations/{id}"),
            &json!({ "keep": true }),
        )
        .await
        .expect(201);
    }
    site.advance(365 * DAY);
    user.get("/api/conversations").await.expect(200);
    deployment.idle().await;
    user.put("/api/conversations/c", &json!({}))
        .await
        .expect_error(403, "too_many_conversations_kept");
}
