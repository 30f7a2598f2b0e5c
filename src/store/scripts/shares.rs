//! What the scripts take and return that work on shares.

use super::conversations::WrittenConversation;
use crate::model::{NewMessage, ShareId, Timestamp};
use crate::store::contract::{procedure, reply};
use crate::store::reply::{Messages, Outcome};

reply! {
    /// A share as the user who made it sees it.
    OwnShare {
        id: String,
        conversation: String,
        created: Timestamp,
        expires: Timestamp,
        message_count: u64,
        title: String,
    }
}

procedure! {
    /// Makes a snapshot of a conversation.
    SharesCreate<'a> -> CreatedShare {
        expires: Timestamp,
        max_bytes: usize,
        secret: &'a str,
        share_prefix: String,
    }
    keys |_, keys| keys.share_slots()
}

reply! {
    /// See [`SharesCreate`].
    CreatedShare {
        _status: Outcome,
        share: OwnShare,
    }
}

procedure! {
    /// The user's shares, the oldest first.
    SharesList -> ListedShares {}
}

reply! {
    /// See [`SharesList`].
    ListedShares {
        shares: Vec<OwnShare>,
    }
}

procedure! {
    /// Revokes a share.
    SharesRevoke<'a> -> Outcome {
        share: &'a ShareId,
    }
    keys |call, keys| vec![keys.share(call.share)]
}

procedure! {
    /// One part of a share's messages or several, for any caller that knows its id.
    ShareRead<'a> -> SharePart {
        part: u64,
        secret: &'a str,
        max_bytes: usize,
    }
    with { share: &'a ShareId, }
    keys |call, keys| vec![keys.share(call.share)]
}

reply! {
    /// See [`ShareRead`].
    SharePart {
        _status: Outcome,
        created: Timestamp,
        expires: Timestamp,
        message_count: u64,
        title: String,
        next: Option<u64>,
        messages: Messages,
    }
}

procedure! {
    /// Makes a new conversation of a share's messages.
    ShareFork<'a> -> WrittenConversation {
        share: &'a ShareId,
        secret: &'a str,
        place: &'a str,
        record: &'a str,
        save_digest: &'a str,
        title: &'a str,
        later_messages: usize,
        later_bytes: usize,
        messages: &'a [NewMessage],
    }
    with { is_here: bool, }
    keys |call, keys| call.is_here.then(|| keys.share(call.share)).into_iter().collect()
}
