//! Arguments and replies of the scripts that work on a user as a whole.

use std::time::Duration;

use super::conversations::ListedConversation;
use crate::model::ConversationId;
use crate::store::Cursor;
use crate::store::contract::{Argument, Words, procedure, reply};
use crate::store::reply::{CountedList, Outcome};

procedure! {
    /// Counts the call, and nothing else.
    UserCheck -> Outcome {}
}

procedure! {
    /// Refuses a token that was signed out, and nothing else.
    UserIdentify -> Outcome {}
}

procedure! {
    /// The user's statistics.
    StatisticsRead -> StoredStatistics {}
}

procedure! {
    /// Sets how long the user's conversations live; zero means no expiry.
    UserSetTtl -> StoredStatistics {
        wanted_ttl: Duration,
    }
}

reply! {
    /// See [`StatisticsRead`].
    StoredStatistics {
        conversations: u64,
        messages: u64,
        tokens: u64,
        bytes: u64,
        largest: u64,
        lifetime_conversations: u64,
        lifetime_messages: u64,
        lifetime_tokens: u64,
        activity: String,
        models: String,
        is_recount_due: bool,
        conversation_ttl: u64,
        expiring_soon: u64,
        trashed: u64,
        trashed_bytes: u64,
        recovery_created: Option<u64>,
        read_token_created: Option<u64>,
    }
}

procedure! {
    /// What has changed since a point of the change sequence, or everything, page by page.
    ChangesList<'a> -> ChangesPage {
        limit: usize,
        mode: &'a str,
        since: Option<i64>,
        after: Option<&'a Cursor>,
    }
}

reply! {
    /// See [`ChangesList`].
    ChangesPage {
        change_sequence: i64,
        is_purge_due: bool,
        reset: bool,
        has_more: bool,
        mode: String,
        since: i64,
        next: Option<Cursor>,
        deleted: CountedList,
        conversations: Vec<ListedConversation>,
    }
}

procedure! {
    /// One step of an erasure.
    UserErase<'a> -> ErasureStep {
        max_named: usize,
        share_prefix: String,
        last_keys: usize,
        may_wait: bool,
        ids: &'a [ConversationId],
    }
    with { last: Vec<String>, }
    keys |call, keys| [call.last.clone(), keys.of_conversations(call.ids)].concat()
}

reply! {
    /// See [`UserErase`].
    ErasureStep {
        remaining: u64,
        wait: u64,
        ids: Vec<String>,
    }
}

procedure! {
    /// One step of clearing away what has expired.
    UserPurge<'a> -> PurgeStep {
        max_named: usize,
        ids: &'a [ConversationId],
    }
    keys |call, keys| keys.of_conversations(call.ids)
}

reply! {
    /// See [`UserPurge`].
    PurgeStep {
        _status: Outcome,
        ids: Vec<String>,
    }
}

/// A conversation that a claim moves.
pub(in crate::store) struct Move {
    pub(in crate::store) id: ConversationId,
    /// Where it goes if its id is taken there.
    pub(in crate::store) other_id: ConversationId,
}

impl Argument for Move {
    const WIDTH: usize = 2;

    fn push_to<'a>(&'a self, words: &mut Words<'a>) {
        self.id.push_to(words);
        self.other_id.push_to(words);
    }

    #[cfg(test)]
    fn names(_: &str) -> Vec<String> {
        vec!["id".to_owned(), "other_id".to_owned()]
    }
}

procedure! {
    /// One step of moving everything of an anonymous user, the source, into an account.
    UserClaim -> ClaimStep {
        claimer: String,
        issued_at: i64,
        token_ttl: Duration,
        max_named: usize,
        share_prefix: String,
        max_shares: usize,
        moves: Vec<Move>,
    }
    with { source_keys: Vec<String>, }
    keys |call, _| call.source_keys.clone()
}

reply! {
    /// See [`UserClaim`].
    ClaimStep {
        remaining: u64,
        moved: u64,
        is_trash: bool,
        ids: Vec<String>,
    }
}
