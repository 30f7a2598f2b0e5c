//! The TTL that a user chooses, and the limit of the deployment.

use serde_json::{Value, json};

use super::{DAY, DAY_MS, USER, choose, days_left, lasting, listed, pttl, purge};
use crate::common::{Site, ids, message};

on_both_stores!(
    a_user_chooses_the_ttl_of_conversations,
    a_longer_ttl_applies_to_existing_conversations,
    a_shorter_ttl_applies_when_a_conversation_is_used,
    a_chosen_ttl_is_remembered_without_conversations,
    an_invalid_ttl_is_refused,
    a_deployment_limits_the_ttl,
    a_claim_carries_over_a_longer_ttl,
);

async fn a_user_chooses_the_ttl_of_conversations(site: Site) {
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
    // The choice applies to this user only.
    let other = deployment.user().await;
    assert_eq!(other.get(USER).await.expect(200)["conversationTtlDays"], 90);
    user.delete(USER).await.expect(200);
    assert_eq!(user.get(USER).await.expect(200)["conversationTtlDays"], 90);
}

async fn a_longer_ttl_applies_to_existing_conversations(site: Site) {
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

async fn a_shorter_ttl_applies_when_a_conversation_is_used(site: Site) {
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
    // The totals leave it out as well, and tombstones stay.
    let totals = user.get(USER).await.expect(200);
    assert_eq!(totals["totals"]["current"]["conversations"], 1);
    user.delete("/api/conversations/left").await.expect(200);
    site.advance(30 * DAY);
    user.put("/api/conversations/left", &json!({}))
        .await
        .expect_error(404, "conversation_deleted");
}

async fn a_chosen_ttl_is_remembered_without_conversations(site: Site) {
    let deployment = lasting(&site, &[]).await;
    let (short, long) = (deployment.user().await, deployment.user().await);
    choose(&short, json!(1)).await;
    choose(&long, Value::Null).await;
    let ttls = pttl(&site, "*conversations:meta").await;
    assert!(ttls.iter().all(|ttl| *ttl > 89 * DAY_MS), "{ttls:?}");
    // Used each day, it is remembered longer than it was.
    for _ in 0..6 {
        site.advance(20 * DAY);
        short.put("/api/conversations/c", &json!({})).await;
    }
    let ttls = pttl(&site, "*conversations:meta").await;
    assert!(ttls.iter().all(|ttl| *ttl > 89 * DAY_MS), "{ttls:?}");
    assert_eq!(short.get(USER).await.expect(200)["conversationTtlDays"], 1);
    assert_eq!(
        long.get(USER).await.expect(200)["conversationTtlDays"],
        Value::Null
    );
}

async fn an_invalid_ttl_is_refused(site: Site) {
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

async fn a_deployment_limits_the_ttl(site: Site) {
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
    // Listing renews conversations that are kept.
    site.advance(110 * DAY);
    listed(&user).await;
    deployment.idle().await;
    site.advance(110 * DAY);
    assert_eq!(listed(&user).await, ["c"]);
    deployment.idle().await;
    site.advance(121 * DAY);
    assert!(listed(&user).await.is_empty());
}

async fn a_claim_carries_over_a_longer_ttl(site: Site) {
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
    // A shorter one is not carried over.
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
