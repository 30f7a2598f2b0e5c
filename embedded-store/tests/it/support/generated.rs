//! Generating random commands for the comparison with Redis and for the log.

use embedded_store::reply::Command;
use proptest::prelude::*;
use proptest::sample::select;

/// The longest sequence of commands.
const MAX_COMMANDS: usize = 60;

const KEYS: &[&[u8]] = &[
    b"a",
    b"a",
    b"a",
    b"b",
    b"b",
    b"c",
    b"h1",
    b"h2",
    b"z1",
    b"z2",
    b"",
    b"\x00\xff key",
];
const VALUES: &[&[u8]] = &[
    b"",
    b"0",
    b"1",
    b"-1",
    b"10",
    b"01",
    b"+1",
    b" 1",
    b"text",
    b"\xff\x00\r\n",
    b"3.5",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"9223372036854775808",
];
const FIELDS: &[&[u8]] = &[b"f", b"g", b"", b"1", b"\xfe\x00", b"a field"];
const SCORES: &[&[u8]] = &[
    b"0", b"-0", b"1", b"1", b"2", b"-3", b"0.1", b"1e3", b"1e17", b"1e-7", b"inf", b"-inf",
    b"+inf", b"nan", b"x", b"", b".5", b"5.", b" 1", b"1 ", b"1e400", b"1e-400",
];
const LIMITS: &[&[u8]] = &[
    b"0", b"1", b"(1", b"(0", b"-inf", b"+inf", b"(inf", b"(-inf", b"inf", b"0.1", b"(2", b"1e3",
    b"x", b"", b"(", b"nan", b" 1", b"1 ", b"((1",
];
const INDEXES: &[&[u8]] = &[
    b"0", b"1", b"2", b"-1", b"-2", b"-100", b"100", b"x", b"", b"01",
];
/// None expires during the test, even in milliseconds.
const TIMES: &[&[u8]] = &[
    b"100000",
    b"1000000",
    b"-1",
    b"0",
    b"x",
    b"",
    b"9223372036854775807",
    b"4102444800",
];
const PATTERNS: &[&[u8]] = &[
    b"*", b"?", b"[ab]", b"[^a]", b"h*", b"*1", b"\\a", b"", b"z[0-9]", b"[a",
];
/// None makes the string long, except those that are refused.
const OFFSETS: &[&[u8]] = &[
    b"0",
    b"1",
    b"7",
    b"8",
    b"100",
    b"#0",
    b"#1",
    b"#3",
    b"#-1",
    b"#",
    b"-1",
    b"01",
    b"x",
    b"",
    b"4294967296",
    b"#9223372036854775807",
];
const WIDTHS: &[&[u8]] = &[
    b"i1", b"u1", b"i3", b"u4", b"i8", b"u8", b"u12", b"i16", b"i63", b"u63", b"i64", b"u64",
    b"i65", b"i0", b"I8", b"u", b"", b"u8\x00x", b"i08",
];
const OTHERS: &[&[u8]] = &[
    b"NX",
    b"xx",
    b"GT",
    b"LT",
    b"CH",
    b"INCR",
    b"GET",
    b"EX",
    b"PX",
    b"EXAT",
    b"PXAT",
    b"KEEPTTL",
    b"WITHSCORES",
    b"LIMIT",
    b"REV",
    b"BYSCORE",
    b"MATCH",
    b"COUNT",
    b"TYPE",
    b"hash",
    b"zset",
];

