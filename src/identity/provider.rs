//! Users of an auth provider, by the JWTs it issues for them.

use super::jwks::{Jwks, PAUSE_AFTER_FAILURE};
use super::jwt::{Claims, Unverified};
use super::key::Key;
use super::{TokenError, UserId};
use crate::clock::Clock;
use crate::secret::Secret;

/// How far the provider's clock may be off, in seconds.
const LEEWAY: f64 = 30.0;
/// The longest subject, in bytes.
const LONGEST_SUBJECT: usize = 512;

/// After how many seconds to retry if the provider cannot be reached.
pub const RETRY_AFTER_SECONDS: i64 = PAUSE_AFTER_FAILURE / 1_000;

/// An auth provider whose tokens are accepted as well.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    /// What its tokens are signed with.
    pub keys: ProviderKeys,
    /// `AUTH_JWT_ISSUER`: the required issuer of a token; `None` for any.
    pub issuer: Option<String>,
    /// `AUTH_JWT_AUDIENCE`: the required audience of a token; `None` for any.
    pub audience: Option<String>,
}

/// What a provider's tokens are signed with.
#[derive(Clone, Debug)]
pub enum ProviderKeys {
    /// `AUTH_JWT_SECRET`: a shared secret, HS256.
    Secret(Secret),
    /// `AUTH_JWKS_URL`: the keys published there, RS256 and ES256.
    Url(String),
}

/// Verifies a provider's tokens.
#[derive(Debug)]
pub struct Provider {
    keys: Keys,
    issuer: Option<String>,
    audience: Option<String>,
    clock: Clock,
}

#[derive(Debug)]
enum Keys {
    One(Key),
    Set(Jwks),
}

