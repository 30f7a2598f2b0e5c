//! Several devices of one user, without an account.

use std::time::Duration;

use super::{Call, StoreError, UserStore, scripts};
use crate::identity::UserId;
use crate::upstash::UpstashError;

/// How long a code can be redeemed.
pub const CODE_LIFE: Duration = Duration::from_secs(600);

/// Wrong codes that an address may try in that time.
const MOST_TRIES: u32 = 5;

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
        let call = Call {
            more_keys: vec![self.keys.link(code)],
            arguments: vec![self.caller.user.to_string().into(), code_life().into()],
            ..Call::default()
        };
        let mut reply = self.write(&scripts::CODE_CREATE, call).await?;
        Ok(reply.text()? == "ok")
    }

    /// Redeems a code, a pseudonym of it, for the caller's address. Repeating the call does not meet a code that is
    /// used up.
    ///
    /// # Errors
    /// `WrongCode`; `TooManyCodes`; or the database failed.
    pub async fn redeem_code(&self, code: &str) -> Result<Redeemed, StoreError> {
        let tries = self.keys.link_tries(&self.caller.address);
        let call = Call {
            more_keys: vec![self.keys.link(code), tries],
            arguments: vec![code_life().into(), MOST_TRIES.to_string().into()],
            ..Call::default()
        };
        let there = self.store.for_name(&self.caller, code);
        let mut reply = there.write(&scripts::CODE_REDEEM, call).await?;
        reply.outcome()?;
        Ok(Redeemed {
            user: UserId::from_store(&reply.text()?).ok_or(UpstashError::Malformed)?,
            since: reply.number()?,
        })
    }

    /// Voids every token issued before now; returns when that was, ms since the epoch. `token_life`: how long one could
    /// have been valid.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sign_out_everywhere(&self, token_life: Duration) -> Result<i64, StoreError> {
        let call = Call {
            arguments: vec![token_life.as_millis().to_string().into()],
            ..Call::default()
        };
        let mut reply = self.write(&scripts::SESSION_SIGN_OUT, call).await?;
        reply.outcome()?;
        reply.number()
    }
}

fn code_life() -> String {
    CODE_LIFE.as_millis().to_string()
}
