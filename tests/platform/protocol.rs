//! The REST protocol itself.

use conversation_store::upstash::{Command, Reply, UpstashError, Usage};
use serde_json::json;

use crate::database::Database;
use crate::on_every_database;

on_every_database! {
    entries_of_a_pipeline_fail_one_by_one:
        "Measurements travel behind a user's script in one pipeline (`script_with`): where they fail, the script's \
         reply still has to come, and under a 200.";
    strings_come_in_base64_but_for_ok:
        "Every reply is decoded so (src/upstash/reply.rs); otherwise texts would be lost or every call fail.";
    a_sync_token_comes_back:
        "It is sent with the next request (src/upstash/transport.rs), so that a user reads what they just wrote.";
    an_unknown_script_answers_noscript:
        "Scripts are sent by their digest, and by their text only where the reply begins with NOSCRIPT.";
    a_wrong_token_is_unauthorized:
        "It is reported as a fault of the configuration, and not tried again.";
    any_byte_survives:
        "Records hold texts as they were sent, separated by \\29, \\30 and \\31 (src/lua/lib/base.lua).";
}

async fn entries_of_a_pipeline_fail_one_by_one(database: &Database) {
    let (text, other) = (database.key("text"), database.key("other"));
    let replies = database
        .pipeline(&[
            vec!["SET", &text, "no number"],
            vec!["INCR", &text],
            vec!["SET", &other, "2"],
            vec!["GET", &other],
        ])
        .await;
    assert_eq!(replies.len(), 4);
    let error = replies[1].clone().unwrap_err();
    assert!(error.starts_with("ERR value is not an integer"), "{error}");
    let fine = [&replies[0], &replies[2], &replies[3]];
    assert_eq!(fine, [&Ok(json!("OK")), &Ok(json!("OK")), &Ok(json!("2"))]);
}

async fn strings_come_in_base64_but_for_ok(database: &Database) {
    let key = database.key("text");
    let commands = json!([
        ["SET", key, "OK"],
        ["GET", key],
        ["MGET", key, database.key("none")],
        ["EXISTS", key],
        ["ECHO", "null"],
        ["PING"],
    ]);
    let response = database.post("/pipeline", &commands, true).await;
    let expected = json!([
        { "result": "OK" },
        { "result": "T0s=" },
        { "result": ["T0s=", null] },
        { "result": 1 },
        { "result": "bnVsbA==" },
        { "result": "UE9ORw==" },
    ]);
    assert_eq!(response.expect(200), expected);
}

async fn a_sync_token_comes_back(database: &Database) {
    let key = database.key("written");
    let response = database.post("/", &json!(["SET", key, "1"]), true).await;
    response.expect(200);
    assert!(!response.required_header("upstash-sync-token").is_empty());
    // The service's own client, which sends it back.
    let client = database.client();
    database.count(2);
    let set = Command::new("SET").arg(&key).arg("2");
    client.command(&Usage::default(), &set).await.unwrap();
    let reply = client
        .command(&Usage::default(), &Command::new("GET").arg(&key))
        .await;
    assert_eq!(reply, Ok(Reply::Bytes(b"2".to_vec())));
}

async fn an_unknown_script_answers_noscript(database: &Database) {
    let sha1 = "0123456789012345678901234567890123456789";
    for name in ["EVALSHA", "EVALSHA_RO"] {
        let error = database.run(name, sha1, &[], &[]).await.unwrap_err();
        assert!(error.starts_with("NOSCRIPT"), "{name}: {error}");
        let replies = database
            .pipeline(&[vec![name, sha1, "0"], vec!["PING"]])
            .await;
        let error = replies[0].clone().unwrap_err();
        assert!(error.starts_with("NOSCRIPT"), "{name}: {error}");
        assert_eq!(replies[1], Ok(json!("PONG")));
    }
}

async fn a_wrong_token_is_unauthorized(database: &Database) {
    let client = database.client_with("not-the-token");
    database.count(1);
    let reply = client
        .command(&Usage::default(), &Command::new("PING"))
        .await;
    assert_eq!(reply, Err(UpstashError::Unauthorized));
}

async fn any_byte_survives(database: &Database) {
    let script = "local all = {}
        for byte = 0, 255 do all[#all + 1] = string.char(byte) end
        all = table.concat(all)
        redis.call('HSET', KEYS[1], all, all)
        return {all, redis.call('HGET', KEYS[1], all)}";
    let key = database.key("bytes");
    let words = format!("#!lua flags=allow-key-locking\n{script}");
    let client = database.client();
    database.count(3);
    let eval = Command::new("EVAL").arg(words).arg("1").arg(&key);
    let all = Reply::Bytes((0..=255).collect());
    let reply = client.command(&Usage::default(), &eval).await;
    assert_eq!(reply, Ok(Reply::List(vec![all.clone(), all])));

    let text = "a\u{1d}b\u{1e}c\u{1f}d\u{0}e\r\n\u{2028}\u{1f600}\"\\";
    database.count(2);
    let set = Command::new("HSET").arg(&key).arg(text).arg(text);
    client.command(&Usage::default(), &set).await.unwrap();
    let get = Command::new("HGET").arg(&key).arg(text);
    let reply = client.command(&Usage::default(), &get).await;
    assert_eq!(reply, Ok(Reply::Bytes(text.as_bytes().to_vec())));
}