impl Provider {
    /// Sends no request yet.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(config: &ProviderConfig, clock: Clock) -> Result<Self, rustls::Error> {
        let keys = match &config.keys {
            ProviderKeys::Secret(secret) => Keys::One(Key::Shared(secret.clone())),
            ProviderKeys::Url(url) => Keys::Set(Jwks::new(url.clone(), clock.clone())?),
        };
        Ok(Self {
            keys,
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            clock,
        })
    }

    /// The user a token speaks for. Fetches the provider's keys if they are not cached.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn verify(&self, token: &str) -> Result<UserId, TokenError> {
        let token = Unverified::parse(token)?;
        let claims = match &self.keys {
            Keys::One(key) => token.verify(key)?,
            Keys::Set(set) => {
                let id = token.key_id().ok_or(TokenError::Invalid)?;
                if !["RS256", "ES256"].contains(&token.algorithm()) {
                    return Err(TokenError::Invalid);
                }
                let key = set.find(id, token.algorithm()).await?;
                token.verify(&key.ok_or(TokenError::Invalid)?)?
            }
        };
        self.validate(&claims)
    }

    /// Validates the claims of a genuine token.
    fn validate(&self, claims: &Claims) -> Result<UserId, TokenError> {
        let issuer = claims.issuer.as_deref().unwrap_or_default();
        let is_ours = self.issuer.as_deref().is_none_or(|ours| ours == issuer)
            && self
                .audience
                .as_deref()
                .is_none_or(|ours| claims.is_for(ours));
        // Exact for some 285,000 years.
        let now = self.clock.now_ms() as f64 / 1_000.0;
        let has_begun = claims.not_before.is_none_or(|begin| begin <= now + LEEWAY);
        let is_named = (1..=LONGEST_SUBJECT).contains(&claims.subject.len());
        // Without a NUL in it, the boundary between issuer and subject is unambiguous.
        if !is_ours || !has_begun || !is_named || issuer.contains('\0') {
            return Err(TokenError::Invalid);
        }
        if claims.expires + LEEWAY <= now {
            return Err(TokenError::Expired);
        }
        Ok(UserId::of_provider(issuer, &claims.subject))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::tokens::mac;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use hmac::Mac;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn provider(issuer: Option<&str>, audience: Option<&str>) -> Provider {
        let config = ProviderConfig {
            keys: ProviderKeys::Secret(Secret::new("secret")),
            issuer: issuer.map(str::to_owned),
            audience: audience.map(str::to_owned),
        };
        Provider::new(&config, Clock::default()).unwrap()
    }

    fn sign(header: &str, claims: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let signed = format!("{}.{}", part(header), part(claims));
        let mac = mac(&Secret::new("secret"), &signed).unwrap().finalize();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.into_bytes()))
    }

    /// Verifies a genuine token with these claims, which is otherwise valid.
    fn verify(provider: &Provider, claims: Value) -> Result<UserId, TokenError> {
        let now = provider.clock.now_ms() / 1_000;
        let mut all = json!({ "sub": "s", "exp": now + 60 });
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        ask(provider, &sign(r#"{"alg":"HS256"}"#, &all.to_string()))
    }

    fn ask(provider: &Provider, token: &str) -> Result<UserId, TokenError> {
        futures_util::FutureExt::now_or_never(provider.verify(token)).unwrap()
    }

    #[test]
    fn times_have_a_small_leeway() {
        let provider = provider(None, None);
        let now = provider.clock.now_ms() / 1_000;
        assert!(verify(&provider, json!({ "exp": now - 20, "nbf": now + 20 })).is_ok());
        assert!(verify(&provider, json!({ "exp": now as f64 + 0.5 })).is_ok());
        assert_eq!(
            verify(&provider, json!({ "exp": now - 31 })),
            Err(TokenError::Expired)
        );
        for claims in [
            json!({ "nbf": now + 40 }),
            json!({ "exp": null }),
            json!({ "exp": "never" }),
            json!({ "nbf": "now" }),
        ] {
            assert_eq!(verify(&provider, claims), Err(TokenError::Invalid));
        }
    }

    #[test]
    fn issuer_and_audience_count_where_they_are_configured() {
        let open = provider(None, None);
        assert!(verify(&open, json!({ "iss": "x", "aud": ["y"] })).is_ok());
        let strict = provider(Some("i"), Some("a"));
        assert!(verify(&strict, json!({ "iss": "i", "aud": "a" })).is_ok());
        assert!(verify(&strict, json!({ "iss": "i", "aud": ["b", "a"] })).is_ok());
        for claims in [
            json!({}),
            json!({ "iss": "i" }),
            json!({ "aud": "a" }),
            json!({ "iss": "i/", "aud": "a" }),
            json!({ "iss": "i", "aud": "ab" }),
            json!({ "iss": "i", "aud": [] }),
            json!({ "iss": "i", "aud": ["a", 1] }),
        ] {
            assert_eq!(verify(&strict, claims), Err(TokenError::Invalid));
        }
    }

    #[test]
    fn a_user_is_an_issuers_subject() {
        let provider = provider(None, None);
        let user = |iss: &str, sub: &str| verify(&provider, json!({ "iss": iss, "sub": sub }));
        assert_eq!(user("i", "s"), user("i", "s"));
        assert_ne!(user("i", "s"), user("j", "s"));
        assert_ne!(user("i", "s"), user("i", "t"));
        assert_ne!(user("i", "\0s"), user("i\0", "s"));
        assert!(user("i", &"s".repeat(512)).is_ok());
        assert!(user("i", "s").unwrap().is_of_provider());
        assert_eq!(user("i", "s").unwrap().as_str().len(), 4 + 43);
        for sub in [json!(""), json!("s".repeat(513)), json!(5), json!(null)] {
            assert_eq!(
                verify(&provider, json!({ "sub": sub })),
                Err(TokenError::Invalid)
            );
        }
    }

    #[test]
    fn only_the_configured_algorithm_counts() {
        let provider = provider(None, None);
        let claims = r#"{"sub":"s","exp":99999999999}"#;
        let header = |text: &str| ask(&provider, &sign(text, claims));
        assert!(header(r#"{"alg":"HS256","kid":"any","typ":"JWT"}"#).is_ok());
        for text in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"hs256"}"#,
            r#"{"alg":"HS512"}"#,
            r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
            r#"{"alg":"RS256","alg":"HS256"}"#,
            "{}",
            "",
        ] {
            assert_eq!(header(text), Err(TokenError::Invalid), "{text}");
        }
        let good = sign(r#"{"alg":"HS256"}"#, claims);
        let (signed, _) = good.rsplit_once('.').unwrap();
        for token in [
            format!("{signed}."),
            signed.to_owned(),
            format!("{good}="),
            format!("{good}.x"),
            format!(".{good}"),
        ] {
            assert_eq!(ask(&provider, &token), Err(TokenError::Invalid), "{token}");
        }
    }

    proptest! {
        #[test]
        fn anything_else_is_refused(text in ".*", header in ".*", claims in ".*") {
            let provider = provider(None, None);
            prop_assert!(ask(&provider, &text).is_err());
            prop_assert!(ask(&provider, &sign(&header, &claims)).is_err());
            let genuine = sign(r#"{"alg":"HS256"}"#, &claims);
            prop_assert!(ask(&provider, &genuine).is_err());
        }
    }
}
