//! The stored procedures. Each file under `src/lua/` says what it takes, returns, costs and touches.

pub(super) mod agent_sessions;
pub(super) mod conversations;
pub(super) mod messages;
pub(super) mod metrics;
pub(super) mod recovery;
pub(super) mod search;
pub(super) mod sessions;
pub(super) mod shares;
pub(super) mod trash;
pub(super) mod users;

use std::sync::LazyLock;

use crate::upstash::Script;

const BASE: &str = include_str!("../../lua/lib/base.lua");
const READ: &str = include_str!("../../lua/lib/read.lua");
const WRITE_LOG: &str = include_str!("../../lua/lib/write_log.lua");
const USAGE: &str = include_str!("../../lua/lib/usage.lua");
const WRITE: &str = include_str!("../../lua/lib/write.lua");
const APPEND: &str = include_str!("../../lua/lib/append.lua");
const BRANCHES: &str = include_str!("../../lua/lib/branches.lua");
const CONVERSATION: &str = include_str!("../../lua/lib/conversation.lua");
const FILTER: &str = include_str!("../../lua/lib/filter.lua");
const LIST: &str = include_str!("../../lua/lib/list.lua");
const FORK: &str = include_str!("../../lua/lib/fork.lua");
const RECOVERY: &str = include_str!("../../lua/lib/recovery.lua");
const SHARE: &str = include_str!("../../lua/lib/share.lua");
const SHARE_PARTS: &str = include_str!("../../lua/lib/share_parts.lua");
const TRASH: &str = include_str!("../../lua/lib/trash.lua");
const SIGNATURE: &str = include_str!("../../lua/lib/signature.lua");
const STATISTICS: &str = include_str!("../../lua/lib/statistics.lua");

/// What scripts that only read are put behind.
const READING: [&str; 2] = [BASE, READ];
/// What scripts that write are put behind.
const WRITING: [&str; 7] = [
    BASE,
    WRITE_LOG,
    USAGE,
    WRITE,
    BRANCHES,
    SIGNATURE,
    CONVERSATION,
];

macro_rules! scripts {
    ($($name:ident = $kind:ident $file:literal $(with $($more:ident)+)?;)*) => {
        $(pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
            let mut parts = $kind.to_vec();
            let more: &[&str] = &[$($($more),+)?];
            parts.extend(more);
            Script::with_prelude(&parts.concat(), include_str!(concat!("../../lua/", $file)))
        });)*

        /// All scripts that act for a user, by name.
        #[cfg(test)]
        static ALL: &[(&str, &LazyLock<Script>)] = &[$(($file, &$name),)*];
    };
}

/// Concerns no user, so it is put behind nothing.
pub(super) static METRICS_ADD: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("../../lua/metrics_add.lua")));

scripts! {
    AGENT_SESSIONS_LIST = READING "agent_sessions_list.lua" with LIST;
    AGENT_SESSION_APPEND = WRITING "agent_session_append.lua" with APPEND;
    CHANGES_LIST = READING "changes_list.lua" with LIST;
    CODE_CREATE = WRITING "code_create.lua";
    CODE_REDEEM = WRITING "code_redeem.lua";
    CONVERSATIONS_EXPORT = READING "conversations_export.lua" with BRANCHES;
    CONVERSATIONS_FILTER = READING "conversations_filter.lua" with LIST FILTER;
    CONVERSATIONS_IMPORT = WRITING "conversations_import.lua";
    CONVERSATIONS_LIST = READING "conversations_list.lua" with LIST;
    CONVERSATION_DELETE = WRITING "conversation_delete.lua" with SHARE TRASH;
    CONVERSATION_FORK = WRITING "conversation_fork.lua" with FORK;
    CONVERSATION_PATCH = WRITING "conversation_patch.lua";
    CONVERSATION_READ = READING "conversation_read.lua" with BRANCHES;
    CONVERSATION_RENEW = WRITING "conversation_renew.lua";
    CONVERSATION_RESTORE = WRITING "conversation_restore.lua" with TRASH;
    CONVERSATION_SAVE = WRITING "conversation_save.lua";
    MESSAGES_APPEND = WRITING "messages_append.lua" with APPEND;
    MESSAGE_DELETE = WRITING "message_delete.lua";
    MESSAGE_PATCH = WRITING "message_patch.lua";
    MESSAGE_SAVE = WRITING "message_save.lua" with APPEND;
    READ_TOKEN_CREATE = WRITING "read_token_create.lua";
    READ_TOKEN_REVOKE = WRITING "read_token_revoke.lua";
    RECOVERY_CREATE = WRITING "recovery_create.lua" with RECOVERY;
    RECOVERY_REDEEM = WRITING "recovery_redeem.lua";
    RECOVERY_RENEW = WRITING "recovery_renew.lua" with RECOVERY;
    RECOVERY_REVOKE = WRITING "recovery_revoke.lua" with RECOVERY;
    SESSION_BEGIN = WRITING "session_begin.lua";
    SESSION_READ = READING "session_read.lua";
    SESSION_SET_CURRENT = WRITING "session_set_current.lua";
    SESSION_SIGN_OUT = WRITING "session_sign_out.lua";
    SHARES_CREATE = WRITING "shares_create.lua" with SHARE;
    SHARES_LIST = READING "shares_list.lua" with SHARE;
    SHARES_REVOKE = WRITING "shares_revoke.lua" with SHARE;
    SHARE_FORK = WRITING "share_fork.lua" with FORK SHARE_PARTS;
    SHARE_READ = READING "share_read.lua" with SHARE_PARTS;
    SIGNATURES_MATCH = READING "signatures_match.lua" with SIGNATURE FILTER;
    SIGNATURES_WRITE = WRITING "signatures_write.lua";
    STATISTICS_READ = READING "statistics_read.lua" with TRASH STATISTICS;
    STREAM_OPEN = WRITING "stream_open.lua";
    TEXTS_READ = READING "texts_read.lua" with BRANCHES;
    TRASH_CLAIM = WRITING "trash_claim.lua" with TRASH;
    TRASH_EMPTY = WRITING "trash_empty.lua" with TRASH;
    TRASH_LIST = READING "trash_list.lua" with TRASH;
    USER_CHECK = WRITING "user_check.lua";
    USER_CLAIM = WRITING "user_claim.lua" with SHARE;
    USER_ERASE = WRITING "user_erase.lua" with SHARE TRASH;
    USER_IDENTIFY = READING "user_identify.lua";
    USER_PURGE = WRITING "user_purge.lua" with SHARE TRASH;
    USER_SET_TTL = WRITING "user_set_ttl.lua" with TRASH STATISTICS;
}

#[cfg(test)]
mod tests;
