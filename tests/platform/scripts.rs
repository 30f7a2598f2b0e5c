//! Lua, as far as the scripts of `src/lua/` use it.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use serde_json::json;
use sha1_smol::Sha1;

use crate::database::Database;
use crate::on_every_database;

on_every_database! {
    a_script_that_locks_its_keys_is_accepted:
        "Every script that writes says so in its first line: without the flag, users would wait for each other.";
    a_script_that_only_reads_is_accepted:
        "Scripts that only read are run by EVALSHA_RO and EVAL_RO, and by EVALSHA, with `no-writes`.";
    a_script_that_may_run_out_of_memory_is_accepted:
        "Scripts that read, yet count the call, have to run on a full database too: `allow-oom`.";
    a_key_that_was_not_passed_is_refused:
        "That a script touches no user's keys but its caller's rests on the service's own tests; the database is a \
         second line.", but redis: "a stock Redis does not know the flag, and the front takes it away";
    a_write_of_a_script_that_only_reads_is_refused:
        "What is declared to be a read cannot be a write by mistake.";
    lua_has_what_the_scripts_use:
        "src/lua/lib/base.lua wraps `redis.call`, and ends scripts by errors that are tables.";
    a_script_refuses_with_words_of_its_own:
        "`finish` in src/lua/lib/read.lua and write.lua passes an error on, and the service tells errors by their first word.";
    seven_thousand_values_are_unpacked_at_once:
        "`call_in_portions` in src/lua/lib/base.lua calls commands with 6,000 values.";
    numbers_are_those_of_lua_5_1:
        "Times and counters are kept as text that scripts print and parse, up to 2^53.";
    a_script_is_not_interrupted_by_a_pipeline:
        "A save is several commands of one script: a reader must meanwhile see all of it or nothing.";
}

/// A script with these flags besides the one that all have.
fn flagged(flags: &str, body: &str) -> String {
    format!("#!lua flags=allow-key-locking{flags}\n{body}")
}

fn sha1_of(script: &str) -> String {
    Sha1::from(script).digest().to_string()
}

async fn a_script_that_locks_its_keys_is_accepted(database: &Database) {
    let key = database.key("counter");
    let script = flagged("", "return redis.call('INCRBY', KEYS[1], ARGV[1])");
    let reply = database.run("EVAL", &script, &[&key], &["2"]).await;
    assert_eq!(reply, Ok(json!(2)));
    let reply = database
        .run("EVALSHA", &sha1_of(&script), &[&key], &["3"])
        .await;
    assert_eq!(reply, Ok(json!(5)));
}

async fn a_script_that_only_reads_is_accepted(database: &Database) {
    let key = database.key("text");
    database.command(&["SET", &key, "there"]).await.unwrap();
    let script = flagged(",no-writes", "return redis.call('GET', KEYS[1])");
    let sha1 = sha1_of(&script);
    let calls = [
        ("EVAL_RO", &script),
        ("EVALSHA_RO", &sha1),
        ("EVAL", &script),
        ("EVALSHA", &sha1),
    ];
    for (name, which) in calls {
        let reply = database.run(name, which, &[&key], &[]).await;
        assert_eq!(reply, Ok(json!("there")), "{name}");
    }
}

async fn a_script_that_may_run_out_of_memory_is_accepted(database: &Database) {
    let key = database.key("counter");
    let script = flagged(",allow-oom", "return redis.call('INCR', KEYS[1])");
    let reply = database.run("EVAL", &script, &[&key], &[]).await;
    assert_eq!(reply, Ok(json!(1)));
    let reply = database
        .run("EVALSHA", &sha1_of(&script), &[&key], &[])
        .await;
    assert_eq!(reply, Ok(json!(2)));
}

async fn a_key_that_was_not_passed_is_refused(database: &Database) {
    let (passed, other) = (database.key("passed"), database.key("other"));
    database.command(&["SET", &other, "before"]).await.unwrap();
    for call in ["'GET', ARGV[1]", "'SET', ARGV[1], 'after'"] {
        let body = format!("return redis.call({call})");
        let reply = database.eval(&body, &[&passed], &[&other]).await;
        assert!(reply.is_err(), "{call}: {reply:?}");
    }
    let kept = database.command(&["GET", &other]).await;
    assert_eq!(kept, Ok(json!("before")));
}

async fn a_write_of_a_script_that_only_reads_is_refused(database: &Database) {
    let key = database.key("hash");
    let script = flagged(",no-writes", "return redis.call('HSET', KEYS[1], 'a', 1)");
    for name in ["EVAL", "EVAL_RO"] {
        let reply = database.run(name, &script, &[&key], &[]).await;
        assert!(reply.is_err(), "{name}: {reply:?}");
    }
    assert_eq!(database.command(&["EXISTS", &key]).await, Ok(json!(0)));
}

