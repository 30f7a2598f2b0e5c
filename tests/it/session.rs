//! `/api/session`: identity, session, current conversation.

use std::time::Duration;

use crate::common::{Client, Site};
use serde_json::json;

on_both_stores!(
    a_new_identity_is_an_anonymous_uuid,
    a_token_is_renewed_for_the_same_user,
    the_current_conversation_is_kept,
    a_deleted_conversation_is_not_current,
    a_session_lasts_seven_days,
    a_token_expires,
    secrets_can_be_rotated,
    a_disabled_user_gets_its_own_error,
    branches_that_share_a_database_never_see_each_other,
);

const DAY: Duration = Duration::from_secs(86_400);

async fn a_new_identity_is_an_anonymous_uuid(site: Site) {
    site.user().await;
    let (response, cost) = site
        .cost_of(site.anonymous_caller().post("/api/session", &json!({})))
        .await;
    let session = response.expect(201);
    assert_eq!(cost.requests, 1);
    assert_eq!(session["userId"].as_str().unwrap().len(), 36);
    assert_eq!(session["redisEnabled"], true);
    assert_eq!(session["currentConversationId"], json!(null));
    assert!(session["expiresAt"].as_str().unwrap() > session["createdAt"].as_str().unwrap());
    let user = site
        .anonymous_caller()
        .with_token(session["token"].as_str().unwrap());
    let read = user.get("/api/session").await.expect(200);
    assert_eq!(read["userId"], session["userId"]);
    assert_eq!(read["createdAt"], session["createdAt"]);
    assert_eq!(read.get("token"), None);
    // Without a body too, and never the same twice.
    let another = site
        .anonymous_caller()
        .send(reqwest::Method::POST, "/api/session", None)
        .await
        .expect(201);
    assert_ne!(another["userId"], session["userId"]);
}

async fn a_token_is_renewed_for_the_same_user(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    site.advance(170 * DAY);
    let renewed = user.post("/api/session", &json!({})).await.expect(200);
    site.advance(20 * DAY);
    user.get("/api/session")
        .await
        .expect_error(401, "expired_token");
    let renewed_user = user.with_token(renewed["token"].as_str().unwrap());
    let session = renewed_user.get("/api/session").await.expect(200);
    assert_eq!(session["userId"], renewed["userId"]);
}

async fn the_current_conversation_is_kept(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let set = |id: serde_json::Value| {
        let user = user.clone();
        async move {
            user.patch("/api/session", &json!({ "currentConversationId": id }))
                .await
        }
    };
    set(json!("c")).await.expect(200);
    assert_eq!(
        user.get("/api/session").await.expect(200)["currentConversationId"],
        "c"
    );
    set(json!("d"))
        .await
        .expect_error(404, "conversation_not_found");
    set(json!("a b")).await.expect_error(400, "invalid_id");
    set(json!(5)).await.expect_error(400, "invalid_id");
    assert_eq!(
        user.get("/api/session").await.expect(200)["currentConversationId"],
        "c"
    );
    set(json!(null)).await.expect(200);
    assert_eq!(
        user.get("/api/session").await.expect(200)["currentConversationId"],
        json!(null)
    );
}

async fn a_deleted_conversation_is_not_current(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    user.patch("/api/session", &json!({ "currentConversationId": "c" }))
        .await
        .expect(200);
    user.delete("/api/conversations/c").await.expect(200);
    assert_eq!(
        user.get("/api/session").await.expect(200)["currentConversationId"],
        json!(null)
    );
}

async fn a_session_lasts_seven_days(site: Site) {
    // A real Redis expires by its own clock, which cannot be moved.
    if site.engine.is_none() {
        return;
    }
    let user = site.user().await;
    let began = user.get("/api/session").await.expect(200)["createdAt"].clone();
    for _ in 0..3 {
        // The read renews the session after its response.
        site.idle().await;
        site.advance(5 * DAY);
        assert_eq!(
            user.get("/api/session").await.expect(200)["createdAt"],
            began
        );
    }
    site.idle().await;
    site.advance(8 * DAY);
    assert_ne!(
        user.get("/api/session").await.expect(200)["createdAt"],
        began
    );
}

async fn a_token_expires(site: Site) {
    let user = site.user().await;
    site.advance(181 * DAY);
    let response = user.get("/api/conversations").await;
    response.expect_error(401, "expired_token");
    assert_eq!(response.header("www-authenticate"), Some("Bearer"));
}

async fn secrets_can_be_rotated(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let new = "another secret for tests of 32 bytes";
    let both = format!("{new},{}", crate::common::AUTH_SECRET);
    let rotating = site.deployment(&[("AUTH_SECRET", &both)]).await;
    let renewed = rotating
        .anonymous_caller()
        .with_token(user.token())
        .post("/api/session", &json!({}))
        .await;
    let token = renewed.expect(200)["token"].as_str().unwrap().to_owned();
    let rotated = site.deployment(&[("AUTH_SECRET", new)]).await;
    let at_rotated = |token: &str| rotated.anonymous_caller().with_token(token);
    at_rotated(user.token())
        .get("/api/conversations/c")
        .await
        .expect_error(401, "invalid_token");
    at_rotated(&token)
        .get("/api/conversations/c")
        .await
        .expect(200);
}

async fn a_disabled_user_gets_its_own_error(site: Site) {
    for (name, value) in [("REDIS_ENABLED", "false"), ("REDIS_ROLLOUT_PERCENT", "0")] {
        let off = site.deployment(&[(name, value)]).await;
        let session = off
            .anonymous_caller()
            .post("/api/session", &json!({}))
            .await
            .expect(201);
        assert_eq!(session["redisEnabled"], false);
        let user = off
            .anonymous_caller()
            .with_token(session["token"].as_str().unwrap());
        user.get("/api/conversations")
            .await
            .expect_error(503, "storage_disabled");
        assert_eq!(
            user.get("/api/session").await.expect(200)["redisEnabled"],
            false
        );
    }
}

async fn branches_that_share_a_database_never_see_each_other(site: Site) {
    let branch = |name: &'static str| {
        let site = &site;
        async move {
            site.deployment(&[("VERCEL_ENV", "preview"), ("VERCEL_GIT_COMMIT_REF", name)])
                .await
        }
    };
    let (one, two) = (branch("feature/one").await, branch("feature/two").await);
    let user = site.user().await;
    let at = |deployment: &crate::common::Deployment| -> Client {
        deployment.anonymous_caller().with_token(user.token())
    };
    at(&one).create("c", vec![]).await;
    at(&one).open("c").await;
    at(&two)
        .get("/api/conversations/c")
        .await
        .expect_error(404, "conversation_not_found");
    user.get("/api/conversations/c")
        .await
        .expect_error(404, "conversation_not_found");
}
