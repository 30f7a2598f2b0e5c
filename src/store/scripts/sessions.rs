//! What the scripts take and return that work on sessions, device codes and streams.

use std::time::Duration;

use crate::identity::UserId;
use crate::model::{ConversationId, Timestamp};
use crate::store::contract::{Argument, Words, procedure, reply};
use crate::store::reply::Outcome;

procedure! {
    /// The user's session.
    SessionRead -> StoredSession {
        session_ttl: Duration,
    }
    keys |_, keys| vec![keys.current_conversation(), keys.session()]
}

reply! {
    /// See [`SessionRead`]; a session that has ended has no times.
    StoredSession {
        created: String,
        last_seen: String,
        current: Option<String>,
        is_renewal_due: bool,
    }
}

procedure! {
    /// Begins the session of a new user, for whom `max_users` is the limit of the address, or renews one.
    SessionBegin -> BegunSession {
        session_ttl: Duration,
        max_users: Option<u64>,
    }
    with { address_day: Option<String>, }
    keys |call, keys| {
        let own = [keys.current_conversation(), keys.session()];
        own.into_iter().chain(call.address_day.clone()).collect()
    }
}

reply! {
    /// See [`SessionBegin`].
    BegunSession {
        created: Timestamp,
        last_seen: Timestamp,
    }
}

procedure! {
    /// Sets the current conversation, or clears it.
    SessionSetCurrent<'a> -> Outcome {
        session_ttl: Duration,
        wanted: Option<&'a ConversationId>,
    }
    keys |_, keys| vec![keys.current_conversation()]
}

procedure! {
    /// Voids every token issued before now.
    SessionSignOut -> SignedOut {
        token_ttl: Duration,
    }
}

reply! {
    /// See [`SessionSignOut`].
    SignedOut {
        _status: Outcome,
        since: i64,
    }
}

procedure! {
    /// Makes a token good that only reads, in the place of the one before.
    ReadTokenCreate -> CreatedReadToken {}
}

reply! {
    /// See [`ReadTokenCreate`].
    CreatedReadToken {
        _status: Outcome,
        created: i64,
    }
}

procedure! {
    /// Revokes the token that only reads.
    ReadTokenRevoke -> Outcome {}
}

procedure! {
    /// Keeps a device code of the user.
    CodeCreate<'a> -> CreatedCode {
        owner: &'a UserId,
        code_ttl: Duration,
    }
    with { code: &'a str, }
    keys |call, keys| vec![keys.link(call.code)]
}

reply! {
    /// See [`CodeCreate`].
    CreatedCode {
        status: String,
    }
}

procedure! {
    /// Redeems a device code.
    CodeRedeem<'a> -> RedeemedCode {
        code_ttl: Duration,
        max_tries: u32,
    }
    with { code: &'a str, address: &'a str, }
    keys |call, keys| vec![keys.link(call.code), keys.link_tries(call.address)]
}

reply! {
    /// The user of a code.
    RedeemedCode {
        _status: Outcome,
        user: String,
        created: i64,
    }
}

/// A place that a stream has taken up among those of its user, ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct StreamSlot {
    pub(in crate::store) number: u64,
    /// Until when it is taken, ms.
    pub(in crate::store) expires_at: i64,
}

impl Argument for StreamSlot {
    const WIDTH: usize = 2;

    fn push_to<'a>(&'a self, words: &mut Words<'a>) {
        self.number.push_to(words);
        self.expires_at.push_to(words);
    }

    #[cfg(test)]
    fn names(_: &str) -> Vec<String> {
        vec!["slot".to_owned(), "expires_at".to_owned()]
    }
}

procedure! {
    /// Registers a stream of changes.
    StreamOpen -> OpenedStream {
        expires_at: i64,
        notices_until: i64,
        max_streams: u64,
        closed: Vec<StreamSlot>,
    }
}

reply! {
    /// See [`StreamOpen`].
    OpenedStream {
        _status: Outcome,
        slot: u64,
    }
}
