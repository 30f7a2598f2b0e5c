//! Entity tags, as preconditions list them.

use super::response::GZIP_SUFFIX;
use crate::model::TagList;

/// Reads `*`, or a list of entity tags (RFC 9110, section 8.8.3). Of weak ones, which a proxy that compresses may have
/// made, `weak` says whether they count. The tag of a compressed response stands for the same version.
pub(super) fn parse_tags(text: &str, weak: bool) -> Option<TagList> {
    if text.trim() == "*" {
        return Some(TagList::Any);
    }
    let mut tags = Vec::new();
    let mut rest = text.trim_start_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        let (is_weak, quoted) = match rest.strip_prefix("W/") {
            Some(quoted) => (true, quoted),
            None => (false, rest),
        };
        let (tag, behind) = quoted.strip_prefix('"')?.split_once('"')?;
        if weak || !is_weak {
            tags.push(tag.strip_suffix(GZIP_SUFFIX).unwrap_or(tag).to_owned());
        }
        let behind = behind.trim_start_matches([' ', '\t']);
        if !behind.is_empty() && !behind.starts_with(',') {
            return None;
        }
        rest = behind.trim_start_matches([' ', '\t', ',']);
    }
    Some(TagList::Tags(tags))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tags(list: &[&str]) -> Option<TagList> {
        let list = list.iter().map(|tag| (*tag).to_owned());
        Some(TagList::Tags(list.collect()))
    }

    #[test]
    fn a_list_of_entity_tags_is_read_as_the_standard_has_it() {
        assert_eq!(parse_tags("*", false), Some(TagList::Any));
        assert_eq!(parse_tags(" * ", false), Some(TagList::Any));
        assert_eq!(parse_tags(r#""a""#, false), tags(&["a"]));
        assert_eq!(
            parse_tags(r#""a", "b,c" ,"d""#, false),
            tags(&["a", "b,c", "d"])
        );
        assert_eq!(parse_tags(r#", "a",,"#, false), tags(&["a"]));
        assert_eq!(parse_tags(r#"W/"a", "b""#, false), tags(&["b"]));
        assert_eq!(parse_tags(r#"W/"a", "b""#, true), tags(&["a", "b"]));
        assert_eq!(parse_tags(r#""a-gzip""#, false), tags(&["a"]));
        for wrong in [
            "a",
            r#""a"#,
            r#""a" "b""#,
            r#""a"b"#,
            r#"w/"a""#,
            r#"*, "a""#,
        ] {
            assert_eq!(parse_tags(wrong, true), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_sent_is_read_without_a_panic(text in ".*", weak: bool) {
            parse_tags(&text, weak);
        }
    }
}
