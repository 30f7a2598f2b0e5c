//! Words: the units of a search.

use super::fold::{composed, is_cjk, is_ignored, is_mark, is_word, push_folded, usual};

/// A word, or one character of a script without words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// Folded.
    pub text: String,
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Whether it is a character of Chinese, Japanese or Korean.
    pub is_cjk: bool,
    /// Whether it is one, and so is the one that it directly follows.
    pub is_glued: bool,
}

impl Token {
    /// Whether a character that follows is a part of this one: an accent, or what makes one character of both.
    fn takes(&mut self, c: char, end: usize) -> bool {
        let c = if self.is_cjk { usual(c) } else { c };
        let whole = self.is_cjk.then(|| composed(&self.text, c)).flatten();
        if let Some(whole) = whole {
            self.text = whole.to_string();
        }
        let is_taken = whole.is_some() || is_mark(c);
        if is_taken {
            self.end = end;
        }
        is_taken
    }
}

/// The words of a text, in order.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    // Whether what comes may go on with the last token.
    let mut is_open = false;
    for (start, c) in text.char_indices() {
        let end = start + c.len_utf8();
        if is_ignored(c) {
            continue;
        }
        let open = tokens.last_mut().filter(|_| is_open);
        if open.is_some_and(|last| last.takes(c, end)) || is_mark(c) {
            continue;
        }
        let is_cjk = is_cjk(c);
        if !is_cjk && !is_word(c) {
            is_open = false;
            continue;
        }
        match tokens
            .last_mut()
            .filter(|last| is_open && !is_cjk && !last.is_cjk)
        {
            Some(last) => {
                push_folded(c, &mut last.text);
                last.end = end;
            }
            None => {
                let before = tokens.last().filter(|_| is_open);
                let is_glued = is_cjk && before.is_some_and(|before| before.is_cjk);
                let mut folded = String::with_capacity(8);
                match is_cjk {
                    // An accent is part of these characters: it makes another sound of them.
                    true => folded.push(usual(c)),
                    false => push_folded(c, &mut folded),
                }
                tokens.push(Token {
                    text: folded,
                    start,
                    end,
                    is_cjk,
                    is_glued,
                });
            }
        }
        is_open = true;
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;
    use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};
    use proptest::prelude::*;

    fn texts(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn are_words_and_single_characters() {
        assert_eq!(
            texts("It's snake_case, v2.0!"),
            ["it", "s", "snake", "case", "v2", "0"]
        );
        assert_eq!(texts("iPhone手机 X"), ["iphone", "手", "机", "x"]);
        assert_eq!(texts(" \n"), [""; 0]);
    }

    #[test]
    fn know_where_they_stand() {
        let text = "ü Cafe\u{301}!";
        let all = tokens(text);
        assert_eq!(&text[all[1].start..all[1].end], "Cafe\u{301}");
    }

    proptest! {
        #[test]
        fn are_the_same_of_a_decomposed_text(text in "[a-zé가-힣か-ゞカ-ヾ一-十 ,]{0,12}") {
            let whole = ComposingNormalizer::new_nfc().normalize(&text).into_owned();
            let taken_apart = DecomposingNormalizer::new_nfd().normalize(&whole).into_owned();
            let (expected, found) = (tokens(&whole), tokens(&taken_apart));
            let text_of = |all: &[Token]| all.iter().map(|one| (one.text.clone(), one.is_glued)).collect::<Vec<_>>();
            prop_assert_eq!(text_of(&found), text_of(&expected));
            for (one, other) in found.iter().zip(&expected) {
                let marked = ComposingNormalizer::new_nfc().normalize(&taken_apart[one.start..one.end]);
                prop_assert_eq!(marked, &whole[other.start..other.end]);
            }
        }
    }

    #[test]
    fn what_makes_one_character_is_one() {
        assert_eq!(
            texts("か\u{3099}くせい ハ\u{309a}ン"),
            ["が", "く", "せ", "い", "パ", "ン"]
        );
        assert_eq!(
            texts("\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}"),
            ["한", "국"]
        );
    }

    #[test]
    fn characters_that_follow_one_another_are_glued() {
        let glued = |text| {
            tokens(text)
                .iter()
                .map(|token| token.is_glued)
                .collect::<Vec<_>>()
        };
        assert_eq!(glued("東京,都 a都"), [false, true, false, false, false]);
    }
}
