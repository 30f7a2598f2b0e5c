//! Several devices of one user: the plan's multi-device promise without accounts.

use std::time::Duration;

use super::{Call, StoreError, UserStore, scripts};
use crate::identity::UserId;
use crate::upstash::UpstashError;

/// How long a code can be redeemed.
pub const CODE_LIFE: Duration = Duration::from_secs(600);

/// Wrong codes that an address may try in that time.
const MOST_TRIES: u32 = 5;

/// What became of a code that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// It was this user's.
    As {
        /// The user.
        user: UserId,
        /// When the code was made, ms since the epoch.
        since: i64,
    },
    /// It is nobody's, was redeemed before, or is too old.
    Wrong,
    /// Too many wrong ones came from this address.
    Blocked,
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
        let mut answer = self.call(&scripts::LINK, call).await?;
        Ok(answer.text()? == "ok")
    }

    /// Redeems a code for `address`; both are pseudonyms. `attempt` names this try, so that repeating it
    /// does not meet a code that is used up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn redeem_code(
        &self,
        code: &str,
        address: &str,
        attempt: &str,
    ) -> Result<Redeemed, StoreError> {
        let call = Call {
            more_keys: vec![self.keys.link(code), self.keys.link_tries(address)],
            arguments: vec![
                attempt.into(),
                code_life().into(),
                MOST_TRIES.to_string().into(),
            ],
            ..Call::default()
        };
        let there = self.store.of_name(&self.caller, code);
        let mut answer = there.call(&scripts::REDEEM, call).await?;
        match answer.text()?.as_str() {
            "ok" => Ok(Redeemed::As {
                user: UserId::from_store(&answer.text()?).ok_or(UpstashError::Malformed)?,
                since: answer.number()?,
            }),
            "wrong" => Ok(Redeemed::Wrong),
            "blocked" => Ok(Redeemed::Blocked),
            _ => Err(UpstashError::Malformed.into()),
        }
    }

    /// Voids every token issued before now. `token_life`: how long one could have been valid.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sign_out_everywhere(&self, token_life: Duration) -> Result<(), StoreError> {
        let call = Call {
            arguments: vec![token_life.as_millis().to_string().into()],
            ..Call::default()
        };
        self.call(&scripts::SIGN_OUT, call)
            .await?
            .outcome()
            .map(|_| ())
    }
}

fn code_life() -> String {
    CODE_LIFE.as_millis().to_string()
}
