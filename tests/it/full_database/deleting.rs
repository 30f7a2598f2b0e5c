//! Deletions still work.

use std::time::Duration;

use super::{Database, Owner, messages, owner};
use crate::common::{Client, Site, ids, message};
use embedded_store::front::Full;
use serde_json::{Value, json};

in_each_state!(
    messages_can_be_deleted,
    conversations_can_be_deleted_with_their_shares,
    a_share_can_be_revoked,
    a_user_can_be_erased,
);

async fn messages_can_be_deleted(database: Database) {
    let site = &database.site;
    let Owner { user, .. } = owner(site).await;
    let before = site.used_memory().await;
    database.fill();
    let path = "/api/conversations/a/messages";
    let deleted = user.delete(&format!("{path}/m3?andAfter=true")).await;
    assert_eq!(deleted.expect(200)["deleted"], json!(["m3", "m4"]));
    user.delete(&format!("{path}/m1")).await.expect(200);
    // Sent again, as after a lost response.
    user.delete(&format!("{path}/m1")).await;
    assert_eq!(ids(&user.open("a").await["messages"]), ["m0", "m2"]);
    user.get("/api/user").await.expect(200);
    if site.engine.is_some() && database.full == Full::EveryCommand {
        assert!(site.used_memory().await < before);
    }
    database.make_room();
    user.append("a", vec![message("n", "user", "x")])
        .await
        .expect(201);
    let opened = user.open("a").await;
    assert_eq!(ids(&opened["messages"]), ["m0", "m2", "n"]);
    assert_eq!(opened["messageCount"], 3);
    assert_eq!(opened["totalTokens"], 20);
}

async fn conversations_can_be_deleted_with_their_shares(database: Database) {
    let site = &database.site;
    let Owner { user, shares } = owner(site).await;
    database.fill();
    user.delete("/api/conversations/a").await.expect(200);
    // If it went into the trash, the trash can be emptied.
    user.delete("/api/conversations?trash=true")
        .await
        .expect(200);
    gone(site, &user, "a").await;
    site.anonymous_caller()
        .get(&shares[0])
        .await
        .expect_error(404, "share_not_found");
    site.anonymous_caller().get(&shares[1]).await.expect(200);
    let response = user.get("/api/session").await.expect(200);
    assert_eq!(
        response
            .get("currentConversationId")
            .unwrap_or(&Value::Null),
        &Value::Null
    );
    database.make_room();
    user.append("b", vec![message("n", "user", "x")])
        .await
        .expect(201);
    user.create("d", messages(1)).await;
    gone(site, &user, "a").await;
    // Whatever the deletion could not write is repaired by the upkeep, once an hour per process.
    site.advance(Duration::from_secs(3_600));
    user.get("/api/conversations").await.expect(200);
    site.idle().await;
    let list = user.get("/api/shares").await.expect(200);
    assert!(!list.to_string().contains("\"a\""), "{list}");
}

async fn gone(site: &Site, user: &Client, id: &str) {
    let response = user.get(&format!("/api/conversations/{id}")).await;
    assert_eq!(response.status, 404, "{}", response.text);
    let list = user.get("/api/conversations").await.expect(200);
    assert!(!ids(&list["data"]).contains(&id.to_owned()));
    let keys = site.keys("*").await.join(" ");
    assert!(!keys.contains(&format!("conversation:{id}:")), "{keys}");
}

async fn a_share_can_be_revoked(database: Database) {
    let site = &database.site;
    let Owner { user, shares } = owner(site).await;
    database.fill();
    user.delete(&shares[0]).await.expect(200);
    site.anonymous_caller()
        .get(&shares[0])
        .await
        .expect_error(404, "share_not_found");
    site.anonymous_caller().get(&shares[1]).await.expect(200);
    database.make_room();
    user.delete(&shares[0]).await.expect(200);
    let body = json!({ "conversationId": "a" });
    user.post("/api/shares", &body).await.expect(201);
    let list = user.get("/api/shares").await.expect(200);
    assert_eq!(ids(&list["data"]).len(), 2, "{list}");
}

async fn a_user_can_be_erased(database: Database) {
    let site = &database.site;
    let Owner { user, .. } = owner(site).await;
    let code = json!({ "action": "link" });
    user.post("/api/session", &code).await.expect(201);
    user.get("/api/user").await.expect(200);
    put_aside_by_an_earlier_release(site).await;
    database.fill();
    user.delete("/api/user").await.expect(200);
    site.idle().await;
    let keys = site.keys("*").await;
    let left: Vec<_> = keys
        .iter()
        .filter(|key| !key.contains("address:"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    // Later requests find no user, and write nothing that lasts.
    let list = user.get("/api/conversations").await.expect(200);
    assert_eq!(list["data"], json!([]));
    database.make_room();
    let nothing = json!({ "conversations": 0, "messages": 0, "tokens": 0 });
    let user = user.get("/api/user").await.expect(200);
    assert_eq!(user["totals"]["current"], nothing);
    assert_eq!(user["bytes"], 0);
}

/// Expired conversations whose messages may still be there.
async fn put_aside_by_an_earlier_release(site: &Site) {
    let keys = site.keys("*conversations:meta").await;
    let remnants = "x 4102444800000 y 4102444800000";
    site.command(&["HSET", &keys[0], ":remnants", remnants])
        .await;
    for id in ["x", "y"] {
        let key = keys[0].replace("conversations:meta", &format!("conversation:{id}:messages"));
        site.command(&["ZADD", &key, "1", "00000001m"]).await;
    }
}
