//! The variables of an auth provider.

use reqwest::Url;

use super::{ConfigError, SHORTEST_SECRET, Variables, invalid};
use crate::identity::{ProviderConfig, ProviderKeys};
use crate::secret::Secret;

const SECRET: &str = "AUTH_JWT_SECRET";
const JWKS_URL: &str = "AUTH_JWKS_URL";
const ISSUER: &str = "AUTH_JWT_ISSUER";
const AUDIENCE: &str = "AUTH_JWT_AUDIENCE";

/// The audience that stands for any.
const ANY: &str = "*";

impl Variables<'_> {
    /// Published keys are the provider's own, and may sign for all its customers: so issuer and audience
    /// have to be named there, or the latter knowingly left open with `*`. A shared secret is ours alone.
    pub(super) fn provider(&self) -> Result<Option<ProviderConfig>, ConfigError> {
        let (issuer, audience) = (self.optional(ISSUER), self.optional(AUDIENCE));
        let keys = match (self.optional(SECRET), self.optional(JWKS_URL)) {
            (None, None) if issuer.is_some() || audience.is_some() => {
                return Err(ConfigError::Missing("AUTH_JWT_SECRET or AUTH_JWKS_URL"));
            }
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                return Err(invalid(JWKS_URL, "not together with AUTH_JWT_SECRET"));
            }
            (Some(secret), None) if secret.len() < SHORTEST_SECRET => {
                return Err(invalid(SECRET, "at least 32 characters"));
            }
            (Some(secret), None) => ProviderKeys::Secret(Secret::new(secret)),
            (None, Some(url)) => {
                if !is_trustworthy(&url) {
                    return Err(invalid(JWKS_URL, "a URL that begins with https://"));
                }
                if issuer.is_none() {
                    return Err(ConfigError::Missing(ISSUER));
                }
                if audience.is_none() {
                    return Err(ConfigError::Missing("AUTH_JWT_AUDIENCE (* for any)"));
                }
                ProviderKeys::Url(url)
            }
        };
        Ok(Some(ProviderConfig {
            keys,
            issuer,
            audience: audience.filter(|audience| audience != ANY),
        }))
    }
}

/// Anybody who can change the response in transit can sign in as any user; within one machine nobody can.
fn is_trustworthy(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| match url.scheme() {
        "https" => url.has_host(),
        "http" => matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "0123456789abcdef0123456789abcdef";
    const KEYS: (&str, &str) = (JWKS_URL, "https://auth.example/keys");

    fn read(set: &[(&str, &str)]) -> Result<Option<ProviderConfig>, ConfigError> {
        let find = |name: &str| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Variables(&find).provider()
    }

    #[test]
    fn a_provider_is_optional() {
        assert!(read(&[]).unwrap().is_none());
        let shared = read(&[(SECRET, LONG)]).unwrap().unwrap();
        assert!(shared.issuer.is_none() && shared.audience.is_none());
        let published = read(&[KEYS, (ISSUER, "i"), (AUDIENCE, "a")]).unwrap();
        assert_eq!(published.unwrap().audience.as_deref(), Some("a"));
        let any = read(&[KEYS, (ISSUER, "i"), (AUDIENCE, "*")]).unwrap();
        assert!(any.unwrap().audience.is_none());
        let local = (JWKS_URL, "http://127.0.0.1:9/keys");
        assert!(read(&[local, (ISSUER, "i"), (AUDIENCE, "a")]).is_ok());
    }

    #[test]
    fn half_a_provider_is_refused() {
        let both = (ISSUER, "i");
        let cases: [(&[(&str, &str)], &str); 9] = [
            (&[(ISSUER, "i")], SECRET),
            (&[(AUDIENCE, "a")], JWKS_URL),
            (&[(SECRET, "short")], SECRET),
            (&[(SECRET, LONG), KEYS, both], JWKS_URL),
            (&[KEYS], ISSUER),
            (&[KEYS, both], AUDIENCE),
            (&[KEYS, (AUDIENCE, "a")], ISSUER),
            (
                &[(JWKS_URL, "http://auth.example/k"), both, (AUDIENCE, "a")],
                JWKS_URL,
            ),
            (
                &[(JWKS_URL, "auth.example"), both, (AUDIENCE, "a")],
                JWKS_URL,
            ),
        ];
        for (variables, name) in cases {
            let error = read(variables).unwrap_err().to_string();
            assert!(error.contains(name), "{variables:?}: {error}");
            assert!(!error.contains("example"), "{error}");
        }
    }
}
