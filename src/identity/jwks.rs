//! A provider's key set, fetched where needed and kept for a while.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Client;
use serde::Deserialize;

use super::TokenError;
use super::key::{Jwk, Key};
use crate::clock::Clock;
use crate::tls;

/// How long the whole of a fetch may take.
const DEADLINE: Duration = Duration::from_secs(2);
/// The largest set that is read, in bytes. Providers' have some thousand.
const LARGEST: usize = 262_144;
/// How long a set is used, ms: a key that its provider withdrew is refused after that.
const TTL: i64 = 600_000;
/// The shortest time between two fetches for keys that the set in use lacks, ms: invented key ids must not make the
/// service hammer the provider.
const PAUSE: i64 = 60_000;
/// The same if there is no set because the provider failed, ms.
pub(super) const PAUSE_AFTER_FAILURE: i64 = 5_000;

/// The keys behind one URL.
#[derive(Debug)]
pub(super) struct Jwks(Arc<Source>);

#[derive(Debug)]
struct Source {
    client: Client,
    url: String,
    clock: Clock,
    kept: Mutex<Option<Arc<KeySet>>>,
    /// Held while fetching, so that many requests at once make one fetch.
    last_fetch: tokio::sync::Mutex<Option<Fetch>>,
}

#[derive(Debug)]
struct KeySet {
    keys: Vec<(String, Key)>,
    fetched: i64,
}

#[derive(Debug)]
struct Fetch {
    began: i64,
    failed: bool,
}

impl Jwks {
    pub(super) fn new(url: String, clock: Clock) -> Result<Self, rustls::Error> {
        let client = tls::client()?
            .timeout(DEADLINE)
            .build()
            .map_err(|_| rustls::Error::General("the HTTP client cannot be built".into()))?;
        Ok(Self(Arc::new(Source {
            client,
            url,
            clock,
            kept: Mutex::default(),
            last_fetch: tokio::sync::Mutex::default(),
        })))
    }

    /// The key of this id and algorithm; `None` where the provider has none.
    ///
    /// # Errors
    /// `Unavailable` where the provider has to be asked, and cannot.
    pub(super) async fn find(&self, id: &str, algorithm: &str) -> Result<Option<Key>, TokenError> {
        if let Some(key) = self.0.in_use().and_then(|set| set.find(id, algorithm)) {
            return Ok(Some(key));
        }
        // In its own task, so that it completes for all waiting requests even if the client that started it
        // disconnects.
        let (source, id, algorithm) = (self.0.clone(), id.to_owned(), algorithm.to_owned());
        tokio::spawn(async move { source.ask(&id, &algorithm).await })
            .await
            .unwrap_or(Err(TokenError::Unavailable("its fetch broke off")))
    }
}

impl Source {
    /// The same, if no cached set has it.
    async fn ask(&self, id: &str, algorithm: &str) -> Result<Option<Key>, TokenError> {
        let mut last = self.last_fetch.lock().await;
        // While this request waited, another one may have fetched the set.
        let set = self.in_use();
        let pause = if set.is_some() {
            PAUSE
        } else {
            PAUSE_AFTER_FAILURE
        };
        if let Some(key) = set.and_then(|set| set.find(id, algorithm)) {
            return Ok(Some(key));
        }
        let now = self.clock.now_ms();
        if let Some(last) = &*last
            && (0..pause).contains(&(now - last.began))
        {
            return if last.failed {
                Err(TokenError::Unavailable("it failed a moment ago"))
            } else {
                Ok(None)
            };
        }
        // It counts as failed until it is done.
        let fetch = last.insert(Fetch {
            began: now,
            failed: true,
        });
        let keys = self.fetch().await.map_err(TokenError::Unavailable)?;
        fetch.failed = false;
        let set = Arc::new(KeySet { keys, fetched: now });
        let found = set.find(id, algorithm);
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(set);
        Ok(found)
    }

    /// The set that was fetched last, while it is fresh. By the wall clock: the monotonic one may stand still while a
    /// function is suspended.
    fn in_use(&self) -> Option<Arc<KeySet>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let age = |set: &&Arc<KeySet>| self.clock.now_ms() - set.fetched;
        kept.as_ref()
            .filter(|set| (0..TTL).contains(&age(set)))
            .cloned()
    }

    async fn fetch(&self) -> Result<Vec<(String, Key)>, &'static str> {
        let request = self.client.get(&self.url).send();
        let mut response = request.await.map_err(|_| "no response")?;
        if response.status() != http::StatusCode::OK {
            return Err("its status is not 200");
        }
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|_| "its response broke off")?
        {
            if body.len() + chunk.len() > LARGEST {
                return Err("its response is too large");
            }
            body.extend_from_slice(&chunk);
        }
        parse(&body).ok_or("its response is no key set")
    }
}

impl KeySet {
    fn find(&self, id: &str, algorithm: &str) -> Option<Key> {
        let is_wanted = |(known, key): &&(String, Key)| known == id && key.algorithm() == algorithm;
        self.keys.iter().find(is_wanted).map(|(_, key)| key.clone())
    }
}

/// The keys of a set that have an id and a supported kind; the others are ignored.
fn parse(json: &[u8]) -> Option<Vec<(String, Key)>> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<serde_json::Value>,
    }
    let set: Set = serde_json::from_slice(json).ok()?;
    let keys = set.keys.into_iter().filter_map(|value| {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let key = Key::from_jwk(&jwk)?;
        Some((jwk.kid?, key))
    });
    Some(keys.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_public_keys_for_signatures_only() {
        let ec = r#""kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM""#;
        let rsa = r#""kty":"RSA","n":"AMXd","e":"AQAB""#;
        let json = format!(
            r#"{{"keys":[{{"kid":"ec",{ec}}},{{"kid":"rsa","alg":"RS256","use":"sig",{rsa}}},
            {{{ec}}},{{"kid":"a","use":"enc",{ec}}},{{"kid":"b","alg":"HS256",{rsa}}},{{"kid":"c","alg":"RS512",{rsa}}},
            {{"kid":"d","kty":"oct","k":"c2VjcmV0"}},{{"kid":"e","kty":"EC","crv":"P-384"}},{{"kid":"f","kty":"RSA"}},
            {{"kid":"g","kty":"EC","crv":"P-256","x":"AA","y":"AA"}},{{"kid":7}},"x",null]}}"#
        );
        let keys = parse(json.as_bytes()).unwrap();
        let ids: Vec<_> = keys
            .iter()
            .map(|(id, key)| (id.as_str(), key.algorithm()))
            .collect();
        assert_eq!(ids, [("ec", "ES256"), ("rsa", "RS256")]);
        for junk in ["", "{}", "[]", r#"{"keys":{}}"#, "<html>"] {
            assert!(parse(junk.as_bytes()).is_none(), "{junk}");
        }
    }
}
