//! Classifying commands: which ones read, write, may add data, or are unavailable over REST.

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Reads, and is open to a read-only token.
    Read,
    /// Reads, but is closed to a read-only token because it sees every key or runs a script.
    WideRead,
    /// Runs a script, whose flags say what it does.
    Script,
    /// Writes without adding data, which a full store still allows: it removes, sets an expiry or publishes.
    StoresNothing,
    /// Writes and may add data, or is unknown.
    Write,
    /// Unavailable over REST: it concerns or blocks a connection, administers the server, or is not offered by
    /// Upstash.
    Unavailable,
}

/// At least the length of every name below.
const MAX_NAME: usize = 24;

impl Kind {
    /// The kind of the command with this name and these arguments.
    pub fn of(command: &[Vec<u8>]) -> Self {
        let Some((name, arguments)) = command.split_first() else {
            return Self::Unavailable;
        };
        let mut buffer = [0; MAX_NAME];
        let Some(upper) = buffer.get_mut(..name.len()) else {
            return Self::Write;
        };
        upper.copy_from_slice(name);
        upper.make_ascii_uppercase();
        match &*upper {
            b"XREAD" if blocks(arguments) => Self::Unavailable,
            b"XREADGROUP" if blocks(arguments) => Self::Unavailable,
            b"SCRIPT" if first_is(arguments, b"DEBUG") => Self::Unavailable,
            upper => Self::of_name(upper),
        }
    }

    /// True when the command may change the data.
    pub fn writes(self) -> bool {
        match self {
            Self::Script | Self::StoresNothing | Self::Write => true,
            Self::Read | Self::WideRead | Self::Unavailable => false,
        }
    }

    fn of_name(upper: &[u8]) -> Self {
        let known = KNOWN.iter().find(|(_, names)| contains(names, upper));
        known.map_or(Self::Write, |(kind, _)| *kind)
    }
}

/// The names, in upper case, of all commands that are not [`Kind::Write`].
pub fn names_of_no_growth() -> impl Iterator<Item = &'static str> {
    let names = KNOWN.iter().flat_map(|(_, names)| names.iter().copied());
    names.filter(|name| !name.is_empty())
}

/// The names of each kind except [`Kind::Write`], which is the default.
const KNOWN: [(Kind, &[&str]); 5] = [
    (Kind::Read, READ),
    (Kind::WideRead, WIDE_READ),
    (Kind::Script, SCRIPT),
    (Kind::StoresNothing, STORES_NOTHING),
    (Kind::Unavailable, UNAVAILABLE),
];

/// Sorted, like all of these lists.
const READ: &[&str] = &[
    "BITCOUNT",
    "BITFIELD_RO",
    "BITPOS",
    "ECHO",
    "EXISTS",
    "EXPIRETIME",
    "GEODIST",
    "GEOHASH",
    "GEOPOS",
    "GEOSEARCH",
    "GET",
    "GETBIT",
    "GETRANGE",
    "HEXISTS",
    "HGET",
    "HGETALL",
    "HKEYS",
    "HLEN",
    "HMGET",
    "HPTTL",
    "HRANDFIELD",
    "HSCAN",
    "HSTRLEN",
    "HTTL",
    "HVALS",
    "JSON.GET",
    "JSON.MGET",
    "JSON.TYPE",
    "LINDEX",
    "LLEN",
    "LPOS",
    "LRANGE",
    "MGET",
    "PEXPIRETIME",
    "PFCOUNT",
    "PING",
    "PTTL",
    "SCARD",
    "SDIFF",
    "SINTER",
    "SINTERCARD",
    "SISMEMBER",
    "SMEMBERS",
    "SMISMEMBER",
    "SRANDMEMBER",
    "SSCAN",
    "STRLEN",
    "SUBSTR",
    "SUNION",
    "TIME",
    "TTL",
    "TYPE",
    "XLEN",
    "XPENDING",
    "XRANGE",
    "XREAD",
    "XREVRANGE",
    "ZCARD",
    "ZCOUNT",
    "ZDIFF",
    "ZINTER",
    "ZINTERCARD",
    "ZLEXCOUNT",
    "ZMSCORE",
    "ZRANDMEMBER",
    "ZRANGE",
    "ZRANGEBYLEX",
    "ZRANGEBYSCORE",
    "ZRANK",
    "ZREVRANGE",
    "ZREVRANGEBYLEX",
    "ZREVRANGEBYSCORE",
    "ZREVRANK",
    "ZSCAN",
    "ZSCORE",
    "ZUNION",
];

/// See [`Kind::WideRead`].
const WIDE_READ: &[&str] = &[
    "COMMAND",
    "DBSIZE",
    "EVALSHA_RO",
    "EVAL_RO",
    "FCALL_RO",
    "INFO",
    "KEYS",
    "OBJECT",
    "PUBSUB",
    "RANDOMKEY",
    "SCAN",
    "SCRIPT",
    "XINFO",
];

