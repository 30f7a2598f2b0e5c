//! `POST /api/session` `claim`: an anonymous user's data moved into an account, once.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::common::client::TestResponse;
use crate::common::provider::SigningKey;
use crate::common::{Client, Site, ids, message, without_etags};
use embedded_store::front::Fault;
use embedded_store::reply::Reply;
use serde_json::{Value, json};

on_both_stores!(
    an_account_takes_over_everything,
    the_anonymous_users_tokens_are_void_afterwards,
    only_one_account_gets_it,
    both_conversations_of_one_id_are_kept,
    what_both_imported_is_there_once,
    a_share_of_a_copy_goes_with_the_account,
    a_claim_that_failed_in_the_middle_is_gone_on_with,
    a_deletion_amid_a_claim_is_refused_or_final,
    a_token_that_was_signed_out_claims_nothing,
    shares_go_on_and_belong_to_the_account,
    other_devices_of_the_account_learn_of_it,
    a_quota_stops_it_and_loses_nothing,
    bad_claims_change_nothing,
    statistics_add_up,
);

const SESSION: &str = "/api/session";
const SECRET: &str = "a secret that a provider shares with us";

/// A user of an auth provider.
async fn account(site: &Site, name: &str) -> Client {
    let deployment = site.deployment(&[("AUTH_JWT_SECRET", SECRET)]).await;
    // It serves until the test's runtime ends, not just until here.
    let deployment = Box::leak(Box::new(deployment));
    let expires = site.clock.now_ms() / 1_000 + 86_400;
    let claims = json!({ "sub": name, "exp": expires });
    let token = SigningKey::Shared(SECRET.to_owned()).token("", &claims);
    deployment.anonymous_caller().with_token(&token)
}

async fn claim(account: &Client, anonymous: &Client) -> TestResponse {
    let body = json!({ "action": "claim", "token": anonymous.token() });
    account.post(SESSION, &body).await
}

async fn export(user: &Client) -> Vec<Value> {
    let text = user.get("/api/export").await.text;
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

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

    let answer = claim(&account, &anonymous).await.expect(200);
    assert_eq!(answer, json!({ "claimed": true, "conversations": 5 }));
    assert_eq!(without_etags(export(&account).await), without_etags(before));
    let here = account.open("new").await;
    assert_ne!(here["etag"], opened["etag"], "a tag is of one user");
    assert_eq!(without_etags(vec![here]), without_etags(vec![opened]));
    account
        .append("new", vec![message("o", "user", "more")])
        .await
        .expect(201);
    account.get("/api/conversations/deleted").await.expect(404);

    // Of the anonymous user nothing is left but the mark that it was claimed.
    let left: Vec<String> = site.keys(&format!("user:{source}:*")).await;
    let left: Vec<&str> = left.iter().map(|key| &key[source.len() + 6..]).collect();
    assert_eq!(left, ["conversations:meta"]);
    // Again, as when the answer was lost.
    let again = claim(&account, &anonymous).await.expect(200);
    assert_eq!(again, answer);
    assert_eq!(
        ids(&account.get("/api/conversations").await.expect(200)["data"]).len(),
        5
    );
}

async fn the_anonymous_users_tokens_are_void_afterwards(site: Site) {
    let anonymous = site.user().await;
    anonymous.create("c", vec![]).await;
    let code = anonymous
        .post(SESSION, &json!({ "action": "link" }))
        .await
        .expect(201);
    let body = json!({ "action": "redeem", "code": code["code"] });
    let session = site
        .anonymous_caller()
        .post(SESSION, &body)
        .await
        .expect(200);
    let device = site
        .anonymous_caller()
        .with_token(session["token"].as_str().unwrap());
    device.open("c").await;
    site.advance(Duration::from_millis(5));
    claim(&account(&site, "ada").await, &anonymous)
        .await
        .expect(200);
    for old in [&anonymous, &device] {
        old.get("/api/conversations")
            .await
            .expect_error(401, "signed_out");
        old.append("c", vec![message("m", "user", "late")])
            .await
            .expect_error(401, "signed_out");
        old.post(SESSION, &json!({}))
            .await
            .expect_error(401, "signed_out");
    }
}

