//! Recovery codes: what brings an anonymous user back whose devices have all forgotten the user.

use super::devices::{CODE_TTL, MOST_TRIES};
use super::scripts::recovery::{RecoveryCreate, RecoveryRedeem, RecoveryRenew, RecoveryRevoke};
use super::{StoreError, UserStore};
use crate::identity::UserId;
use crate::model::Timestamp;
use crate::upstash::UpstashError;

impl UserStore<'_> {
    /// Keeps a recovery code of this user in the place of the one before; `code` is a pseudonym of it. Returns when that was.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_recovery_code(&self, code: &str) -> Result<Timestamp, StoreError> {
        let call = RecoveryCreate {
            owner: &self.caller.user,
            code,
        };
        Ok(self.write(call).await?.created)
    }

    /// Whose a recovery code is, for the caller's address: `codes` are the pseudonyms that it may be kept under, in the
    /// database of `name`. Wrong ones count among the wrong device codes.
    ///
    /// # Errors
    /// `WrongCode`; `TooManyCodes`; or the database failed.
    pub async fn redeem_recovery_code(
        &self,
        codes: &[String],
        name: &str,
    ) -> Result<UserId, StoreError> {
        let call = RecoveryRedeem {
            tries_ttl: CODE_TTL,
            max_tries: MOST_TRIES,
            codes,
            address: &self.caller.address,
        };
        let there = self.store.for_name(&self.caller, name);
        let reply = there.write(call).await?;
        Ok(UserId::from_store(&reply.user).ok_or(UpstashError::Malformed)?)
    }

    /// Revokes the user's recovery code. Where there is none, that is no error.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_recovery_code(&self) -> Result<(), StoreError> {
        self.write(RecoveryRevoke {}).await.map(drop)
    }

    /// Keeps the user's recovery code for as long as there is anything of the user.
    pub(super) async fn renew_recovery_code(&self) -> Result<(), StoreError> {
        self.write(RecoveryRenew {}).await.map(drop)
    }
}
