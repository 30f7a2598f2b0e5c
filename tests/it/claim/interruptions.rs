//! Claims that stop on the way lose nothing.

use std::time::Duration;

use super::{account, claim, export};
use crate::common::{Site, ids, message, without_etags};
use embedded_store::front::Fault;
use serde_json::{Value, json};

on_both_stores!(
    an_interrupted_claim_is_resumed,
    a_deletion_during_a_claim_is_refused_or_final,
    a_quota_stops_it_and_loses_nothing,
);

async fn an_interrupted_claim_is_resumed(site: Site) {
    let (anonymous, account) = (site.user().await, account(&site, "ada").await);
    let all: Vec<Value> = (0..120)
        .map(|at| json!({ "id": format!("c{at}"), "messages": [message("m", "user", "x")] }))
        .collect();
    anonymous.post("/api/import", &json!(all)).await.expect(200);
    let before = export(&anonymous).await;
    // The first step passes, the next runs but its response is lost, and then the store is unreachable.
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
    let response = claim(&account, &anonymous).await.expect(200);
    assert_eq!(response["claimed"], true);
    assert_eq!(without_etags(export(&account).await), without_etags(before));
}

/// Wherever the step that moves a conversation stops.
async fn a_deletion_during_a_claim_is_refused_or_final(site: Site) {
    let path = "/api/conversations/c";
    let mut refused = 0;
    claim(&site.user().await, &site.user().await)
        .await
        .expect(200);
    for round in 2.. {
        // Each point once with a deletion and once without.
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
    // What was not moved still belongs to the anonymous user: the refusal voided no token.
    assert_eq!(anonymous.open("b").await["messages"][0]["content"], "b");
    anonymous
        .append("b", vec![message("n", "user", "more")])
        .await
        .expect(201);
    account.delete("/api/conversations/a").await.expect(200);
    claim(&account, &anonymous).await.expect(200);
    assert_eq!(account.open("c").await["messages"][0]["content"], "c");
}
