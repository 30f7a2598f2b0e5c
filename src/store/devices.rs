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

/// Whose a code was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redeemed {
    /// The user.
    pub user: UserId,
    /// When the code was made, ms since the epoch.
    pub since: i64,
}

impl UserStore<'_> {
    /// Keeps a code of this user; `code` is a pseudonym of it. False where somebody else has the same.
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

    /// Redeems a code, a pseudonym of it, for the caller's address. Repeating the call does not meet a code that is
    /// used up.
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

    /// Makes a token good that only reads, in the place of the one before; returns when that was, ms since the epoch.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create_read_token(&self) -> Result<i64, StoreError> {
        Ok(self.write(ReadTokenCreate {}).await?.created)
    }

    /// Revokes the token that only reads. Where there is none, that is no error.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_read_token(&self) -> Result<(), StoreError> {
        self.write(ReadTokenRevoke {}).await.map(drop)
    }
}
