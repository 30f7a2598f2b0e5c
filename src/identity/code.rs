//! Codes that a person carries from one device to another.

use crate::model::limits;

/// Letters and digits that nobody mistakes for one another.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// A new code: 40 random bits.
///
/// # Errors
/// When the system has no randomness to give.
pub fn random_code() -> Result<String, getrandom::Error> {
    let mut bytes = [0; limits::CODE];
    getrandom::fill(&mut bytes)?;
    let letters = bytes.iter().map(|byte| ALPHABET[usize::from(byte % 32)]);
    Ok(letters.map(char::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_eight_letters_or_digits_and_never_the_same() {
        let code = random_code().unwrap();
        assert_eq!(code.len(), 8);
        assert!(code.bytes().all(|byte| ALPHABET.contains(&byte)));
        assert_ne!(code, random_code().unwrap());
    }
}
