//! Ids, chosen by clients and opaque to us.

use std::fmt;

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
