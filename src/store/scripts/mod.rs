//! The stored procedures. Each file under `src/lua/` says what it takes, returns, costs and touches.

pub(super) mod agent_sessions;
pub(super) mod conversations;
pub(super) mod import;
pub(super) mod messages;
pub(super) mod metrics;
pub(super) mod recovery;
pub(super) mod search;
pub(super) mod sessions;
pub(super) mod shares;
pub(super) mod trash;
pub(super) mod users;

use std::sync::LazyLock;

use crate::store::contract::Scripted;
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
const TRIES: &str = include_str!("../../lua/lib/tries.lua");
const TRASH: &str = include_str!("../../lua/lib/trash.lua");
const SIGNATURE: &str = include_str!("../../lua/lib/signature.lua");
const STATISTICS: &str = include_str!("../../lua/lib/statistics.lua");

/// The prelude of scripts that only read.
const READING: [&str; 2] = [BASE, READ];
/// The prelude of scripts that write.
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
    ($($procedure:ty = $kind:ident $file:literal $(with $($more:ident)+)?;)*) => {
        $(impl Scripted for $procedure {
            fn script() -> &'static Script {
                static SCRIPT: LazyLock<Script> = LazyLock::new(|| {
                    let mut parts = $kind.to_vec();
                    let more: &[&str] = &[$($($more),+)?];
                    parts.extend(more);
                    Script::with_prelude(&parts.concat(), include_str!(concat!("../../lua/", $file)))
                });
                &SCRIPT
            }
        })*

        /// All scripts that act for a user, by name.
        #[cfg(test)]
        static ALL: &[(&str, fn() -> &'static Script)] =
            &[$(($file, <$procedure as Scripted>::script),)*];

        /// Holds each of them against its header.
        #[cfg(test)]
        fn check_all() {
            $(tests::check::<$procedure>($file);)*
        }
    };
}

/// Concerns no user, so it has no prelude.
pub(super) static METRICS_ADD: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("../../lua/metrics_add.lua")));

scripts! {
    agent_sessions::AgentSessionsList<'_> = READING "agent_sessions_list.lua" with LIST;
    agent_sessions::AgentSessionAppend<'_> = WRITING "agent_session_append.lua" with APPEND;
    users::ChangesList<'_> = READING "changes_list.lua" with LIST;
    sessions::CodeCreate<'_> = WRITING "code_create.lua";
    sessions::CodeRedeem<'_> = WRITING "code_redeem.lua" with TRIES;
    conversations::ConversationsExport<'_> = READING "conversations_export.lua" with BRANCHES;
    conversations::ConversationsFilter<'_> = READING "conversations_filter.lua" with LIST FILTER;
    import::ConversationsImport<'_> = WRITING "conversations_import.lua";
    conversations::ConversationsList<'_> = READING "conversations_list.lua" with LIST;
    conversations::ConversationDelete = WRITING "conversation_delete.lua" with SHARE TRASH;
    conversations::ConversationFork<'_> = WRITING "conversation_fork.lua" with FORK;
    conversations::ConversationPatch<'_> = WRITING "conversation_patch.lua";
    messages::ConversationRead<'_> = READING "conversation_read.lua" with BRANCHES;
    conversations::ConversationRenew = WRITING "conversation_renew.lua";
    trash::ConversationRestore = WRITING "conversation_restore.lua" with TRASH;
    conversations::ConversationSave<'_> = WRITING "conversation_save.lua";
    messages::MessagesAppend<'_> = WRITING "messages_append.lua" with APPEND;
    messages::MessageDelete<'_> = WRITING "message_delete.lua";
    messages::MessagePatch<'_> = WRITING "message_patch.lua";
    messages::MessageSave<'_> = WRITING "message_save.lua" with APPEND;
    sessions::ReadTokenCreate = WRITING "read_token_create.lua";
    sessions::ReadTokenRevoke = WRITING "read_token_revoke.lua";
    recovery::RecoveryCreate<'_> = WRITING "recovery_create.lua" with RECOVERY;
    recovery::RecoveryRedeem<'_> = WRITING "recovery_redeem.lua" with TRIES;
    recovery::RecoveryRenew = WRITING "recovery_renew.lua" with RECOVERY;
    recovery::RecoveryRevoke = WRITING "recovery_revoke.lua" with RECOVERY;
    sessions::SessionBegin = WRITING "session_begin.lua";
    sessions::SessionRead = READING "session_read.lua";
    sessions::SessionSetCurrent<'_> = WRITING "session_set_current.lua";
    sessions::SessionSignOut = WRITING "session_sign_out.lua";
    shares::SharesCreate<'_> = WRITING "shares_create.lua" with SHARE;
    shares::SharesList = READING "shares_list.lua" with SHARE;
    shares::SharesRevoke<'_> = WRITING "shares_revoke.lua" with SHARE;
    shares::ShareFork<'_> = WRITING "share_fork.lua" with FORK SHARE_PARTS;
    shares::ShareRead<'_> = READING "share_read.lua" with SHARE_PARTS;
    search::SignaturesMatch<'_> = READING "signatures_match.lua" with SIGNATURE FILTER;
    search::SignaturesWrite<'_> = WRITING "signatures_write.lua";
    users::StatisticsRead = READING "statistics_read.lua" with TRASH STATISTICS;
    sessions::StreamOpen = WRITING "stream_open.lua";
    search::TextsRead<'_> = READING "texts_read.lua" with BRANCHES;
    trash::TrashClaim = WRITING "trash_claim.lua" with TRASH;
    trash::TrashEmpty<'_> = WRITING "trash_empty.lua" with TRASH;
    trash::TrashList<'_> = READING "trash_list.lua" with TRASH;
    users::UserCheck = WRITING "user_check.lua";
    users::UserClaim = WRITING "user_claim.lua" with SHARE;
    users::UserErase<'_> = WRITING "user_erase.lua" with SHARE TRASH;
    users::UserIdentify = READING "user_identify.lua";
    users::UserPurge<'_> = WRITING "user_purge.lua" with SHARE TRASH;
    users::UserSetTtl = WRITING "user_set_ttl.lua" with TRASH STATISTICS;
}

#[cfg(test)]
mod tests;
