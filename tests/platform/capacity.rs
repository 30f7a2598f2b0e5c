//! A database that is full.

use conversation_store::upstash::{Command, Script, UpstashError, Usage};
use serde_json::{Value, json};

use crate::database::Database;
use crate::on_every_full_database;

on_every_full_database! {
    reads_and_deletions_run:
        "A full database must not keep users from reading, exporting and erasing what they have.";
    writes_are_refused_with_the_capacity_error:
        "They are answered 507 `storage_full` by this text (`from_text` in src/upstash/error.rs), and not tried again.";
    a_script_that_may_run_out_of_memory_is_admitted_or_refused:
        "Either will do: scripts that count a call go on without counting it where its write is refused.";
}

async fn reads_and_deletions_run(database: &Database) {
    let key = database.key("none");
    assert_eq!(database.command(&["GET", &key]).await, Ok(Value::Null));
    let script = "#!lua flags=allow-key-locking,no-writes\nreturn redis.call('EXISTS', KEYS[1])";
    let reply = database.run("EVAL_RO", script, &[&key], &[]).await;
    assert_eq!(reply, Ok(json!(0)));
    for name in ["DEL", "UNLINK"] {
        assert_eq!(
            database.command(&[name, &key]).await,
            Ok(json!(0)),
            "{name}"
        );
    }
}

async fn writes_are_refused_with_the_capacity_error(database: &Database) {
    let (key, client) = (database.key("one too many"), database.client());
    database.count(2);
    let set = Command::new("SET").arg(&key).arg("x");
    let reply = client.command(&Usage::default(), &set).await;
    assert_eq!(reply, Err(UpstashError::Capacity), "is this database full?");
    let script =
        Script::new("#!lua flags=allow-key-locking\nreturn redis.call('HSET', KEYS[1], 'a', 'x')");
    let reply = client
        .script(&Usage::default(), &script, &[&key], &[])
        .await;
    assert_eq!(reply, Err(UpstashError::Capacity));
    assert_eq!(database.command(&["EXISTS", &key]).await, Ok(json!(0)));
}

async fn a_script_that_may_run_out_of_memory_is_admitted_or_refused(database: &Database) {
    let key = database.key("one too many");
    let script = "#!lua flags=allow-key-locking,allow-oom
        local reply = redis.pcall('HSET', KEYS[1], 'a', 'x')
        return type(reply) == 'table' and reply.err or 'written'";
    let reply = database.run("EVAL", script, &[&key], &[]).await;
    let outcome = match &reply {
        Ok(text) if *text == json!("written") => "is admitted, and its write is done".to_owned(),
        Ok(text) => format!("is admitted, and its write refused: {text}"),
        Err(text) => format!("is refused as a whole: {text}"),
    };
    println!("platform: with allow-oom, a script {outcome}");
    let refusal = reply.as_ref().map_or_else(Clone::clone, |text| {
        text.as_str().unwrap_or_default().to_owned()
    });
    let is_known = refusal == "written"
        || refusal.contains("DB capacity quota exceeded")
        || refusal.starts_with("OOM");
    assert!(is_known, "{reply:?}");
}
