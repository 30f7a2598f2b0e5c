//! Subscriptions.

use std::time::Duration;

use conversation_store::upstash::Usage;
use serde_json::json;

use crate::database::Database;
use crate::on_every_database;

on_every_database! {
    a_subscription_lasts_and_hears_what_a_script_publishes:
        "The stream of `/api/sync` listens to one for up to 285 s, and scripts tell it what has changed.";
}

/// How long a message may take.
const DELIVERY: Duration = Duration::from_secs(10);

async fn a_subscription_lasts_and_hears_what_a_script_publishes(database: &Database) {
    let channel = database.key("events");
    database.count(1);
    let mut subscription = database
        .client()
        .subscribe(&Usage::default(), &channel)
        .await
        .unwrap();
    let publish = "return redis.call('PUBLISH', KEYS[1], ARGV[1])";
    let first = "{\"a\": 1},with a comma\u{1d}and a separator";
    for text in [first, "after a long silence"] {
        let heard = database.eval(publish, &[&channel], &[text]).await;
        assert!(heard.is_ok(), "{heard:?}");
        let message = tokio::time::timeout(DELIVERY, subscription.next()).await;
        let message = message.expect("no message came in time");
        assert_eq!(message.unwrap().as_deref(), Some(text));
        if text == first {
            tokio::time::sleep(database.waits()).await;
        }
    }
    let nobody = database
        .command(&["PUBLISH", &database.key("unheard"), "x"])
        .await;
    assert_eq!(nobody, Ok(json!(0)));
}
