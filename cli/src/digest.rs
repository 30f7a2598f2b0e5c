//! Digests that name files and tell contents apart.

use sha2::{Digest, Sha256};

/// The first 128 bits of a SHA-256, in hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
