//! Scripts: conversions, rights, key locking, the sandbox and its limits.

use std::time::{Duration, Instant};

use embedded_store::engine::{Engine, ScriptWork};
use embedded_store::reply::Reply;

fn eval_as(engine: &Engine, name: &str, script: &str, keys: &[&str], argv: &[&str]) -> Reply {
    let count = keys.len().to_string();
    let words = [name, script, &count].into_iter();
    let words = words
        .chain(keys.iter().copied())
        .chain(argv.iter().copied());
    let command: Vec<_> = words.map(|word| word.as_bytes().to_vec()).collect();
    engine.execute(&command)
}

fn eval(script: &str) -> Reply {
    eval_as(&Engine::in_memory(), "EVAL", script, &[], &[])
}

fn bulk(text: &str) -> Reply {
    Reply::Bulk(text.as_bytes().to_vec())
}

/// The text of an error reply.
fn error(reply: Reply) -> String {
    match reply {
        Reply::Error(text) => text,
        other => panic!("not an error: {other:?}"),
    }
}

#[test]
fn values_are_converted_both_ways() {
    let reply = eval(
        "return {1, 2.9, 'text', true, {ok = 'fine'}, {err = 'BAD thing'}, {}, false, nil, 5}",
    );
    let expected = vec![
        Reply::Int(1),
        Reply::Int(2),
        bulk("text"),
        Reply::Int(1),
        Reply::Status("fine".to_owned()),
        Reply::Error("BAD thing".to_owned()),
        Reply::Array(Vec::new()),
        Reply::Nil,
    ];
    assert_eq!(reply, Reply::Array(expected));
    let types =
        "local t = {redis.call('GET', 'x'), redis.call('SET', 'x', 1).ok, redis.call('GET', 'x'),
        redis.call('INCR', 'x'), #redis.call('MGET', 'x', 'y'), redis.pcall('HGET', 'x', 'f').err}
        return tostring(t[1]) .. t[2] .. type(t[3]) .. type(t[4]) .. t[5] .. t[6]";
    let text =
        "falseOKstringnumber2WRONGTYPE Operation against a key holding the wrong kind of value";
    assert_eq!(eval(types), bulk(text));
}

#[test]
fn scripts_are_found_by_their_sha1() {
    let engine = Engine::in_memory();
    let sha1 = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";
    let missing = eval_as(&engine, "EVALSHA", sha1, &[], &[]);
    assert_eq!(
        error(missing),
        "NOSCRIPT No matching script. Please use EVAL."
    );
    eval_as(&engine, "EVAL", "return 1", &[], &[]);
    assert_eq!(
        eval_as(&engine, "EVALSHA", &sha1.to_uppercase(), &[], &[]),
        Reply::Int(1)
    );
    engine.execute(&[b"SCRIPT".to_vec(), b"FLUSH".to_vec()]);
    assert!(error(eval_as(&engine, "EVALSHA", sha1, &[], &[])).starts_with("NOSCRIPT"));
}

#[test]
fn key_locking_refuses_undeclared_keys() {
    let engine = Engine::in_memory();
    let locked = |call: &str| {
        let script = format!("#!lua flags=allow-key-locking\nreturn redis.call({call})");
        eval_as(&engine, "EVAL", &script, &["a", "b"], &[])
    };
    assert_eq!(locked("'SET', KEYS[1], '1'"), Reply::ok());
    assert_eq!(
        locked("'MGET', 'a', 'b'"),
        Reply::Array(vec![bulk("1"), Reply::Nil])
    );
    assert_eq!(locked("'ECHO', 'c'"), bulk("c"));
    for call in ["'GET', 'c'", "'DEL', 'a', 'c'", "'KEYS', '*'", "'FLUSHALL'"] {
        let text = "ERR Script attempted to access a key not declared in KEYS";
        assert!(error(locked(call)).starts_with(text), "{call}");
    }
}

#[test]
fn read_only_scripts_cannot_write() {
    let engine = Engine::in_memory();
    let write = "return redis.call('SET', 'a', '1')";
    let text = "ERR Write commands are not allowed from read-only scripts.";
    assert!(error(eval_as(&engine, "EVAL_RO", write, &[], &[])).starts_with(text));
    let declared = format!("#!lua flags=no-writes,allow-key-locking\n{write}");
    assert!(error(eval_as(&engine, "EVAL", &declared, &["a"], &[])).starts_with(text));
    assert_eq!(
        eval_as(
            &engine,
            "EVAL_RO",
            "return redis.call('EXISTS', 'a')",
            &[],
            &[]
        ),
        Reply::Int(0)
    );
}