/// See [`Kind::Script`].
const SCRIPT: &[&str] = &["EVAL", "EVALSHA", "FCALL"];

/// See [`Kind::StoresNothing`].
const STORES_NOTHING: &[&str] = &[
    "DEL",
    "EXPIRE",
    "EXPIREAT",
    "FLUSHALL",
    "FLUSHDB",
    "GETDEL",
    "HDEL",
    "HEXPIRE",
    "HEXPIREAT",
    "HPEXPIRE",
    "HPEXPIREAT",
    "LPOP",
    "LREM",
    "LTRIM",
    "PEXPIRE",
    "PEXPIREAT",
    "PUBLISH",
    "RPOP",
    "SPOP",
    "SREM",
    "UNLINK",
    "XDEL",
    "XTRIM",
    "ZPOPMAX",
    "ZPOPMIN",
    "ZREM",
    "ZREMRANGEBYLEX",
    "ZREMRANGEBYRANK",
    "ZREMRANGEBYSCORE",
];

/// See [`Kind::Unavailable`].
const UNAVAILABLE: &[&str] = &[
    "",
    "ASKING",
    "AUTH",
    "BGREWRITEAOF",
    "BGSAVE",
    "BLMOVE",
    "BLMPOP",
    "BLPOP",
    "BRPOP",
    "BRPOPLPUSH",
    "BZMPOP",
    "BZPOPMAX",
    "BZPOPMIN",
    "CLIENT",
    "CLUSTER",
    "CONFIG",
    "DEBUG",
    "DISCARD",
    "EXEC",
    "FAILOVER",
    "HELLO",
    "LATENCY",
    "MEMORY",
    "MIGRATE",
    "MODULE",
    "MONITOR",
    "MULTI",
    "PSUBSCRIBE",
    "PSYNC",
    "PUNSUBSCRIBE",
    "QUIT",
    "READONLY",
    "READWRITE",
    "REPLCONF",
    "REPLICAOF",
    "RESET",
    "SAVE",
    "SELECT",
    "SHUTDOWN",
    "SLAVEOF",
    "SLOWLOG",
    "SORT",
    "SORT_RO",
    "SSUBSCRIBE",
    "SUBSCRIBE",
    "SUNSUBSCRIBE",
    "SWAPDB",
    "SYNC",
    "UNSUBSCRIBE",
    "UNWATCH",
    "WAIT",
    "WAITAOF",
    "WATCH",
];

fn contains(names: &[&str], upper: &[u8]) -> bool {
    let found = names.binary_search_by(|name| name.as_bytes().cmp(upper));
    found.is_ok()
}

fn first_is(arguments: &[Vec<u8>], text: &[u8]) -> bool {
    let first = arguments.first();
    first.is_some_and(|word| word.eq_ignore_ascii_case(text))
}

/// True when a stream read would wait for entries.
fn blocks(arguments: &[Vec<u8>]) -> bool {
    let is = |word: &[u8], text: &[u8]| word.eq_ignore_ascii_case(text);
    let options = arguments.iter().take_while(|word| !is(word, b"STREAMS"));
    let mut options = options.map(Vec::as_slice);
    options.any(|word| is(word, b"BLOCK"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(line: &str) -> Kind {
        let words: Vec<Vec<u8>> = line
            .split(' ')
            .map(|word| word.as_bytes().to_vec())
            .collect();
        Kind::of(&words)
    }

    #[test]
    fn names_are_known_in_any_case() {
        assert_eq!(kind("get k"), Kind::Read);
        assert_eq!(kind("Scan 0"), Kind::WideRead);
        assert_eq!(kind("del k"), Kind::StoresNothing);
        assert_eq!(kind("publish c m"), Kind::StoresNothing);
        assert_eq!(kind("evalsha x 0"), Kind::Script);
        assert_eq!(kind("set k v"), Kind::Write);
        assert_eq!(kind("multi"), Kind::Unavailable);
        assert_eq!(kind("script load x"), Kind::WideRead);
        assert_eq!(kind("script debug yes"), Kind::Unavailable);
        assert_eq!(kind(&"x".repeat(100)), Kind::Write);
        assert_eq!(Kind::of(&[]), Kind::Unavailable);
    }

    #[test]
    fn each_list_is_sorted_for_the_search() {
        for (kind, names) in KNOWN {
            assert!(names.is_sorted(), "{kind:?}");
        }
    }

    #[test]
    fn a_stream_read_is_unavailable_only_when_it_blocks() {
        assert_eq!(kind("xread count 1 streams block 0"), Kind::Read);
        assert_eq!(kind("xread block 5 streams s $"), Kind::Unavailable);
    }
}
