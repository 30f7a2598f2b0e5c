//! How large a request and a response may be.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::database::Database;
use crate::on_every_database;

on_every_database! {
    a_request_of_9_9_mb_is_taken_and_comes_back_whole:
        "An import of 4.5 MB may be twice as long as JSON to the database, and an export reads several MB at once.";
    a_request_of_more_than_10_mb_is_refused_as_such:
        "What is too large is told to the caller as 413 by this status or text (src/upstash), not as a failure.";
}

/// A text of this length in which a part that is missing, doubled or moved would show.
fn text_of(length: usize) -> String {
    let mut text = String::with_capacity(length + 16);
    while text.len() < length {
        text.push_str(&format!("{:08x}", text.len()));
    }
    text.truncate(length);
    text
}

async fn a_request_of_9_9_mb_is_taken_and_comes_back_whole(database: &Database) {
    let (key, text) = (database.key("large"), text_of(9_899_800));
    let reply = database.command(&["SET", &key, &text]).await;
    assert_eq!(reply, Ok(json!("OK")));
    // In base64 the response is a third larger.
    let script = "return string.sub(redis.call('GET', KEYS[1]), 1, 7425000)";
    let part = ["EVAL", script, "1", &key];
    let response = database.post("/", &json!(part), true).await;
    let reply = response.expect(200);
    let encoded = reply["result"].as_str().unwrap();
    assert_eq!(encoded.len(), 9_900_000);
    assert!(STANDARD.decode(encoded).unwrap() == text.as_bytes()[..7_425_000]);
    let reply = database.command(&["GET", &key]).await.unwrap();
    assert!(reply == json!(text), "the text has changed");
}

async fn a_request_of_more_than_10_mb_is_refused_as_such(database: &Database) {
    let set = json!(["SET", database.key("large"), text_of(10_600_000)]);
    let response = database.post("/", &set, true).await;
    if response.status == 200 {
        // The service sends no such request: it refuses what the smallest plan would refuse.
        println!("platform: this database's plan takes requests of more than 10 MB");
        return;
    }
    let text = response.text();
    let is_known = response.status == 413 || text.contains("max request size exceeded");
    assert!(is_known, "{} {text}", response.status);
}
