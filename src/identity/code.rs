//! Codes that a person types on another device.

use crate::model::limits;

/// Letters and digits that cannot be mistaken for one another.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// The code of these bytes: 40 bits of them.
pub(super) fn code_of(bytes: [u8; limits::CODE]) -> String {
    let letters = bytes.iter().map(|byte| ALPHABET[usize::from(byte % 32)]);
    letters.map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_eight_letters_or_digits() {
        assert_eq!(code_of([0, 7, 8, 31, 32, 100, 254, 255]), "29AZ26YZ");
    }
}
