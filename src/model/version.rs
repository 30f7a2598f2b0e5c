//! Versions of conversations, and the entity tags that stand for them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::secret::Secret;

/// One revision of a conversation, told from a conversation that had the same id before an erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// The change sequence of the conversation's first change.
    pub born: i64,
    /// The revision.
    pub revision: u64,
}

impl Version {
    /// As scripts compare it.
    pub fn to_word(self) -> String {
        format!("{}.{}", self.born, self.revision)
    }
}

/// A list of entity tags, as `If-Match` and `If-None-Match` have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagList {
    /// `*`: any version.
    Any,
    /// These, without quotes.
    Tags(Vec<String>),
}

/// A request's preconditions on the current version (RFC 9110, section 13).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// `If-Match`: it has to be one of these.
    pub if_match: Option<TagList>,
    /// `If-None-Match`: it must be none of these.
    pub if_none_match: Option<TagList>,
}

/// Makes entity tags and reads them back. A tag is opaque, and valid for one resource of one user only.
#[derive(Debug)]
pub struct EntityTags {
    secret: Secret,
}

const MAC_BYTES: usize = 8;
const BYTES: usize = MAC_BYTES + 16;

impl EntityTags {
    /// Tags that cannot be made without `secret`.
    pub fn new(secret: Secret) -> Self {
        Self { secret }
    }

    /// The tag of a version, without quotes. `thing` names what it is a version of, the user included.
    pub fn encode(&self, thing: &str, version: Version) -> String {
        let mut bytes = [0; BYTES];
        bytes[MAC_BYTES..MAC_BYTES + 8].copy_from_slice(&version.born.to_be_bytes());
        bytes[MAC_BYTES + 8..].copy_from_slice(&version.revision.to_be_bytes());
        let mac = self.mac(thing, &bytes[MAC_BYTES..]);
        bytes[..MAC_BYTES].copy_from_slice(&mac);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The version that a tag of `thing` stands for.
    pub fn decode(&self, thing: &str, tag: &str) -> Option<Version> {
        let bytes: [u8; BYTES] = URL_SAFE_NO_PAD.decode(tag).ok()?.try_into().ok()?;
        let (mac, version) = bytes.split_at(MAC_BYTES);
        if mac != self.mac(thing, version) {
            return None;
        }
        let (born, revision) = version.split_at(8);
        Some(Version {
            born: i64::from_be_bytes(born.try_into().ok()?),
            revision: u64::from_be_bytes(revision.try_into().ok()?),
        })
    }

    fn mac(&self, thing: &str, version: &[u8]) -> [u8; MAC_BYTES] {
        let mut short = [0; MAC_BYTES];
        // HMAC accepts a key of any length, so this cannot fail.
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.secret.expose().as_bytes()) {
            mac.update(b"etag.");
            mac.update(thing.as_bytes());
            mac.update(&[0]);
            mac.update(version);
            short.copy_from_slice(&mac.finalize().into_bytes()[..MAC_BYTES]);
        }
        short
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_tag_is_of_one_thing_and_one_version(born: i64, revision: u64, thing in ".*", other in ".*") {
            let tags = EntityTags::new(Secret::new("secret"));
            let version = Version { born, revision };
            let tag = tags.encode(&thing, version);
            prop_assert_eq!(tags.decode(&thing, &tag), Some(version));
            prop_assert!(thing == other || tags.decode(&other, &tag).is_none());
            let elsewhere = EntityTags::new(Secret::new("another"));
            prop_assert!(elsewhere.decode(&thing, &tag).is_none());
        }

        #[test]
        fn whatever_else_is_sent_is_no_tag(text in ".*") {
            prop_assert!(EntityTags::new(Secret::new("secret")).decode("c", &text).is_none());
        }
    }
}
