//! Session tokens: a user id and an expiry, signed. Verifying one costs no request.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use thiserror::Error;
use uuid::Uuid;

use super::{RecoveryCode, UserId, code_of};
use crate::clock::Clock;
use crate::model::{ObjectWriter, Timestamp, limits};
use crate::secret::Secret;

/// What a token begins with; another form would get another number.
const VERSION: &str = "cs1";

/// No token of ours is longer.
const LONGEST: usize = 256;

/// Why a token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Not made by us, or changed since.
    #[error("the token is not valid")]
    Invalid,
    /// Too old.
    #[error("the token has expired")]
    Expired,
    /// Not known: the auth provider, whose keys are needed to tell, cannot be asked.
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

impl Token {
    /// Adds the token and its expiry to what a response says.
    #[must_use]
    pub fn write_to(&self, json: ObjectWriter) -> ObjectWriter {
        json.string("token", self.token.expose())
            .display("expiresAt", Timestamp::from_ms(self.expires_at))
    }

    /// The token as clients know it.
    pub fn to_json(&self) -> String {
        self.write_to(ObjectWriter::with_capacity(400)).finish()
    }
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The user it speaks for.
    pub user: UserId,
    /// When it was issued, ms since the epoch.
    pub issued_at: i64,
}

/// Issues and verifies tokens.
#[derive(Debug)]
pub struct Tokens {
    secrets: Vec<Secret>,
    life: Duration,
    clock: Clock,
}

impl Tokens {
    /// `secrets`: the first signs, all verify, so that one can be rotated out. At least one is needed.
    pub fn new(secrets: Vec<Secret>, life: Duration, clock: Clock) -> Self {
        Self {
            secrets,
            life,
            clock,
        }
    }

    /// Whether a token has the form of ours: any other is an auth provider's, or nobody's.
    pub fn are_ours(token: &str) -> bool {
        token
            .strip_prefix(VERSION)
            .is_some_and(|rest| rest.starts_with('.'))
    }

    /// Issues a token for `user`, valid from now on.
    pub fn issue(&self, user: &UserId) -> Token {
        self.issue_as_of(user, self.clock.now_ms())
    }

    /// Issues a token that counts as issued at `issued`, ms since the epoch: a sign-out everywhere since
    /// then voids it. It is valid as long as any other.
    pub fn issue_as_of(&self, user: &UserId, issued: i64) -> Token {
        let life = i64::try_from(self.life.as_millis()).unwrap_or(i64::MAX);
        let expires_at = self.clock.now_ms().saturating_add(life);
        let payload = URL_SAFE_NO_PAD.encode(format!("{user}.{issued}.{expires_at}"));
        let signed = format!("{VERSION}.{payload}");
        let signature = self
            .secrets
            .first()
            .and_then(|secret| mac(secret, &signed))
            .map(|mac| URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
            .unwrap_or_default();
        Token {
            token: Secret::new(format!("{signed}.{signature}")),
            expires_at,
        }
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
        let payload = signed
            .strip_prefix(VERSION)
            .and_then(|rest| rest.strip_prefix('.'))
            .ok_or(TokenError::Invalid)?;
        let payload = String::from_utf8(decode(payload)?).map_err(|_| TokenError::Invalid)?;
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
        })
    }
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
