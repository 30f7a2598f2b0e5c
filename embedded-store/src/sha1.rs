//! SHA-1, by which Redis names scripts.

use sha1_smol::Sha1;

/// The SHA-1 of `bytes` in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    Sha1::from(bytes).digest().to_string()
}
