//! Folding of spellings: case, accents and compatibility forms do not count.

use icu_normalizer::properties::{
    CanonicalCombiningClassMapBorrowed, CanonicalCompositionBorrowed,
};
use icu_normalizer::{DecomposingNormalizer, DecomposingNormalizerBorrowed};

const DECOMPOSER: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizer::new_nfkd();
const CLASSES: CanonicalCombiningClassMapBorrowed<'static> =
    CanonicalCombiningClassMapBorrowed::new();
const COMPOSER: CanonicalCompositionBorrowed<'static> = CanonicalCompositionBorrowed::new();

/// Whether a character only changes the one before it, as an accent does.
pub(super) fn is_mark(c: char) -> bool {
    !c.is_ascii() && CLASSES.get_u8(c) != 0
}

/// Whether a character belongs to a word, in a script that has words.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric()
}

/// Whether a character is of a script that is written without spaces between words: Chinese, Japanese or Korean. Korean has spaces,
/// but what is looked for is often a part of what stands between them.
pub(super) fn is_cjk(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}'
        | '\u{3031}'..='\u{3035}' | '\u{3041}'..='\u{318f}' | '\u{31a0}'..='\u{31bf}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ffdc}' | '\u{1aff0}'..='\u{1b16f}'
        | '\u{20000}'..='\u{3ffff}')
        && is_word(c)
}

/// The one character of Chinese, Japanese or Korean that stands for this one and what follows it, where there is one: a kana with its
/// voiced sound mark, a syllable of Korean for its parts.
pub(super) fn composed(before: &str, c: char) -> Option<char> {
    let mut chars = before.chars();
    let one = chars.next().filter(|_| chars.next().is_none())?;
    COMPOSER.compose(one, c)
}

/// Adds the form in which a character is compared.
pub(super) fn push_folded(c: char, folded: &mut String) {
    if c.is_ascii() {
        folded.push(c.to_ascii_lowercase());
    } else if is_cjk(c) {
        // An accent is part of these characters: it makes another sound of them.
        folded.push(c);
    } else {
        let mut bytes = [0; 4];
        let decomposed = DECOMPOSER.normalize(c.encode_utf8(&mut bytes));
        let lower = decomposed.chars().flat_map(char::to_lowercase);
        folded.extend(lower.filter(|c| !is_mark(*c)).map(|c| match c {
            // At the end of a word.
            'ς' => 'σ',
            c => c,
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        let mut folded = String::new();
        text.chars().for_each(|c| push_folded(c, &mut folded));
        folded
    }

    #[test]
    fn case_accents_and_width_do_not_count() {
        assert_eq!(folded("CAFÉ Cafe\u{301} ＡＢ"), "cafe cafe ab");
        assert_eq!(folded("ŽLUŤOUČKÝ İ ΣΟΦΌΣ ﬁ"), "zlutoucky i σοφοσ fi");
        assert_eq!(folded("東京 が 한국"), "東京 が 한국");
    }
}
