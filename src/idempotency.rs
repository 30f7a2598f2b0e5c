//! What an API call is known by, so that a repeat of it is answered and not run again.

use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The name of one API call, the same in every attempt: of the service's own making, or from the client's
/// `Idempotency-Key`.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    name: String,
    made_at: Option<i64>,
    /// Of what the client asked; `None` for a key of the service's own, which nobody can use for anything else.
    request: Option<Arc<RequestDigest>>,
}

/// A digest of method, path and body; the body is known last.
#[derive(Debug)]
struct RequestDigest {
    head: String,
    body: OnceLock<String>,
}

impl IdempotencyKey {
    /// The longest key of a client's, in bytes.
    pub const LONGEST: usize = 255;

    /// A new name, made at `now_ms`.
    pub fn generate(now_ms: i64) -> Self {
        Self {
            name: URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes()),
            made_at: Some(now_ms),
            request: None,
        }
    }

    /// The client's `key` for a request that `head` describes: its method and path. A UUIDv7 says when it was made.
    pub fn from_client(key: &str, head: &str) -> Self {
        let uuid = Uuid::parse_str(key).ok();
        let made_at = uuid
            .filter(|uuid| uuid.get_version_num() == 7)
            .and_then(|uuid| i64::try_from(uuid.as_u128() >> 80).ok());
        Self {
            name: short_hash(&["key", key]),
            made_at,
            request: Some(Arc::new(RequestDigest {
                head: head.to_owned(),
                body: OnceLock::new(),
            })),
        }
    }

    /// Notes the body of the client's request: under one key there is one request.
    pub fn note_body(&self, body: &[u8]) {
        if let Some(request) = &self.request {
            let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(body)[..9]);
            // Read once, noted once.
            let _ = request.body.set(hash);
        }
    }

    /// The name of one of the parts that the call is carried out in.
    #[must_use]
    pub fn part(&self, index: usize) -> Self {
        if index == 0 {
            return self.clone();
        }
        Self {
            name: short_hash(&["part", &self.name, &index.to_string()]),
            ..self.clone()
        }
    }

    /// The name: short, without separators, and of no meaning to anybody.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// As scripts take it: "name digest time", see `src/lua/lib/write_log.lua`.
    pub fn to_argument(&self) -> String {
        let digest = match &self.request {
            None => "-".to_owned(),
            Some(request) => {
                let body = request.body.get().map_or("", String::as_str);
                short_hash(&["request", &request.head, body])[..11].to_owned()
            }
        };
        let time = self.made_at.map(|ms| ms.to_string()).unwrap_or_default();
        format!("{} {digest} {time}", self.name)
    }
}

/// 22 characters that tell texts apart.
fn short_hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    URL_SAFE_NO_PAD.encode(&hash.finalize()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_key_names_the_same_call_each_time_and_no_other() {
        let key = |key: &str, head: &str, body: &[u8]| {
            let key = IdempotencyKey::from_client(key, head);
            key.note_body(body);
            key.to_argument()
        };
        assert_eq!(key("a", "PUT /c", b"x"), key("a", "PUT /c", b"x"));
        let others = [
            key("b", "PUT /c", b"x"),
            key("a", "PUT /d", b"x"),
            key("a", "PUT /c", b"y"),
        ];
        assert!(!others.contains(&key("a", "PUT /c", b"x")));
        let name = |text: String| text.split(' ').next().unwrap().to_owned();
        assert_eq!(
            name(key("a", "PUT /c", b"x")),
            name(key("a", "PUT /d", b"y"))
        );
    }

    #[test]
    fn a_uuid_of_version_7_says_when_it_was_made() {
        let argument = |key: &str| IdempotencyKey::from_client(key, "PUT /c").to_argument();
        let timed = argument("0190163d-8694-739b-aea5-966c26f8ad91");
        assert!(timed.ends_with(" 1718360049300"), "{timed}");
        assert!(argument("d9428888-122b-41e1-b85c-61a0b61ea8c5").ends_with(' '));
        assert!(argument("click-1").ends_with(' '));
    }

    #[test]
    fn names_of_the_service_are_all_different_and_hold_no_space() {
        let keys = [IdempotencyKey::generate(5), IdempotencyKey::generate(5)];
        assert_ne!(keys[0].name(), keys[1].name());
        assert_ne!(keys[0].part(1).name(), keys[0].part(2).name());
        assert_eq!(keys[0].to_argument().split(' ').count(), 3);
        assert!(keys[0].to_argument().ends_with(" - 5"));
    }
}
