//! Ids derived from a source's ids: always the same for the same source, and valid for the service.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The longest id, in characters.
const LONGEST: usize = 128;

/// The id itself if the service accepts it, or else a digest of it.
pub(crate) fn id_of(source: &str) -> String {
    let is_valid = (1..=LONGEST).contains(&source.len())
        && source
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if is_valid {
        source.to_owned()
    } else {
        digest_id(&[source])
    }
}

/// The id of something that its source identifies by several values, or not at all.
pub(crate) fn digest_id(parts: &[&str]) -> String {
    format!("h-{}", digest(parts))
}

/// 128 bits in hexadecimal.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    let mut text = String::with_capacity(32);
    for byte in hash.finalize().iter().take(16) {
        // Writing to memory cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valid_id_stays_and_any_other_becomes_a_digest() {
        assert_eq!(id_of("A_b-9"), "A_b-9");
        for source in ["", "a b", "ä", "a:b", &"x".repeat(129)] {
            let id = id_of(source);
            assert_eq!(id.len(), 34);
            assert_eq!(id, id_of(source));
            assert_eq!(id, id_of(&id));
        }
        assert_ne!(digest_id(&["ab", "c"]), digest_id(&["a", "bc"]));
    }
}
