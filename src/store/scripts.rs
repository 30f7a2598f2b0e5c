//! The stored procedures. Each file under `src/lua/` says what it takes, returns, costs and touches.

use std::sync::LazyLock;

use crate::upstash::Script;

const BASE: &str = include_str!("../lua/lib/base.lua");
const READ: &str = include_str!("../lua/lib/read.lua");
const WRITE_LOG: &str = include_str!("../lua/lib/write_log.lua");
const WRITE: &str = include_str!("../lua/lib/write.lua");
const CONVERSATION: &str = include_str!("../lua/lib/conversation.lua");
const LISTING: &str = include_str!("../lua/lib/listing.lua");
const SHARES_LIB: &str = include_str!("../lua/lib/shares.lua");

/// What scripts that only read are put behind.
const READING: [&str; 2] = [BASE, READ];
/// What scripts that write are put behind.
const WRITING: [&str; 4] = [BASE, WRITE_LOG, WRITE, CONVERSATION];

macro_rules! scripts {
    ($($name:ident = $kind:ident $file:literal $(with $more:ident)?;)*) => {
        $(pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
            let mut parts = $kind.to_vec();
            parts.extend([$($more)?] as [&str; count!($($more)?)]);
            Script::with_prelude(&parts.concat(), include_str!(concat!("../lua/", $file)))
        });)*

        /// All scripts that act for a user, by name.
        #[cfg(test)]
        static ALL: &[(&str, &LazyLock<Script>)] = &[$(($file, &$name),)*];
    };
}

macro_rules! count {
    () => {
        0
    };
    ($one:ident) => {
        1
    };
}

/// Concerns no user, so it is put behind nothing.
pub(super) static METRICS: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("../lua/metrics.lua")));

scripts! {
    APPEND = WRITING "append.lua";
    BEGIN_SESSION = WRITING "begin_session.lua";
    CHECK = WRITING "check.lua";
    CLAIM = WRITING "claim.lua" with SHARES_LIB;
    DELETE_CONVERSATION = WRITING "delete_conversation.lua" with SHARES_LIB;
    DELETE_MESSAGE = WRITING "delete_message.lua";
    ERASE = WRITING "erase.lua" with SHARES_LIB;
    EXPORT = READING "export.lua";
    IMPORT = WRITING "import.lua";
    LINK = WRITING "link.lua";
    LIST = READING "list.lua" with LISTING;
    OPEN_SHARE = READING "open_share.lua";
    OPEN_STREAM = WRITING "open_stream.lua";
    PAGE = READING "page.lua";
    PATCH_CONVERSATION = WRITING "patch_conversation.lua";
    PATCH_MESSAGE = WRITING "patch_message.lua";
    PURGE = WRITING "purge.lua" with SHARES_LIB;
    REDEEM = WRITING "redeem.lua";
    RENEW = WRITING "renew.lua";
    SAVE = WRITING "save.lua";
    SESSION = READING "session.lua";
    SET_CURRENT = WRITING "set_current.lua";
    SHARE = WRITING "share.lua" with SHARES_LIB;
    SHARES = READING "shares.lua" with SHARES_LIB;
    SIGN_OUT = WRITING "sign_out.lua";
    STATS = READING "stats.lua";
    SYNC = READING "sync.lua" with LISTING;
    UNSHARE = WRITING "unshare.lua" with SHARES_LIB;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On Upstash a script without this flag holds the whole database while it runs.
    #[test]
    fn every_script_locks_only_the_keys_it_names() {
        for (name, script) in ALL {
            let first = script.source().lines().next().unwrap();
            assert!(
                first.starts_with("#!lua flags=allow-key-locking"),
                "{name}: {first}"
            );
        }
        assert!(
            METRICS
                .source()
                .starts_with("#!lua flags=allow-key-locking")
        );
    }

    #[test]
    fn every_script_says_what_it_takes_returns_costs_and_touches() {
        let own = |script: &str| {
            script
                .split("return finish(function()")
                .last()
                .map(str::to_owned)
        };
        for (name, script) in ALL {
            let own = own(script.source()).unwrap();
            for part in ["-- KEYS ", "-- Returns ", "-- Billed ", "-- Touches "] {
                assert!(own.contains(part), "{name}: {part}");
            }
        }
    }

    #[test]
    fn a_script_that_reads_says_so() {
        const WRITES: [&str; 12] = [
            "HSET",
            "HDEL",
            "HINCRBY",
            "ZADD",
            "ZREM",
            "SET",
            "DEL",
            "UNLINK",
            "RENAME",
            "INCR",
            "PEXPIREAT",
            "PUBLISH",
        ];
        for (name, script) in ALL {
            let writes = WRITES
                .iter()
                .any(|command| script.source().contains(&format!("('{command}'")));
            assert_ne!(script.is_read_only(), writes, "{name}");
        }
    }
}
