//! Several devices of one user, without an account.

use std::time::Duration;

use super::scripts::sessions::{
    CodeCreate, CodeRedeem, ReadTokenCreate, ReadTokenRevoke, SessionSignOut,
};
use super::{StoreError, UserStore};
use crate::identity::UserId;
use crate::upstash::UpstashError;

/// How long a code can be redeemed.
pub const CODE_TTL: Duration = Duration::from_secs(600);

/// Wrong codes that an address may try in that time.
pub(super) const MOST_TRIES: u32 = 5;

/// The user of a redeemed code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redeemed {
    /// The user.
    pub user: UserId,
    /// When the code was made, ms since the epoch.
    pub since: i64,
}

impl UserStore<'_> {
    /// Stores a code of this user; `code` is a pseudonym of it. False if another user has the same.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_code(&self, code: &str) -> Result<bool, StoreError> {
        let call = CodeCreate {
            owner: &self.caller.user,
            code_ttl: CODE_TTL,
            code,
        };
        Ok(self.write(call).await?.status == "ok")
    }

    /// Redeems a code, given by its pseudonym, for the caller's address. A repeat of the call succeeds although the
    /// code is used up.
    ///
    /// # Errors
    /// `WrongCode`; `TooManyCodes`; or the database failed.
    pub async fn redeem_code(&self, code: &str) -> Result<Redeemed, StoreError> {
        let call = CodeRedeem {
            code_ttl: CODE_TTL,
            max_tries: MOST_TRIES,
            code,
            address: &self.caller.address,
        };
        let there = self.store.for_name(&self.caller, code);
        let reply = there.write(call).await?;
        Ok(Redeemed {
            user: UserId::from_store(&reply.user).ok_or(UpstashError::Malformed)?,
            since: reply.created,
        })
    }

    /// Voids every token issued before now; returns when that was, ms since the epoch. `token_ttl`: how long one could
    /// have been valid.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sign_out_everywhere(&self, token_ttl: Duration) -> Result<i64, StoreError> {
        Ok(self.write(SessionSignOut { token_ttl }).await?.since)
    }

    /// Makes a read token valid, replacing the previous one; returns when that was, ms since the epoch.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create_read_token(&self) -> Result<i64, StoreError> {
        Ok(self.write(ReadTokenCreate {}).await?.created)
    }

    /// Revokes the read token. Without one, that is no error.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_read_token(&self) -> Result<(), StoreError> {
        self.write(ReadTokenRevoke {}).await.map(drop)
    }
}