async fn only_one_account_gets_it(site: Site) {
    let anonymous = site.user().await;
    anonymous
        .create("c", vec![message("m", "user", "mine")])
        .await;
    let (ada, eve) = (account(&site, "ada").await, account(&site, "eve").await);
    claim(&ada, &anonymous).await.expect(200);
    claim(&eve, &anonymous)
        .await
        .expect_error(409, "already_claimed");
    eve.get("/api/conversations/c").await.expect(404);
    ada.open("c").await;
    // Nor does an erased account give it free; and yet nothing says any more whose it was.
    let id = ada.get(SESSION).await.expect(200)["userId"].clone();
    ada.delete("/api/user").await.expect(200);
    let mut marks = 0;
    for key in site.keys("*:conversations:meta").await {
        if let Reply::Bulk(mark) = site.command(&["HGET", &key, ":claimed"]).await {
            assert_ne!(mark, id.as_str().unwrap().as_bytes());
            marks += 1;
        }
    }
    assert_eq!(marks, 1);
    claim(&eve, &anonymous)
        .await
        .expect_error(409, "already_claimed");
}

async fn both_conversations_of_one_id_are_kept(site: Site) {
    let (anonymous, account) = (site.user().await, account(&site, "ada").await);
    for (user, text) in [(&anonymous, "theirs"), (&account, "ours")] {
        user.create("1751545800000", vec![message("m", "user", text)])
            .await;
        user.create("2", vec![]).await;
    }
    account.delete("/api/conversations/2").await.expect(200);
    let answer = claim(&account, &anonymous).await.expect(200);
    assert_eq!(answer["conversations"], 2);
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

async fn what_both_imported_is_there_once(site: Site) {
    let (anonymous, account) = (site.user().await, account(&site, "ada").await);
    let sample = crate::common::sample();
    for user in [&anonymous, &account] {
        user.post("/api/import", &sample).await.expect(200);
    }
    // This one has changed since, so it is no copy any more.
    let id = sample[1]["id"].as_str().unwrap();
    anonymous
        .append(id, vec![message("new", "user", "since")])
        .await
        .expect(201);
    let answer = claim(&account, &anonymous).await.expect(200);
    assert_eq!(answer["conversations"], 1);
    let listed = account.get("/api/conversations").await.expect(200);
    assert_eq!(listed["data"].as_array().unwrap().len(), 4);
}

/// What the account has already is not moved, but what was shared of it stays public: the account can revoke it, and its
/// erasure takes it along.
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

async fn a_claim_that_failed_in_the_middle_is_gone_on_with(site: Site) {
    let (anonymous, account) = (site.user().await, account(&site, "ada").await);
    let all: Vec<Value> = (0..120)
        .map(|at| json!({ "id": format!("c{at}"), "messages": [message("m", "user", "x")] }))
        .collect();
    anonymous.post("/api/import", &json!(all)).await.expect(200);
    let before = export(&anonymous).await;
    // The first step passes, and one that runs without its answer arriving; then the store is gone.
    let other = site.user().await;
    other.get("/api/conversations").await.expect(200);
    claim(&other, &site.user().await).await.expect(200);
    site.faults().push(Fault::CutAfter, 2);
    site.faults().push(
        Fault::Status {
            code: 500,
            retry_after: None,
        },
        9,
    );
    claim(&account, &anonymous).await.expect(503);
    site.faults().clear();
    anonymous
        .get("/api/conversations")
        .await
        .expect_error(401, "signed_out");
    // The circuit is closed again after a while.
    site.advance(Duration::from_secs(61));
    let answer = claim(&account, &anonymous).await.expect(200);
    assert_eq!(answer["claimed"], true);
    assert_eq!(without_etags(export(&account).await), without_etags(before));
}

/// Wherever the step that moves a conversation stops.
async fn a_deletion_amid_a_claim_is_refused_or_final(site: Site) {
    let path = "/api/conversations/c";
    let mut refused = 0;
    claim(&site.user().await, &site.user().await)
        .await
        .expect(200);
    for round in 2.. {
        // Each place once with a deletion and once without.
        let (nth, is_deleted) = (round / 2, round % 2 == 0);
        site.begin_window();
        let (anonymous, account) = (site.user().await, site.user().await);
        let moved = vec![message("m", "user", "x")];
        anonymous.create("c", moved).await;
        account.create("other", vec![]).await;
        site.faults().take_fired();
        site.faults().push(Fault::Delay(Duration::ZERO), 1);
        let error = "ERR stopped".to_owned();
        site.faults().push(Fault::ScriptCommand { nth, error }, 1);
        claim(&account, &anonymous).await;
        site.faults().clear();
        if !site.faults().take_fired() {
            break;
        }
        let deletion = match is_deleted {
            true => account.delete(path).await,
            false => account.get("/api/conversations/none").await,
        };
        let done = claim(&account, &anonymous).await.expect(200);
        assert_eq!(done["claimed"], true);
        let list = account.get("/api/conversations").await.expect(200);
        let mut here = ids(&list["data"]);
        here.retain(|id| id != "other");
        if deletion.status == 200 {
            assert!(here.is_empty(), "{nth}: {here:?} came back");
            continue;
        }
        if deletion.status != 404 {
            deletion.expect_error(409, "claim_unfinished");
            refused += 1;
        }
        assert_eq!(here, ["c"], "{nth}");
        assert_eq!(ids(&account.open("c").await["messages"]), ["m"], "{nth}");
        account.delete(path).await.expect(200);
    }
    assert!(refused > 0);
}

async fn a_token_that_was_signed_out_claims_nothing(site: Site) {
    let (anonymous, thief) = (site.user().await, account(&site, "eve").await);
    anonymous.create("c", vec![]).await;
    site.advance(Duration::from_secs(1));
    let body = json!({ "action": "signOutEverywhere" });
    let fresh = anonymous.post(SESSION, &body).await.expect(200);
    claim(&thief, &anonymous)
        .await
        .expect_error(403, "wrong_token");
    let fresh = anonymous.with_token(fresh["token"].as_str().unwrap());
    fresh.open("c").await;
    claim(&account(&site, "ada").await, &fresh)
        .await
        .expect(200);
}

async fn shares_go_on_and_belong_to_the_account(site: Site) {
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

async fn a_quota_stops_it_and_loses_nothing(site: Site) {
    let strict = site.deployment(&[("MAX_CONVERSATIONS", "2")]).await;
    let (anonymous, account) = (site.user().await, site.user().await);
    let account = strict.anonymous_caller().with_token(account.token());
    account.create("a", vec![]).await;
    for id in ["b", "c"] {
        anonymous.create(id, vec![message("m", "user", id)]).await;
    }
    claim(&account, &anonymous)
        .await
        .expect_error(403, "too_many_conversations_kept");
    assert_eq!(
        ids(&account.get("/api/conversations").await.expect(200)["data"]),
        ["a"]
    );
    // What was not moved is the anonymous user's as before: the refusal voided no token.
    assert_eq!(anonymous.open("b").await["messages"][0]["content"], "b");
    anonymous
        .append("b", vec![message("n", "user", "more")])
        .await
        .expect(201);
    account.delete("/api/conversations/a").await.expect(200);
    claim(&account, &anonymous).await.expect(200);
    assert_eq!(account.open("c").await["messages"][0]["content"], "c");
}

async fn bad_claims_change_nothing(site: Site) {
    let (anonymous, account) = (site.user().await, account(&site, "ada").await);
    anonymous.create("c", vec![]).await;
    for (token, status, code) in [
        (json!("nonsense"), 403, "wrong_token"),
        (json!(account.token()), 403, "wrong_token"),
        (json!("x".repeat(100_000)), 403, "wrong_token"),
        (json!(5), 400, "invalid_field"),
        (Value::Null, 400, "invalid_field"),
    ] {
        let body = json!({ "action": "claim", "token": token });
        account
            .post(SESSION, &body)
            .await
            .expect_error(status, code);
    }
    claim(&anonymous, &anonymous)
        .await
        .expect_error(400, "invalid_field");
    claim(&site.anonymous_caller(), &anonymous)
        .await
        .expect_error(401, "missing_token");
    let off = site.deployment(&[("REDIS_ENABLED", "false")]).await;
    let other = off.anonymous_caller().with_token(site.user().await.token());
    claim(&other, &anonymous)
        .await
        .expect_error(503, "storage_disabled");
    anonymous.open("c").await;
}

async fn statistics_add_up(site: Site) {
    let (anonymous, account) = (site.user().await, account(&site, "ada").await);
    let tokens = |id: &str, total: u64| json!({ "id": id, "type": "user", "content": "x", "tokens": { "total": total } });
    anonymous.create("old", vec![tokens("m", 7)]).await;
    anonymous
        .delete("/api/conversations/old?permanent=true")
        .await
        .expect(200);
    // What is remembered of the deletion does not move.
    let left = anonymous.get("/api/user").await.expect(200)["bytes"].clone();
    site.advance(Duration::from_secs(86_400));
    anonymous
        .create("b", vec![tokens("m", 10), tokens("n", 5)])
        .await;
    account.create("a", vec![tokens("m", 1)]).await;
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
    claim(&account, &anonymous).await.expect(200);
    assert_eq!(account.get("/api/user").await.expect(200), all);
}
