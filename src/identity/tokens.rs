//! Session tokens: a user id and an expiry, signed. Read tokens: a user id and the time of creation. Verifying either
//! costs no request; the first script of a call finds out whether it was revoked.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use thiserror::Error;
use uuid::Uuid;

use super::{UserId, code_of};
use crate::clock::Clock;
use crate::model::{RecoveryCode, limits};
use crate::secret::Secret;

/// The prefix of a token; another form would get another number.
const VERSION: &str = "cs1";
/// The prefix of a read token.
const READ_VERSION: &str = "csr1";

/// No token of ours is longer.
const LONGEST: usize = 256;

/// Why a token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Not issued by this service, or changed since.
    #[error("the token is not valid")]
    Invalid,
    /// Too old.
    #[error("the token has expired")]
    Expired,
    /// Unknown: the auth provider, whose keys are needed, cannot be reached.
    #[error("the auth provider's keys cannot be had: {0}")]
    Unavailable(&'static str),
}

/// An issued token.
#[derive(Debug)]
pub struct Token {
    /// What the client sends as `Authorization: Bearer <token>`.
    pub token: Secret,
    /// Until when it is valid, ms since the epoch.
    pub expires_at: i64,
}

/// The content of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The user it speaks for.
    pub user: UserId,
    /// When it was issued, ms since the epoch.
    pub issued_at: i64,
    /// What it permits.
    pub scope: Scope,
}

/// What a token permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Whatever its user may do.
    All,
    /// Reading, by the routes that say so.
    Read,
}

/// Issues and verifies tokens.
#[derive(Debug)]
pub struct Tokens {
    secrets: Vec<Secret>,
    ttl: Duration,
    clock: Clock,
}

impl Tokens {
    /// `secrets`: the first signs, all verify, so that one can be rotated out. At least one is needed.
    pub fn new(secrets: Vec<Secret>, ttl: Duration, clock: Clock) -> Self {
        Self {
            secrets,
            ttl,
            clock,
        }
    }

    /// Whether a token has the form of this service; any other is an auth provider's, or invalid.
    pub fn are_ours(token: &str) -> bool {
        let version = token.split_once('.').map(|(version, _)| version);
        version.is_some_and(|version| [VERSION, READ_VERSION].contains(&version))
    }

    /// Issues a token for `user`, valid from now on.
    pub fn issue(&self, user: &UserId) -> Token {
        self.issue_as_of(user, self.clock.now_ms())
    }

    /// Issues a token that counts as issued at `issued`, ms since the epoch: a sign-out everywhere since
    /// then voids it. It is valid as long as any other.
    pub fn issue_as_of(&self, user: &UserId, issued: i64) -> Token {
        let ttl = i64::try_from(self.ttl.as_millis()).unwrap_or(i64::MAX);
        let expires_at = self.clock.now_ms().saturating_add(ttl);
        Token {
            token: self.sign(VERSION, &format!("{user}.{issued}.{expires_at}")),
            expires_at,
        }
    }

    /// The token of `user` that only reads, made at `created`, ms since the epoch. It is good until another one is made, or it is
    /// revoked.
    pub fn read_token(&self, user: &UserId, created: i64) -> Secret {
        self.sign(READ_VERSION, &format!("{user}.{created}"))
    }

    fn sign(&self, version: &str, payload: &str) -> Secret {
        let signed = format!("{version}.{}", URL_SAFE_NO_PAD.encode(payload));
        let signature = self
            .secrets
            .first()
            .and_then(|secret| mac(secret, &signed))
            .map(|mac| URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
            .unwrap_or_default();
        Secret::new(format!("{signed}.{signature}"))
    }

    /// A name for something that must not be known itself, such as an address: the same for the same text,
    /// and of no use without the secret.
    pub fn pseudonym(&self, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(&self.keyed_hash("pseudonym", text)[..12])
    }

    /// The code for another device that the call of this name gives `user`: the same for a repeat of it, and of all others like
    /// a random one. `attempt` tells those apart of which one is chosen.
    pub fn device_code(&self, user: &UserId, call: &str, attempt: u32) -> String {
        let hash = self.keyed_hash("device code", &format!("{user}.{call}.{attempt}"));
        let mut bytes = [0; limits::CODE];
        bytes.copy_from_slice(&hash[..limits::CODE]);
        code_of(bytes)
    }

    /// The recovery code that the call of this name gives `user`: the same for a repeat of it, and of all others like a random
    /// one. `attempt` tells those apart of which one is chosen.
    pub fn recovery_code(&self, user: &UserId, call: &str, attempt: u32) -> RecoveryCode {
        let text = format!("{user}.{call}.{attempt}");
        let secret = self.secrets.first();
        let hash = secret.map_or([0; 32], |secret| keyed_hash(secret, "recovery", &text));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        RecoveryCode::new(bytes)
    }

    /// The names that a recovery code may be kept under: the first is the one for a new code, the others are those by secrets
    /// that are being rotated out.
    pub fn recovery_names(&self, code: &RecoveryCode) -> Vec<String> {
        let shown = code.expose();
        let hash = |secret| keyed_hash(secret, "recovery code", &shown);
        let names = self.secrets.iter().map(hash);
        names
            .map(|hash| URL_SAFE_NO_PAD.encode(&hash[..16]))
            .collect()
    }

    fn keyed_hash(&self, purpose: &str, text: &str) -> [u8; 32] {
        let secret = self.secrets.first();
        secret.map_or([0; 32], |secret| keyed_hash(secret, purpose, text))
    }

    /// The user a token speaks for, and since when.
    ///
    /// # Errors
    /// [`TokenError`]. The signature is compared in constant time, and before anything else is read.
    pub fn verify(&self, token: &str) -> Result<Verified, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::Invalid);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Invalid)?;
        let signature = decode(signature)?;
        let is_ours = |secret: &Secret| {
            mac(secret, signed).is_some_and(|mac| mac.verify_slice(&signature).is_ok())
        };
        if !self.secrets.iter().any(is_ours) {
            return Err(TokenError::Invalid);
        }
        self.read(signed)
    }

    /// Reads what was signed.
    fn read(&self, signed: &str) -> Result<Verified, TokenError> {
        let (version, payload) = signed.split_once('.').ok_or(TokenError::Invalid)?;
        let payload = String::from_utf8(decode(payload)?).map_err(|_| TokenError::Invalid)?;
        match version {
            VERSION => self.read_session_token(&payload),
            READ_VERSION => read_read_token(&payload),
            _ => Err(TokenError::Invalid),
        }
    }

    fn read_session_token(&self, payload: &str) -> Result<Verified, TokenError> {
        let mut parts = payload.split('.');
        let user = parts.next().and_then(|user| Uuid::parse_str(user).ok());
        let mut time = || parts.next().and_then(|time| time.parse::<i64>().ok());
        let (Some(user), Some(issued_at), Some(expires)) = (user, time(), time()) else {
            return Err(TokenError::Invalid);
        };
        if self.clock.now_ms() >= expires {
            return Err(TokenError::Expired);
        }
        Ok(Verified {
            user: UserId(user.to_string()),
            issued_at,
            scope: Scope::All,
        })
    }
}