#[test]
fn the_sandbox_holds() {
    for script in [
        "return io.open('/etc/passwd')",
        "return os.getenv('HOME')",
        "return require('os')",
        "return dofile('x')",
        "return loadfile('x')",
        "return debug.getregistry()",
        "return string.dump(function() end)",
        "print('x')",
        "redis.call = nil",
        "table.insert = nil",
        "getmetatable('').__index = nil",
        "setmetatable(_G, {})",
        "rawset(string, 'format', nil)",
        "setfenv(1, {})",
    ] {
        assert!(error(eval(script)).starts_with("ERR "), "{script}");
    }
    assert_eq!(eval("return loadstring('\\27Lua')"), Reply::Nil);
}

#[test]
fn scripts_leave_nothing_behind() {
    let engine = Engine::in_memory();
    eval_as(
        &engine,
        "EVAL",
        "KEYS[1] = 'x' local t = {} t.y = 1",
        &["k"],
        &["v"],
    );
    let reply = eval_as(&engine, "EVAL", "return {#KEYS, #ARGV}", &[], &[]);
    assert_eq!(reply, Reply::Array(vec![Reply::Int(0), Reply::Int(0)]));
}

#[test]
fn endless_scripts_are_stopped() {
    let endless = [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
    ];
    let threads = endless.map(|script| {
        std::thread::spawn(move || {
            let engine = Engine::in_memory();
            let started = Instant::now();
            let reply = eval_as(&engine, "EVAL", script, &[], &[]);
            assert!(started.elapsed() < Duration::from_secs(8));
            assert_eq!(error(reply), "ERR Error running script: it ran out of time");
            assert_eq!(
                eval_as(&engine, "EVAL", "return 1", &[], &[]),
                Reply::Int(1)
            );
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn scripts_over_the_memory_limit_are_stopped() {
    let engine = Engine::in_memory();
    for script in [
        "local s = 'x' while true do s = s .. s end",
        "return string.rep('x', 1e9)",
        "local t = {} while true do t[#t + 1] = string.rep('x', 100000) .. #t end",
        "local function f() return 1 + f() end return f()",
        "local t = {} t[1] = t return t",
        "local t = {} for i = 1, 100000 do t = {t} end return t",
        "return tostring(setmetatable({}, {__tostring = function(t) return tostring(t) end}))",
    ] {
        let text = error(eval_as(&engine, "EVAL", script, &[], &[]));
        assert!(
            text.starts_with("ERR ") && text.len() < 500,
            "{script}: {text}"
        );
    }
    assert_eq!(
        eval_as(&engine, "EVAL", "return 1", &[], &[]),
        Reply::Int(1)
    );
}

#[test]
fn a_failing_script_keeps_its_writes() {
    let engine = Engine::in_memory();
    let script = "redis.call('SET', KEYS[1], ARGV[1])\nredis.call('INCR', KEYS[1])";
    let text = error(eval_as(&engine, "EVAL", script, &["k"], &["v"]));
    assert!(
        text.starts_with("ERR value is not an integer or out of range script: "),
        "{text}"
    );
    assert!(text.ends_with(", on @user_script:2."), "{text}");
    assert_eq!(engine.execute(&[b"GET".to_vec(), b"k".to_vec()]), bulk("v"));
}

#[test]
fn the_work_of_the_largest_script_is_counted() {
    let engine = Engine::in_memory();
    assert_eq!(engine.largest_script(), ScriptWork::default());
    let script = "redis.call('SET', KEYS[1], ARGV[1])
        redis.pcall('HGET', KEYS[1])
        redis.call()";
    eval_as(&engine, "EVAL", script, &["k"], &["12345"]);
    let error = "ERR Wrong number of args calling Redis command from script";
    let bytes = ["k12345", "OK", "k", error].concat().len() as u64;
    eval_as(
        &engine,
        "EVAL",
        "return redis.call('INCR', KEYS[1])",
        &["k"],
        &[],
    );
    let work = engine.largest_script();
    assert_eq!(work.commands, 2);
    assert_eq!(work.bytes, bytes);
    // Commands outside scripts do not count, and reading resets the numbers.
    engine.execute(&[b"GET".to_vec(), b"k".to_vec()]);
    assert_eq!(engine.largest_script(), ScriptWork::default());
    eval_as(
        &engine,
        "EVAL",
        "return redis.call('MGET', 'k', 'n')",
        &[],
        &[],
    );
    let (commands, bytes) = (1, "kn12346".len() as u64);
    assert_eq!(engine.largest_script(), ScriptWork { commands, bytes });
}
