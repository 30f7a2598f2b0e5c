//! Commands whose exact behavior the service relies on.

use std::time::Duration;

use conversation_store::clock::Clock;
use serde_json::{Value, json};

use crate::database::Database;
use crate::on_every_database;

on_every_database! {
    a_bitfield_counts_up_to_its_end_and_stays_there:
        "Calls are counted in fields of 16 bits; one that began anew would let everybody through.";
    keys_live_as_long_as_they_are_told:
        "What is not used expires: PEXPIREAT for conversations, PEXPIRE and PX for counters and codes.";
    three_thousand_fields_are_read_at_once:
        "`call_in_portions` reads so many per command (src/lua/lib/base.lua).";
    a_part_of_a_range_by_score_is_read:
        "Pages of messages and of changes are read so, with scores that are times in ms.";
    equal_scores_are_in_the_order_of_bytes:
        "`is_before` in src/lua/lib/base.lua compares as sorted sets do; otherwise a page would skip messages.";
}

async fn a_bitfield_counts_up_to_its_end_and_stays_there(database: &Database) {
    let key = database.key("bits");
    let count = async |by: &str, field: &str| {
        let words = [
            "BITFIELD", &key, "OVERFLOW", "SAT", "INCRBY", "u16", field, by,
        ];
        database.command(&words).await.unwrap()
    };
    assert_eq!(count("1", "#3").await, json!([1]));
    assert_eq!(count("65533", "#3").await, json!([65_534]));
    assert_eq!(count("1", "#3").await, json!([65_535]));
    assert_eq!(count("1", "#3").await, json!([65_535]));
    assert_eq!(
        count("1", "#4").await,
        json!([1]),
        "its neighbour is not touched"
    );
    assert_eq!(count("1", "#0").await, json!([1]));
    let body =
        "return redis.call('BITFIELD', KEYS[1], 'OVERFLOW', 'SAT', 'INCRBY', 'u16', '#4', 1)[1]";
    assert_eq!(database.eval(body, &[&key], &[]).await, Ok(json!(2)));
}

async fn keys_live_as_long_as_they_are_told(database: &Database) {
    let (short, long, counter) = (
        database.key("short"),
        database.key("long"),
        database.key("counter"),
    );
    let at = (Clock::default().now_ms() + 90_000).to_string();
    let replies = database
        .pipeline(&[
            vec!["SET", &short, "x", "PX", "1000"],
            vec!["SET", &long, "x"],
            vec!["PEXPIREAT", &long, &at],
            vec!["PTTL", &long],
            vec!["INCR", &counter],
            vec!["PEXPIRE", &counter, "60000"],
            vec!["PTTL", &counter],
        ])
        .await;
    let left = |reply: &Result<Value, String>| reply.clone().unwrap().as_i64().unwrap();
    // The two clocks may differ by some seconds.
    assert!(
        (60_000..=120_000).contains(&left(&replies[3])),
        "{replies:?}"
    );
    assert!(
        (50_000..=60_000).contains(&left(&replies[6])),
        "{replies:?}"
    );
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(database.command(&["GET", &short]).await, Ok(Value::Null));
    assert_eq!(database.command(&["GET", &long]).await, Ok(json!("x")));
}

async fn three_thousand_fields_are_read_at_once(database: &Database) {
    let key = database.key("hash");
    let names: Vec<String> = (0..3_000).map(|number| format!("field-{number}")).collect();
    let even = names.iter().step_by(2);
    let pairs = even.flat_map(|name| [name.as_str(), "value"]);
    let set: Vec<&str> = ["HSET", &key].into_iter().chain(pairs).collect();
    assert_eq!(database.command(&set).await, Ok(json!(1_500)));
    let names = names.iter().map(String::as_str);
    let get: Vec<&str> = ["HMGET", &key].into_iter().chain(names).collect();
    let values = database.command(&get).await.unwrap();
    let expected: Vec<Value> = (0..1_500)
        .flat_map(|_| [json!("value"), Value::Null])
        .collect();
    assert_eq!(values, json!(expected));
}

async fn a_part_of_a_range_by_score_is_read(database: &Database) {
    let key = database.key("sorted");
    let mut add = vec!["ZADD", &key];
    let pairs = [
        "1764104400001",
        "a",
        "1764104400002",
        "b",
        "1764104400003",
        "c",
        "1764104400004",
        "d",
    ];
    add.extend(pairs);
    database.command(&add).await.unwrap();
    let range = async |from: &str, offset: &str, count: &str| {
        let limit = ["WITHSCORES", "LIMIT", offset, count];
        let words = [&["ZRANGEBYSCORE", &key, from, "+inf"][..], &limit].concat();
        database.command(&words).await.unwrap()
    };
    let expected = json!(["b", "1764104400002", "c", "1764104400003"]);
    assert_eq!(range("1764104400002", "0", "2").await, expected);
    assert_eq!(range("(1764104400001", "0", "2").await, expected);
    assert_eq!(range("-inf", "3", "2").await, json!(["d", "1764104400004"]));
}

async fn equal_scores_are_in_the_order_of_bytes(database: &Database) {
    let key = database.key("sorted");
    let words = [
        "ZADD", &key, "5", "é", "5", "z", "5", "Z", "5", "a", "5", "ab",
    ];
    database.command(&words).await.unwrap();
    let members = database.command(&["ZRANGE", &key, "0", "-1"]).await;
    assert_eq!(members, Ok(json!(["Z", "a", "ab", "z", "é"])));
}