async fn lua_has_what_the_scripts_use(database: &Database) {
    let key = database.key("text");
    database.command(&["SET", &key, "no number"]).await.unwrap();
    let body = "
        local server = redis
        local calls = 0
        local redis = setmetatable({
            call = function(...) calls = calls + 1; return server.call(...) end,
        }, { __index = server })
        local own = {}
        local ok, caught = pcall(function() error(own) end)
        local failed = redis.pcall('INCR', KEYS[1])
        local missing = redis.call('HGET', KEYS[2], 'none')
        local portions = {}
        for word in string.gmatch('a b', '%S+') do portions[#portions + 1] = word end
        return {
            redis.sha1hex(''), tostring(ok), tostring(caught == own), type(failed.err), tostring(missing),
            redis.call('GET', KEYS[1]), calls, table.concat(portions, '+'), redis.status_reply('FINE'),
        }";
    let reply = database
        .eval(body, &[&key, &database.key("none")], &[])
        .await;
    let expected = json!([
        sha1_of(""),
        "false",
        "true",
        "string",
        "false",
        "no number",
        2,
        "a+b",
        "FINE"
    ]);
    assert_eq!(reply, Ok(expected));
}

async fn a_script_refuses_with_words_of_its_own(database: &Database) {
    let reply = database
        .eval("return redis.error_reply('MINE and more')", &[], &[])
        .await;
    assert_eq!(reply, Err("MINE and more".to_owned()));
    let reply = database.eval("return error('anything')", &[], &[]).await;
    assert!(reply.is_err(), "{reply:?}");
}

async fn seven_thousand_values_are_unpacked_at_once(database: &Database) {
    let key = database.key("hash");
    let body = "
        local values = {}
        for i = 1, 7000 do values[i] = 'v' .. i end
        local made = redis.call('HSET', KEYS[1], unpack(values))
        local fields = {}
        for i = 1, 7000, 2 do fields[#fields + 1] = values[i] end
        local found = redis.call('HMGET', KEYS[1], unpack(fields))
        return {select('#', unpack(values)), made, #found, found[3500]}";
    let reply = database.eval(body, &[&key], &[]).await;
    assert_eq!(reply, Ok(json!([7_000, 3_500, 3_500, "v7000"])));
}

async fn numbers_are_those_of_lua_5_1(database: &Database) {
    let body = "return {
        string.format('%.0f', 2^53), tostring(2^53), tostring(10 / 2), tostring(1e15),
        string.format('%08x', 255), tostring(tonumber('1764104400123') + 1 == 1764104400124),
        3.7, math.floor(7 / 2), 'n' .. 7, string.format('%.0f', tonumber('1764104400123')),
    }";
    let reply = database.eval(body, &[], &[]).await;
    let expected = json!([
        "9007199254740992",
        "9.007199254741e+15",
        "5",
        "1e+15",
        "000000ff",
        "true",
        3,
        3,
        "n7",
        "1764104400123"
    ]);
    assert_eq!(reply, Ok(expected));
}

async fn a_script_is_not_interrupted_by_a_pipeline(database: &Database) {
    const SCRIPTS: u64 = 4;
    /// A limit on the cost of the readers.
    const PIPELINES: usize = 25;
    let key = database.key("hash");
    // The work in between, of some milliseconds, is when a reader would see one without the other.
    let body = "for _ = 1, 3 do
            redis.call('HINCRBY', KEYS[1], 'first', 1)
            for _ = 1, 300000 do end
            redis.call('HINCRBY', KEYS[1], 'last', 1)
        end
        return 1";
    let written = AtomicBool::new(false);
    let write = async {
        for _ in 0..SCRIPTS {
            database.eval(body, &[&key], &[]).await.unwrap();
            database.count(4);
        }
        written.store(true, Relaxed);
    };
    let read = async || {
        for _ in 0..PIPELINES {
            let look = vec!["HMGET", &key, "first", "last"];
            for pair in database.pipeline(&vec![look; 5]).await {
                let pair = pair.unwrap();
                assert_eq!(pair[0], pair[1], "a script was seen half done");
            }
            if written.load(Relaxed) {
                break;
            }
        }
    };
    tokio::join!(write, read(), read());
    let last = database.command(&["HGET", &key, "last"]).await;
    assert_eq!(last, Ok(json!((3 * SCRIPTS).to_string())));
}
