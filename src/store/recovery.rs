//! Recovery codes, by which an anonymous user returns after all devices have lost the session.

use super::devices::{CODE_TTL, MOST_TRIES};
use super::scripts::recovery::{RecoveryCreate, RecoveryRedeem, RecoveryRenew, RecoveryRevoke};
use super::{StoreError, UserStore};
use crate::identity::UserId;
use crate::model::Timestamp;
use crate::upstash::UpstashError;

impl UserStore<'_> {
    /// Stores a recovery code of this user, replacing the previous one; `code` is a pseudonym of it. Returns when that was.
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

    /// The user of a recovery code, for the caller's address: `codes` are the pseudonyms that it may be stored under,
    /// in the database of `name`. Wrong ones count among the wrong device codes.
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

    /// Revokes the user's recovery code. Without one, that is no error.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_recovery_code(&self) -> Result<(), StoreError> {
        self.write(RecoveryRevoke {}).await.map(drop)
    }

    /// Extends the user's recovery code to the expiry of the user's data.
    pub(super) async fn renew_recovery_code(&self) -> Result<(), StoreError> {
        self.write(RecoveryRenew {}).await.map(drop)
    }
}
