//! Folding of spellings: case, accents and compatibility forms do not count. The client folds alike: `tests/search-cases.json` is
//! a test of both.

use icu_normalizer::properties::{
    CanonicalCombiningClassMapBorrowed, CanonicalCompositionBorrowed,
};
use icu_normalizer::{
    ComposingNormalizer, ComposingNormalizerBorrowed, DecomposingNormalizer,
    DecomposingNormalizerBorrowed,
};

const DECOMPOSER: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizer::new_nfkd();
const COMPATIBLE: ComposingNormalizerBorrowed<'static> = ComposingNormalizer::new_nfkc();
const CLASSES: CanonicalCombiningClassMapBorrowed<'static> =
    CanonicalCombiningClassMapBorrowed::new();
const COMPOSER: CanonicalCompositionBorrowed<'static> = CanonicalCompositionBorrowed::new();

/// Whether a character only changes the one before it, as an accent does.
pub(super) fn is_mark(c: char) -> bool {
    !c.is_ascii() && CLASSES.get_u8(c) != 0
}

/// Whether a character only says how others are to be shown, or joined, or where a word may be broken: Unicode's `Default_Ignorable_Code_Point`
/// but for the space without a width, which stands between words.
pub(super) fn is_ignored(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
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

/// A character of Chinese, Japanese or Korean in its usual form: of full width, and not the one for compatibility.
pub(super) fn usual(c: char) -> char {
    let mut bytes = [0; 4];
    let normalized = COMPATIBLE.normalize(c.encode_utf8(&mut bytes));
    let mut chars = normalized.chars();
    chars.next().filter(|_| chars.next().is_none()).unwrap_or(c)
}

/// The one character of Chinese, Japanese or Korean that stands for this one and what follows it, where there is one: a kana with its
/// voiced sound mark, a syllable of Korean for its parts.
pub(super) fn composed(before: &str, c: char) -> Option<char> {
    let mut chars = before.chars();
    let one = chars.next().filter(|_| chars.next().is_none())?;
    COMPOSER.compose(one, c)
}

/// Adds the form in which a character of a word is compared.
pub(super) fn push_folded(c: char, folded: &mut String) {
    if c.is_ascii() {
        folded.push(c.to_ascii_lowercase());
        return;
    }
    let mut bytes = [0; 4];
    let decomposed = DECOMPOSER.normalize(c.encode_utf8(&mut bytes));
    let lower = decomposed.chars().flat_map(char::to_lowercase);
    for c in lower.filter(|c| !is_mark(*c)) {
        match without_stroke(c) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(c),
        }
    }
}

/// Letters that Unicode does not take apart, as they are written where they are not at hand.
fn without_stroke(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ł' => "l",
        'ħ' => "h",
        'ŧ' => "t",
        // A Turkish i, whose capital is everybody's.
        'ı' => "i",
        // At the end of a word.
        'ς' => "σ",
        _ => return None,
    })
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
        assert_eq!(folded("ẞ Łódź ǽ ışık"), "ss lodz ae isik");
    }

    #[test]
    fn characters_have_a_usual_form() {
        let forms = [('ｶ', 'カ'), ('\u{f900}', '豈'), ('東', '東')];
        for (c, form) in forms {
            assert_eq!(usual(c), form);
        }
    }
}