/// Of an anonymous user, or of a user of an auth provider.
fn read_read_token(payload: &str) -> Result<Verified, TokenError> {
    let (user, created) = payload.split_once('.').ok_or(TokenError::Invalid)?;
    Ok(Verified {
        user: UserId::from_store(user).ok_or(TokenError::Invalid)?,
        issued_at: created.parse().map_err(|_| TokenError::Invalid)?,
        scope: Scope::Read,
    })
}

fn keyed_hash(secret: &Secret, purpose: &str, text: &str) -> [u8; 32] {
    let mac = mac(secret, &format!("{purpose}.{text}"));
    mac.map_or([0; 32], |mac| mac.finalize().into_bytes().into())
}

fn decode(text: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| TokenError::Invalid)
}

pub(super) fn mac(secret: &Secret, signed: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).ok()?;
    mac.update(signed.as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn tokens(secrets: &[&str]) -> (Tokens, Clock) {
        let clock = Clock::default();
        let secrets = secrets.iter().map(|secret| Secret::new(*secret)).collect();
        (Tokens::new(secrets, DAY, clock.clone()), clock)
    }

    #[test]
    fn speak_for_their_user_until_they_expire() {
        let (tokens, clock) = tokens(&["secret"]);
        let user = UserId::anonymous();
        let token = tokens.issue(&user);
        assert_eq!(
            tokens
                .verify(token.token.expose())
                .map(|verified| verified.user),
            Ok(user)
        );
        clock.advance(DAY);
        assert_eq!(
            tokens.verify(token.token.expose()),
            Err(TokenError::Expired)
        );
    }

    #[test]
    fn a_read_token_says_what_it_is_and_of_when() {
        let (tokens, clock) = tokens(&["secret"]);
        for user in [
            UserId::anonymous(),
            UserId::of_provider("issuer", "subject"),
        ] {
            let token = tokens.read_token(&user, 5);
            let expected = Verified {
                user,
                issued_at: 5,
                scope: Scope::Read,
            };
            clock.advance(1_000 * DAY);
            assert_eq!(tokens.verify(token.expose()), Ok(expected));
            assert!(Tokens::are_ours(token.expose()));
            // It cannot be turned into one that may write.
            let other = token.expose().replacen(READ_VERSION, VERSION, 1);
            assert_eq!(tokens.verify(&other), Err(TokenError::Invalid));
        }
    }

    #[test]
    fn survive_rotation_while_their_secret_is_listed() {
        let (old, _) = tokens(&["old"]);
        let token = old.issue(&UserId::anonymous()).token;
        assert!(tokens(&["new", "old"]).0.verify(token.expose()).is_ok());
        assert_eq!(
            tokens(&["new"]).0.verify(token.expose()),
            Err(TokenError::Invalid)
        );
        let rotated = tokens(&["new", "old"]).0.issue(&UserId::anonymous()).token;
        assert!(tokens(&["new"]).0.verify(rotated.expose()).is_ok());
    }

    proptest! {
        #[test]
        fn changed_in_any_place_are_refused(position in 0usize..200, byte in 33u8..127) {
            let (tokens, _) = tokens(&["secret"]);
            let token = tokens.issue(&UserId::anonymous()).token;
            let mut changed = token.expose().as_bytes().to_vec();
            let position = position % changed.len();
            prop_assume!(changed[position] != byte);
            changed[position] = byte;
            prop_assert!(tokens.verify(std::str::from_utf8(&changed).unwrap()).is_err());
        }

        #[test]
        fn anything_else_is_refused(text in ".*") {
            prop_assert!(tokens(&["secret"]).0.verify(&text).is_err());
        }
    }
}
