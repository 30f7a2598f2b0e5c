//! Codes that a person keeps on paper, to come back as the same anonymous user.

use std::fmt;

use sha2::{Digest, Sha256};

/// Crockford's base32: no letter that is taken for a digit.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// How many random bytes a code has.
const BYTES: usize = 16;
/// How many characters these take up, and how many more detect a misread one.
const DIGITS: usize = 26;
const CHECK_DIGITS: usize = 2;
/// How many characters stand together.
const GROUP: usize = 4;

/// A recovery code: 128 bits, and 10 more by which a mistake in copying is noticed before anybody is asked. Never printed
/// but to its user.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode([u8; BYTES]);

impl RecoveryCode {
    /// How many letters and digits a code has.
    pub const LENGTH: usize = DIGITS + CHECK_DIGITS;

    /// The code of these bytes.
    pub fn new(bytes: [u8; BYTES]) -> Self {
        Self(bytes)
    }

    /// A code as a person types it: in any case, with or without spaces and dashes, with O for 0, and I or L for 1. `None` for
    /// what cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: Option<Vec<u8>> = text
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(digit_of)
            .collect();
        let digits = digits.filter(|digits| digits.len() == Self::LENGTH)?;
        let number = digits[..DIGITS].iter().try_fold(0_u128, |number, digit| {
            number.checked_mul(32)?.checked_add(u128::from(*digit))
        })?;
        let code = Self(number.to_be_bytes());
        (code.digits() == digits).then_some(code)
    }

    /// The code as its user is shown it: groups of four, with dashes.
    pub fn expose(&self) -> String {
        let digits = self.digits();
        let groups = digits.chunks(GROUP).map(|group| {
            let letters = group.iter().map(|digit| ALPHABET[usize::from(*digit)]);
            letters.map(char::from).collect::<String>()
        });
        groups.collect::<Vec<_>>().join("-")
    }

    fn digits(&self) -> Vec<u8> {
        let number = u128::from_be_bytes(self.0);
        let at = |index: usize| (number >> (5 * index)).to_le_bytes()[0] % 32;
        let hash = Sha256::new()
            .chain_update("recovery code")
            .chain_update(self.0)
            .finalize();
        let check = hash[..CHECK_DIGITS].iter().map(|byte| byte % 32);
        (0..DIGITS).rev().map(at).chain(check).collect()
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(..)")
    }
}

fn digit_of(typed: char) -> Option<u8> {
    let letter = match typed.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let at = ALPHABET
        .iter()
        .position(|known| char::from(*known) == letter)?;
    u8::try_from(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn is_read_as_it_was_shown_however_it_is_typed(bytes: [u8; BYTES]) {
            let code = RecoveryCode::new(bytes);
            let shown = code.expose();
            prop_assert_eq!(shown.len(), 34);
            let typed = shown.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "L");
            prop_assert_eq!(RecoveryCode::parse(&shown), Some(code.clone()));
            prop_assert_eq!(RecoveryCode::parse(&typed), Some(code.clone()));
            let printed = format!("{code:?}");
            prop_assert_eq!(printed, "RecoveryCode(..)");
        }
    }

    #[test]
    fn a_mistake_in_copying_is_noticed() {
        let shown = RecoveryCode::new(*b"sixteen bytes ok").expose();
        let mut missed = 0;
        for at in (0..shown.len()).filter(|at| !shown[*at..].starts_with('-')) {
            for letter in ALPHABET {
                let mut typed = shown.clone();
                typed.replace_range(at..=at, &char::from(*letter).to_string());
                missed += usize::from(typed != shown && RecoveryCode::parse(&typed).is_some());
            }
        }
        // Of 868 mistakes, one of a thousand goes unnoticed.
        assert!(missed <= 4, "{missed}");
        for wrong in [
            "",
            "AAAA",
            &shown[1..],
            &format!("{shown}0"),
            &"U".repeat(28),
            &"Z".repeat(28),
        ] {
            assert_eq!(RecoveryCode::parse(wrong), None, "{wrong}");
        }
    }
}
