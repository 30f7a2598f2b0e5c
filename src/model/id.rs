//! Ids. Those of conversations and messages are chosen by clients and opaque to us.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::{Invalid, limits};

fn is_valid(id: &str) -> bool {
    (1..=limits::ID).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Checks an id; `path` says where it came from.
            ///
            /// # Errors
            /// `invalid_id` outside 1 to 128 characters of `A-Za-z0-9_-`.
            pub fn parse(id: &str, path: &str) -> Result<Self, Invalid> {
                if !is_valid(id) {
                    return Err(Invalid::id(path));
                }
                Ok(Self(id.to_owned()))
            }

            /// The id itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// Names a conversation within its user.
    ConversationId
}
id! {
    /// Names a message within its conversation.
    MessageId
}

impl ConversationId {
    /// An id for a conversation whose client gave none: random, or, with an `Idempotency-Key`, always the same for
    /// the same key.
    pub fn generate(idempotency_key: Option<&str>) -> Self {
        let uuid = match idempotency_key {
            Some(key) => uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, key.as_bytes()),
            None => uuid::Uuid::new_v4(),
        };
        Self(format!("conv-{uuid}"))
    }
}

/// Names a share: knowing it is all it takes to read one, so it cannot be guessed.
///
/// The first half is one of the slots that follow from the user, and names the share's key; the other half is the
/// secret. An id of an earlier release is shorter, all secret, and names the key as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareId(String);

impl ShareId {
    /// How many bytes the slot and the secret have each.
    const HALF: usize = 12;
    /// How many bytes an id of an earlier release has.
    const EARLIER: usize = 16;
    /// How many characters the slot has.
    const SLOT_LENGTH: usize = 16;

    /// The slot of this number of the user whose keys begin with `user_keys`.
    pub(crate) fn slot(user_keys: &str, number: usize) -> String {
        let hash = Sha256::new()
            .chain_update("share")
            .chain_update(number.to_be_bytes())
            .chain_update(user_keys)
            .finalize();
        URL_SAFE_NO_PAD.encode(&hash[..Self::HALF])
    }

    /// A secret half.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn random_secret() -> Result<String, getrandom::Error> {
        let mut bytes = [0; Self::HALF];
        getrandom::fill(&mut bytes)?;
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads an id; `None` if it is invalid.
    pub fn parse(id: &str) -> Option<Self> {
        let length = URL_SAFE_NO_PAD.decode(id).ok()?.len();
        let is_id = length == 2 * Self::HALF || length == Self::EARLIER;
        is_id.then(|| Self(id.to_owned()))
    }

    /// The part that names the key.
    pub(crate) fn key_part(&self) -> &str {
        self.parts().0
    }

    /// The secret, which is not part of the key; empty in an id of an earlier release.
    pub(crate) fn secret(&self) -> &str {
        self.parts().1
    }

    /// The part that determines its database.
    pub(crate) fn database_name(&self) -> &str {
        match self.parts() {
            (id, "") => id,
            (_, secret) => secret,
        }
    }

    fn parts(&self) -> (&str, &str) {
        if self.0.len() == 2 * Self::SLOT_LENGTH {
            self.0.split_at(Self::SLOT_LENGTH)
        } else {
            (&self.0, "")
        }
    }
}

impl fmt::Display for ShareId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_the_frontend_makes_and_nothing_that_could_name_another_key() {
        for id in ["1751582952851", "conv-00af", "A_b-9", &"x".repeat(128)] {
            assert!(ConversationId::parse(id, "id").is_ok(), "{id}");
        }
        for id in [
            "",
            "a:b",
            "x:messages",
            "a/b",
            "a%2Fb",
            "ä",
            "a b",
            ":user",
            &"x".repeat(129),
        ] {
            assert!(MessageId::parse(id, "id").is_err(), "{id}");
        }
    }

    #[test]
    fn a_share_has_a_slot_and_a_secret() {
        let slot = ShareId::slot("user:u:", 0);
        let secret = ShareId::random_secret().unwrap();
        assert_ne!(ShareId::random_secret().unwrap(), secret);
        assert_ne!(ShareId::slot("user:u:", 1), slot);
        assert_ne!(ShareId::slot("user:v:", 0), slot);
        let id = ShareId::parse(&format!("{slot}{secret}")).unwrap();
        assert_eq!((id.key_part(), id.secret()), (&*slot, &*secret));
        let earlier = ShareId::parse(&"A".repeat(22)).unwrap();
        assert_eq!(
            (earlier.key_part(), earlier.secret()),
            (&*"A".repeat(22), "")
        );
        for wrong in [
            "",
            "a",
            "c0",
            &"A".repeat(21),
            &"A".repeat(23),
            &"A".repeat(33),
            "AAAAAAAAAAAAAAAAAAAA:A",
        ] {
            assert_eq!(ShareId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_idempotency_key_always_names_the_same_conversation() {
        let id = ConversationId::generate(Some("k"));
        assert_eq!(id, ConversationId::generate(Some("k")));
        assert_ne!(id, ConversationId::generate(Some("l")));
        assert_ne!(
            ConversationId::generate(None),
            ConversationId::generate(None)
        );
    }
}
