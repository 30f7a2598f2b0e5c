//! Redis's glob patterns, as in `KEYS user:*`.

/// Whether `pattern` matches the whole of `text`.
///
/// Only the last `*` is retried, so a hostile pattern costs at most the product of both lengths.
pub(super) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (pattern, text);
    let mut last_star: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', rest @ ..] = p {
            last_star = Some((rest, t));
            p = rest;
            continue;
        }
        let step = match t {
            [] if p.is_empty() => return true,
            [] => return false,
            [byte, rest_of_text @ ..] => match_one(p, *byte).map(|rest| (rest, rest_of_text)),
        };
        if let Some(next) = step {
            (p, t) = next;
            continue;
        }
        match last_star {
            Some((after_star, [_, shorter @ ..])) => {
                last_star = Some((after_star, shorter));
                (p, t) = (after_star, shorter);
            }
            _ => return false,
        }
    }
}

/// Matches one byte against the pattern's first element; the rest of the pattern if it does.
fn match_one(pattern: &[u8], byte: u8) -> Option<&[u8]> {
    match pattern {
        [] => None,
        [b'?', rest @ ..] => Some(rest),
        [b'[', rest @ ..] => {
            let (matched, rest) = match_class(rest, byte);
            matched.then_some(rest)
        }
        [b'\\', literal, rest @ ..] | [literal, rest @ ..] => (*literal == byte).then_some(rest),
    }
}

/// Matches one byte against the inside of `[...]`; an unclosed class ends with the pattern.
fn match_class(class: &[u8], byte: u8) -> (bool, &[u8]) {
    let (negated, mut rest) = match class {
        [b'^', rest @ ..] => (true, rest),
        _ => (false, class),
    };
    let mut found = false;
    loop {
        rest = match rest {
            [] => return (found != negated, rest),
            [b'\\', literal, rest @ ..] => {
                found |= *literal == byte;
                rest
            }
            [b']', rest @ ..] => return (found != negated, rest),
            [from, b'-', to, rest @ ..] => {
                found |= (*from.min(to)..=*from.max(to)).contains(&byte);
                rest
            }
            [literal, rest @ ..] => {
                found |= *literal == byte;
                rest
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn matches_like_redis() {
        for (pattern, text) in [
            ("*", ""),
            ("a*b*c", "axxbyyc"),
            ("h?llo", "hello"),
            ("h[ae]llo", "hallo"),
            ("h[^e]llo", "hallo"),
            ("h[c-a]llo", "hbllo"),
            (r"a\*c", "a*c"),
            (r"[\]]", "]"),
            ("[a", "a"),
            ("\\", "\\"),
        ] {
            assert!(
                matches(pattern.as_bytes(), text.as_bytes()),
                "{pattern} {text}"
            );
        }
        for (pattern, text) in [
            ("", "a"),
            ("a", ""),
            ("?", ""),
            ("a*b", "abc"),
            ("[^a]", "a"),
            ("[", "["),
        ] {
            assert!(
                !matches(pattern.as_bytes(), text.as_bytes()),
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn many_stars_are_not_exponential() {
        let pattern = b"a*".repeat(40);
        assert!(!matches(
            &[&pattern[..], b"b"].concat(),
            &b"a".repeat(5_000)
        ));
    }
}