/// The commands with the kinds of their arguments, one letter each as in [`word`]; those after `|` are optional.
const COMMANDS: &[(&str, &str)] = &[
    ("PING", "|v"),
    ("ECHO", "v"),
    ("GET", "k"),
    ("SET", "kv|oooto"),
    ("SET", "kv"),
    ("SET", "kv"),
    ("SET", "kvEt|S"),
    ("SET", "kvS|S"),
    ("GETDEL", "k"),
    ("MGET", "k|kk"),
    ("INCR", "k"),
    ("DECR", "k"),
    ("INCRBY", "kv"),
    ("BITFIELD", "kWynv|Wynv"),
    ("BITFIELD", "kWynv|Gyn"),
    ("BITFIELD", "kVwWynv|Gyn"),
    ("BITFIELD", "kVwWynvVwWynv|Gyn"),
    ("BITFIELD", "kGyn|GynWynv"),
    ("BITFIELD", "k|oo"),
    ("BITFIELD_RO", "kGyn|GynWynv"),
    ("DEL", "k|kk"),
    ("UNLINK", "k"),
    ("RENAME", "kk"),
    ("EXISTS", "k|kk"),
    ("TYPE", "k"),
    ("EXPIRE", "kt|oo"),
    ("PEXPIRE", "kt|o"),
    ("EXPIREAT", "kt|o"),
    ("PEXPIREAT", "kt|o"),
    ("EXPIRE", "kt|X"),
    ("PEXPIREAT", "ktX"),
    ("TTL", "k"),
    ("PTTL", "k"),
    ("PERSIST", "k"),
    ("EXPIRETIME", "k"),
    ("PEXPIRETIME", "k"),
    ("HSET", "kfv|fvf"),
    ("HSET", "kfv|fv"),
    ("HSETNX", "kfv"),
    ("HGET", "kf"),
    ("HMGET", "kf|ff"),
    ("HGETALL", "k"),
    ("HKEYS", "k"),
    ("HVALS", "k"),
    ("HLEN", "k"),
    ("HEXISTS", "kf"),
    ("HDEL", "kf|ff"),
    ("HINCRBY", "kfv"),
    ("HSTRLEN", "kf"),
    ("HSCAN", "k0|opoi"),
    ("ZADD", "ksf|sfsf"),
    ("ZADD", "ksfsfsf"),
    ("ZADD", "kosf|sf"),
    ("ZADD", "koosf"),
    ("ZADD", "kZsf"),
    ("ZADD", "kZZsf|sf"),
    ("ZREM", "kf|ff"),
    ("ZCARD", "k"),
    ("ZCOUNT", "kll"),
    ("ZSCORE", "kf"),
    ("ZMSCORE", "kf|ff"),
    ("ZINCRBY", "ksf"),
    ("ZRANGE", "kii|ooiio"),
    ("ZRANGE", "kll|ooiio"),
    ("ZRANGE", "kllboo"),
    ("ZREVRANGE", "kii|o"),
    ("ZRANGEBYSCORE", "kll|ooiio"),
    ("ZRANGEBYSCORE", "kll"),
    ("ZREVRANGEBYSCORE", "kll|oii"),
    ("ZRANK", "kf"),
    ("ZREVRANK", "kf"),
    ("ZREMRANGEBYSCORE", "kll"),
    ("ZREMRANGEBYRANK", "kii"),
    ("SCAN", "0|opop"),
    ("KEYS", "p"),
    ("DBSIZE", ""),
    ("FLUSHDB", "|v"),
    ("FLUSHALL", "|v"),
    ("PUBLISH", "kv"),
    ("nonsense", "|kvvv"),
    ("a'b\n", "kv"),
    ("SCRIPT", "vv"),
];

/// Scripts that pass ARGV on as a command.
const SCRIPTS: &[&str] = &[
    "return redis.call(unpack(ARGV))",
    "return redis.pcall(unpack(ARGV))",
    "return {redis.pcall(unpack(ARGV)), 1.9, true, 'x', {ok='fine'}}",
    "local r = redis.pcall(unpack(ARGV)) return type(r) == 'table' and (r.err or r.ok or #r) or r",
    "local ok, e = pcall(redis.call, unpack(ARGV)) return {tostring(ok), type(e)}",
    "redis.call('SET', 'a', 1.5)\nredis.call('INCR', 'b')\nreturn redis.call(unpack(ARGV))",
    "#!lua flags=no-writes\nreturn redis.call(unpack(ARGV))",
];

fn words(of: &'static [&'static [u8]]) -> BoxedStrategy<Vec<u8>> {
    select(of).prop_map(<[u8]>::to_vec).boxed()
}

