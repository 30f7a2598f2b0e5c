//! The identity of a user: anonymous, named by a random UUID, or, if one is configured, a user of an auth provider.

mod code;
mod jwks;
mod jwt;
mod key;
mod provider;
mod tokens;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use code::code_of;
pub use provider::{Provider, ProviderConfig, ProviderKeys, RETRY_AFTER_SECONDS};
pub use tokens::{Scope, Token, TokenError, Tokens, Verified};

/// A user whose identity was established: made here, or read from a verified token, and nowhere else.
/// Keys are built from it, so no request can name another user's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UserId(String);

/// The prefix of ids of a provider's users, which no UUID has.
const OF_PROVIDER: &str = "jwt-";

impl UserId {
    /// A new anonymous user.
    pub fn anonymous() -> Self {
        Self(Uuid::new_v4().to_string())
    }

    /// A user that the store names.
    pub(crate) fn from_store(id: &str) -> Option<Self> {
        let is_id = (1..=128).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        is_id.then(|| Self(id.to_owned()))
    }

    /// The user whom an auth provider calls `subject`. A hash, so that keys hold no personal data, and
    /// over the issuer too, so that users of two providers are never the same.
    fn of_provider(issuer: &str, subject: &str) -> Self {
        let hash = Sha256::new()
            .chain_update(issuer)
            .chain_update([0])
            .chain_update(subject)
            .finalize();
        Self(format!("{OF_PROVIDER}{}", URL_SAFE_NO_PAD.encode(hash)))
    }

    /// Whether an auth provider vouches for this user, and issues the user's tokens.
    pub fn is_of_provider(&self) -> bool {
        self.0.starts_with(OF_PROVIDER)
    }

    /// Whether the gradual rollout has reached this user: a stable hash decides, so that raising the
    /// percentage only ever adds users.
    pub fn is_in_rollout(&self, percent: u8) -> bool {
        let hash = Sha256::digest(self.0.as_bytes());
        u16::from_be_bytes([hash[0], hash[1]]) % 100 < u16::from(percent)
    }

    /// The id itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rollout_is_stable_and_only_grows() {
        let users: Vec<UserId> = (0..2_000).map(|_| UserId::anonymous()).collect();
        let share = |percent| {
            users
                .iter()
                .filter(|user| user.is_in_rollout(percent))
                .count()
        };
        assert_eq!((share(0), share(100)), (0, users.len()));
        assert!((300..700).contains(&share(25)), "{}", share(25));
        assert!(
            users
                .iter()
                .all(|user| !user.is_in_rollout(25) || user.is_in_rollout(26))
        );
    }
}
