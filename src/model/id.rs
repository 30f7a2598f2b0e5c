//! Ids. Those of conversations and messages are chosen by clients and opaque to us.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

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
    /// An id for a conversation whose client gave none: random, or, where the client named its request
    /// with an `Idempotency-Key`, always the same for the same key.
    pub fn generate(idempotency_key: Option<&str>) -> Self {
        let uuid = match idempotency_key {
            Some(key) => uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, key.as_bytes()),
            None => uuid::Uuid::new_v4(),
        };
        Self(format!("conv-{uuid}"))
    }
}

/// Names a share: knowing it is all it takes to read one, so it is made here, and cannot be guessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareId(String);

impl ShareId {
    /// How many random bytes an id is made of.
    pub const BYTES: usize = 16;

    /// The id made of these.
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// A new one.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; Self::BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self::from_bytes(bytes))
    }

    /// Reads an id; `None` for anything that is none.
    pub fn parse(id: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(id).ok()?;
        Some(Self::from_bytes(bytes.try_into().ok()?))
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
    fn a_share_has_an_id_of_22_characters() {
        let id = ShareId::random().unwrap();
        assert_eq!(id.to_string().len(), 22);
        assert_eq!(ShareId::parse(&id.to_string()), Some(id.clone()));
        assert_ne!(ShareId::random().unwrap(), id);
        for wrong in [
            "",
            "a",
            "c0",
            &"A".repeat(21),
            &"A".repeat(23),
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
