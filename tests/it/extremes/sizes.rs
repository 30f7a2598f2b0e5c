//! The largest requests and responses.

use std::collections::BTreeSet;

use super::{LARGEST_RESPONSE, noise};
use crate::common::{Site, ids, message};
use serde_json::{Value, json};

on_both_stores!(
    pages_of_large_metadata_fit_a_response_and_go_on,
    an_import_of_very_many_fields_passes_exactly,
    a_save_that_the_database_does_not_take_at_once_is_refused,
    a_message_that_is_mostly_escapes_is_too_large,
);

async fn pages_of_large_metadata_fit_a_response_and_go_on(site: Site) {
    let user = site.user().await;
    for index in 0..50 {
        let body = json!({ "id": format!("c{index}"), "notes": noise(index, 262_000) });
        user.post("/api/conversations", &body).await.expect(201);
    }
    for (path, list, more) in [
        ("/api/conversations?limit=50", "data", "nextCursor"),
        ("/api/sync?limit=50", "changed", "hasMore"),
    ] {
        let (mut found, mut next, mut pages) = (BTreeSet::new(), String::new(), 0);
        loop {
            let response = user.get(&format!("{path}{next}")).await;
            assert!(response.body.len() < LARGEST_RESPONSE);
            let page = response.expect(200);
            let ids = ids(&page[list]);
            assert!(!ids.is_empty());
            found.extend(ids);
            pages += 1;
            if [json!(false), Value::Null].contains(&page[more]) {
                break;
            }
            next = format!("&cursor={}", page["nextCursor"].as_str().unwrap());
        }
        assert_eq!((found.len(), pages), (50, 4), "{path}");
    }
    // Changes since a cursor are paged too.
    let start = user.get("/api/sync").await.expect(200)["clock"].as_i64();
    for index in 0..50 {
        let path = format!("/api/conversations/c{index}");
        user.patch(&path, &json!({ "title": "x" }))
            .await
            .expect(200);
    }
    let (mut found, mut cursor) = (BTreeSet::new(), start.unwrap().to_string());
    loop {
        let response = user
            .get(&format!("/api/sync?limit=50&cursor={cursor}"))
            .await;
        assert!(response.body.len() < LARGEST_RESPONSE);
        let page = response.expect(200);
        assert_eq!(page["reset"], false);
        found.extend(ids(&page["changed"]));
        if page["hasMore"] == false {
            break;
        }
        cursor = page["nextCursor"].as_str().unwrap().to_owned();
    }
    assert_eq!(found.len(), 50);
}

fn message_of_many_fields(id: usize) -> Value {
    let mut message =
        json!({ "id": format!("m{id}"), "type": "user", "content": "", "timestamp": id });
    for field in 0..90 {
        message[format!("f{field}")] = json!(field % 10);
    }
    message
}

async fn an_import_of_very_many_fields_passes_exactly(site: Site) {
    let user = site.user().await;
    let messages: Vec<Value> = (0..580).map(message_of_many_fields).collect();
    let conversation = |id: usize| json!({ "id": format!("c{id}"), "messages": messages });
    let body: Value = (0..10).map(conversation).collect();
    let length = body.to_string().len();
    assert!((4_300_000..LARGEST_RESPONSE).contains(&length), "{length}");
    let before = site.front.counts().requests;
    let report = user.post("/api/import", &body).await.expect(200);
    assert_eq!(report["imported"], 10, "{report}");
    assert!(site.front.counts().requests >= before + 2);
    let path = "/api/conversations/c9/messages?order=asc&limit=100";
    let (mut found, mut next) = (Vec::new(), String::new());
    loop {
        let page = user.get(&format!("{path}{next}")).await.expect(200);
        found.extend(page["data"].as_array().unwrap().clone());
        match page["nextCursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(found.len(), messages.len());
    for (found, sent) in found.iter().zip(&messages) {
        for (name, value) in sent.as_object().unwrap() {
            if name != "timestamp" {
                assert_eq!(&found[name], value, "{name}");
            }
        }
    }
    let again = user.post("/api/import", &body).await.expect(200);
    assert_eq!(again["unchanged"], 10, "{again}");
}

/// Escaped once more for the database, 4.4 MB become 11 MB, of which it takes 10 at once.
async fn a_save_that_the_database_does_not_take_at_once_is_refused(site: Site) {
    let user = site.user().await;
    let messages: Vec<Value> = (0..5_800).map(message_of_many_fields).collect();
    let body = json!({ "messages": messages });
    assert!(body.to_string().len() < LARGEST_RESPONSE);
    user.put("/api/conversations/c", &body)
        .await
        .expect_error(413, "body_too_large");
    user.get("/api/conversations/c")
        .await
        .expect_error(404, "conversation_not_found");
}

async fn a_message_that_is_mostly_escapes_is_too_large(site: Site) {
    let user = site.user().await;
    user.create("c", vec![]).await;
    let mut escapes = message("m", "user", &"\u{1}".repeat(730_000));
    let length = escapes.to_string().len();
    assert!((4_300_000..LARGEST_RESPONSE).contains(&length), "{length}");
    user.append("c", vec![escapes.clone()])
        .await
        .expect_error(413, "message_too_large");
    escapes["content"] = json!("\u{1}".repeat(650_000));
    user.append("c", vec![escapes]).await.expect(201);
    let opened = user.get("/api/conversations/c").await;
    assert!(opened.body.len() < LARGEST_RESPONSE);
    assert_eq!(
        opened.expect(200)["messages"][0]["content"],
        "\u{1}".repeat(650_000)
    );
}
