//! What a command does, as far as the REST protocol cares.

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Reads, and is open to a read-only token.
    Read,
    /// Reads, yet is closed to a read-only token: it sees every key or runs a script.
    WideRead,
    /// Writes by taking away, which a full store still does.
    Delete,
    /// Writes, or is unknown.
    Write,
    /// Makes no sense over REST, for it belongs to a connection, blocks it or rules the server; or
    /// Upstash does not offer it.
    Unavailable,
}

/// Longer than every name below.
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
            Self::Delete | Self::Write => true,
            Self::Read | Self::WideRead | Self::Unavailable => false,
        }
    }

    fn of_name(upper: &[u8]) -> Self {
        match upper {
            b"BITCOUNT" | b"BITFIELD_RO" | b"BITPOS" | b"ECHO" | b"EXISTS" | b"EXPIRETIME"
            | b"GEODIST" | b"GEOHASH" | b"GEOPOS" | b"GEOSEARCH" | b"GET" | b"GETBIT"
            | b"GETRANGE" | b"HEXISTS" | b"HGET" | b"HGETALL" | b"HKEYS" | b"HLEN" | b"HMGET"
            | b"HPTTL" | b"HRANDFIELD" | b"HSCAN" | b"HSTRLEN" | b"HTTL" | b"HVALS"
            | b"JSON.GET" | b"JSON.MGET" | b"JSON.TYPE" | b"LINDEX" | b"LLEN" | b"LPOS"
            | b"LRANGE" | b"MGET" | b"PEXPIRETIME" | b"PFCOUNT" | b"PING" | b"PTTL" | b"SCARD"
            | b"SDIFF" | b"SINTER" | b"SINTERCARD" | b"SISMEMBER" | b"SMEMBERS" | b"SMISMEMBER"
            | b"SRANDMEMBER" | b"SSCAN" | b"STRLEN" | b"SUBSTR" | b"SUNION" | b"TIME" | b"TTL"
            | b"TYPE" | b"XLEN" | b"XPENDING" | b"XRANGE" | b"XREAD" | b"XREVRANGE" | b"ZCARD"
            | b"ZCOUNT" | b"ZDIFF" | b"ZINTER" | b"ZINTERCARD" | b"ZLEXCOUNT" | b"ZMSCORE"
            | b"ZRANDMEMBER" | b"ZRANGE" | b"ZRANGEBYLEX" | b"ZRANGEBYSCORE" | b"ZRANK"
            | b"ZREVRANGE" | b"ZREVRANGEBYLEX" | b"ZREVRANGEBYSCORE" | b"ZREVRANK" | b"ZSCAN"
            | b"ZSCORE" | b"ZUNION" => Self::Read,
            b"COMMAND" | b"DBSIZE" | b"EVALSHA_RO" | b"EVAL_RO" | b"FCALL_RO" | b"INFO"
            | b"KEYS" | b"OBJECT" | b"PUBSUB" | b"RANDOMKEY" | b"SCAN" | b"SCRIPT" | b"XINFO" => {
                Self::WideRead
            }
            b"DEL" | b"FLUSHALL" | b"FLUSHDB" | b"GETDEL" | b"HDEL" | b"LPOP" | b"LREM"
            | b"LTRIM" | b"RPOP" | b"SPOP" | b"SREM" | b"UNLINK" | b"XDEL" | b"XTRIM"
            | b"ZPOPMAX" | b"ZPOPMIN" | b"ZREM" | b"ZREMRANGEBYLEX" | b"ZREMRANGEBYRANK"
            | b"ZREMRANGEBYSCORE" => Self::Delete,
            b"" | b"ASKING" | b"AUTH" | b"BGREWRITEAOF" | b"BGSAVE" | b"BLMOVE" | b"BLMPOP"
            | b"BLPOP" | b"BRPOP" | b"BRPOPLPUSH" | b"BZMPOP" | b"BZPOPMAX" | b"BZPOPMIN"
            | b"CLIENT" | b"CLUSTER" | b"CONFIG" | b"DEBUG" | b"DISCARD" | b"EXEC"
            | b"FAILOVER" | b"HELLO" | b"LATENCY" | b"MEMORY" | b"MIGRATE" | b"MODULE"
            | b"MONITOR" | b"MULTI" | b"PSUBSCRIBE" | b"PSYNC" | b"PUNSUBSCRIBE" | b"QUIT"
            | b"READONLY" | b"READWRITE" | b"REPLICAOF" | b"REPLCONF" | b"RESET" | b"SAVE"
            | b"SELECT" | b"SHUTDOWN" | b"SLAVEOF" | b"SLOWLOG" | b"SORT" | b"SORT_RO"
            | b"SSUBSCRIBE" | b"SUBSCRIBE" | b"SUNSUBSCRIBE" | b"SWAPDB" | b"SYNC"
            | b"UNSUBSCRIBE" | b"UNWATCH" | b"WAIT" | b"WAITAOF" | b"WATCH" => Self::Unavailable,
            _ => Self::Write,
        }
    }
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
        assert_eq!(kind("del k"), Kind::Delete);
        assert_eq!(kind("set k v"), Kind::Write);
        assert_eq!(kind("multi"), Kind::Unavailable);
        assert_eq!(kind("script load x"), Kind::WideRead);
        assert_eq!(kind("script debug yes"), Kind::Unavailable);
        assert_eq!(kind(&"x".repeat(100)), Kind::Write);
        assert_eq!(Kind::of(&[]), Kind::Unavailable);
    }

    #[test]
    fn a_stream_read_is_unavailable_only_when_it_blocks() {
        assert_eq!(kind("xread count 1 streams block 0"), Kind::Read);
        assert_eq!(kind("xread block 5 streams s $"), Kind::Unavailable);
    }
}
