//! What can still be read, and what is refused.

use std::time::Duration;

use super::{Database, messages, owner, readings, refused_writes};
use crate::common::events::Events;
use crate::common::ids;
use serde_json::json;

in_each_state!(
    reading_goes_on,
    a_stream_opens,
    a_known_user_gets_another_token,
    a_newcomer_is_told,
    every_write_that_grows_is_refused_and_changes_nothing,
);

async fn reading_goes_on(database: Database) {
    let site = &database.site;
    let owner = owner(site).await;
    let before = readings(site, &owner).await;
    database.fill();
    assert_eq!(readings(site, &owner).await, before);
    // Upkeep that is due by then fails after the responses.
    site.advance(Duration::from_secs(2 * 86_400));
    readings(site, &owner).await;
    site.idle().await;
    readings(site, &owner).await;
}

async fn a_stream_opens(database: Database) {
    let site = &database.site;
    let owner = owner(site).await;
    database.fill();
    let mut events = Events::open(&owner.user, "/api/sync", None).await;
    let event = events.next().await;
    assert_eq!(ids(&event.data["changed"]).len(), 4, "{event:?}");
}

async fn a_known_user_gets_another_token(database: Database) {
    let site = &database.site;
    let owner = owner(site).await;
    database.fill();
    let session = owner
        .user
        .post("/api/session", &json!({}))
        .await
        .expect(200);
    let user = owner.user.with_token(session["token"].as_str().unwrap());
    assert_eq!(ids(&user.open("a").await["messages"]).len(), 5);
}

async fn a_newcomer_is_told(database: Database) {
    let site = &database.site;
    database.fill();
    for _ in 0..2 {
        let response = site
            .anonymous_caller()
            .post("/api/session", &json!({}))
            .await;
        response.expect_error(507, "storage_full");
    }
    database.make_room();
    let user = site.user().await;
    user.create("c", messages(1)).await;
}

async fn every_write_that_grows_is_refused_and_changes_nothing(database: Database) {
    let site = &database.site;
    let owner = owner(site).await;
    let before = readings(site, &owner).await;
    database.fill();
    for _ in 0..2 {
        refused_writes(&owner.user).await;
    }
    assert_eq!(readings(site, &owner).await, before);
    database.make_room();
    assert_eq!(readings(site, &owner).await, before);
}
