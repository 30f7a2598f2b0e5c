//! What the scripts take and return that work on recovery codes.

use std::time::Duration;

use super::sessions::RedeemedCode;
use crate::identity::UserId;
use crate::model::Timestamp;
use crate::store::contract::{procedure, reply};
use crate::store::reply::Outcome;

procedure! {
    /// Keeps a recovery code of the user.
    RecoveryCreate<'a> -> CreatedRecovery {
        owner: &'a UserId,
    }
    with { code: &'a str, }
    keys |call, keys| vec![keys.recovery(call.code)]
}

reply! {
    /// See [`RecoveryCreate`].
    CreatedRecovery {
        _status: Outcome,
        created: Timestamp,
    }
}

procedure! {
    /// Tells whose a recovery code is.
    RecoveryRedeem<'a> -> RedeemedCode {
        tries_ttl: Duration,
        max_tries: u32,
    }
    with { codes: &'a [String], address: &'a str, }
    keys |call, keys| {
        let codes = call.codes.iter().map(|code| keys.recovery(code));
        [keys.link_tries(call.address)].into_iter().chain(codes).collect()
    }
}

procedure! {
    /// Keeps the user's recovery code for as long as the user's other keys.
    RecoveryRenew -> Outcome {}
}

procedure! {
    /// Revokes the user's recovery code.
    RecoveryRevoke -> Outcome {}
}