fn word(kind: char) -> BoxedStrategy<Vec<u8>> {
    match kind {
        'k' => words(KEYS),
        'v' => words(VALUES),
        'f' => words(FIELDS),
        's' => words(SCORES),
        'l' => words(LIMITS),
        'i' => words(INDEXES),
        't' => words(TIMES),
        'p' => words(PATTERNS),
        'o' => words(OTHERS),
        'S' => words(&[b"NX", b"XX", b"GET", b"KEEPTTL"]),
        'E' => words(&[b"EX", b"PX", b"EXAT", b"PXAT"]),
        'Z' => words(&[b"NX", b"XX", b"GT", b"LT", b"CH", b"INCR"]),
        'X' => words(&[b"NX", b"XX", b"GT", b"LT"]),
        'W' => words(&[b"SET", b"incrby"]),
        'G' => Just(b"GET".to_vec()).boxed(),
        'V' => Just(b"overflow".to_vec()).boxed(),
        'w' => words(&[b"WRAP", b"sat", b"FAIL", b"SAT", b"fail", b"x"]),
        'y' => words(WIDTHS),
        'n' => words(OFFSETS),
        'b' => Just(b"BYSCORE".to_vec()).boxed(),
        '0' => prop_oneof![9 => Just(b"0".to_vec()), 1 => Just(b"x".to_vec())].boxed(),
        other => panic!("no kind of word: {other}"),
    }
}

/// The key that a command uses most, so that it does not always meet the wrong type.
fn usual_key(name: &str) -> Option<&'static [u8]> {
    match name.chars().next() {
        Some('H') => Some(b"h1"),
        Some('Z') => Some(b"z1"),
        Some('S' | 'G' | 'I' | 'B') => Some(b"a"),
        _ => None,
    }
}

/// A command from the table, sometimes with too few arguments.
fn plain_command() -> impl Strategy<Value = Command> {
    let choices = (select(COMMANDS), 0..12usize, prop::bool::weighted(0.7));
    choices.prop_flat_map(|((name, kinds), length, usual)| {
        let takes_key = kinds.starts_with('k');
        let required = kinds.find('|').unwrap_or(kinds.len());
        let kinds: Vec<char> = kinds.chars().filter(|kind| *kind != '|').collect();
        let wanted = match length {
            0 => required.saturating_sub(1),
            _ => (required + length % 6).min(kinds.len()),
        };
        let usual_key = usual_key(name).filter(|_| usual && takes_key);
        let arguments: Vec<_> = kinds[..wanted].iter().map(|kind| word(*kind)).collect();
        arguments.prop_map(move |mut words| {
            if let (Some(first), Some(key)) = (words.first_mut(), usual_key) {
                *first = key.to_vec();
            }
            words.insert(0, name.as_bytes().to_vec());
            words
        })
    })
}

fn script_command() -> impl Strategy<Value = Command> {
    let name = select(&["EVAL", "EVAL", "EVAL_RO"][..]);
    let inner =
        plain_command().prop_filter("its reply has no order", |command| !is_unordered(command));
    (name, select(SCRIPTS), inner).prop_map(|(name, script, inner)| {
        let words = [name, script, "0"].map(|word| word.as_bytes().to_vec());
        words.into_iter().chain(inner).collect()
    })
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![8 => plain_command(), 1 => script_command()]
}

/// Sequences of commands.
pub fn sequences() -> impl Strategy<Value = Vec<Command>> {
    prop::collection::vec(command(), 1..MAX_COMMANDS)
}

/// Commands that read everything that [`sequences`] can leave in a store.
pub fn inspections() -> Vec<Command> {
    let kinds: [&[&[u8]]; 4] = [
        &[b"PEXPIRETIME"],
        &[b"GET"],
        &[b"HGETALL"],
        &[b"ZRANGE", b"0", b"-1", b"WITHSCORES"],
    ];
    let inspect = |key: &&[u8]| {
        let key = key.to_vec();
        kinds.map(|words| {
            let mut command: Command = words.iter().map(|word| word.to_vec()).collect();
            command.insert(1, key.clone());
            command
        })
    };
    KEYS.iter().flat_map(inspect).collect()
}

/// Whether the command is one of `names`.
pub fn is_named(command: &[Vec<u8>], names: &[&str]) -> bool {
    names
        .iter()
        .any(|name| command[0].eq_ignore_ascii_case(name.as_bytes()))
}

fn is_unordered(command: &[Vec<u8>]) -> bool {
    is_named(
        command,
        &["HGETALL", "HKEYS", "HVALS", "HSCAN", "SCAN", "KEYS"],
    )
}

/// The command as typed by a person.
pub fn printable(command: &[Vec<u8>]) -> String {
    let words = command
        .iter()
        .map(|word| format!("\"{}\"", word.escape_ascii()));
    words.collect::<Vec<_>>().join(" ")
}
