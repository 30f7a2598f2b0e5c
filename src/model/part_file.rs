//! Files, pictures and sources among the parts of a message: their names and places, wherever their library has put them.

use std::fmt;

use super::parts::Fields;

/// Something with a name and, unless it is part of the message, a URL.
#[derive(Debug, Default, PartialEq)]
pub(super) struct File {
    /// Its name or title.
    pub name: Option<String>,
    /// Its URL on the web.
    pub url: Option<String>,
    /// Whether it is a picture.
    pub is_image: bool,
}

/// Whether a kind of part is a file.
pub(super) fn is_file(kind: &str) -> bool {
    ["image", "file", "document", "audio"]
        .iter()
        .any(|word| kind.contains(word))
}

/// The name and place of a file, wherever its library has put them.
pub(super) fn file(part: &Fields<'_>, kind: &str) -> File {
    let media_type = ["mediaType", "mimeType", "media_type"];
    // Some have them one level down: `{"image_url":{"url":…}}`, `{"source":{"type":"url","url":…}}`.
    let inner = ["source", "image_url", "file", "image"]
        .iter()
        .find_map(|name| part.object(name));
    let text = |names: &[&str]| {
        let in_it = || inner.as_ref().and_then(|inner| inner.any_text(names));
        part.any_text(names).or_else(in_it)
    };
    let places = ["url", "image_url", "file_url", "image", "data", "source"];
    let is_image = kind.contains("image")
        || text(&media_type).is_some_and(|media_type| media_type.starts_with("image/"));
    File {
        name: text(&["filename", "title", "name"]),
        url: text(&places).filter(|url| is_link(url)),
        is_image,
    }
}

/// Only web URLs are linked: nothing executable, and no data.
fn is_link(url: &str) -> bool {
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    is_web && !url.contains(|c: char| c.is_whitespace() || c.is_control() || "<>".contains(c))
}

/// In brackets, as it stands in a text.
impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_image { "image" } else { "file" };
        match &self.name {
            Some(name) => write!(f, "[{kind}: {}]", first_line(name)),
            None => write!(f, "[{kind}]"),
        }
    }
}

/// The most characters of a name or a result that stand in a text.
const SHORT: usize = 200;

/// The first line with anything in it, shortened, and `…` where there is more.
pub(super) fn first_line(text: &str) -> String {
    let text = text.trim();
    let line = text.lines().next().unwrap_or_default().trim_end();
    let short: String = line.chars().take(SHORT).collect();
    match short.len() < text.len() {
        true => short + "…",
        false => short,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::part_kind::{PartKind, kinds_of};

    fn place(name: Option<&str>, url: Option<&str>, is_image: bool) -> File {
        File {
            name: name.map(Into::into),
            url: url.map(Into::into),
            is_image,
        }
    }

    #[test]
    fn files_have_names_and_places_but_no_bytes() {
        let link = Some("https://a/b.png");
        for (json, expected) in [
            (
                r#"{"type":"file","mediaType":"image/png","filename":"b","url":"https://a/b.png"}"#,
                place(Some("b"), link, true),
            ),
            (
                r#"{"type":"file","mediaType":"image/png","url":"data:image/png;base64,AAAA"}"#,
                place(None, None, true),
            ),
            (
                r#"{"type":"image","image":"https://a/b.png"}"#,
                place(None, link, true),
            ),
            (
                r#"{"type":"image","source":{"type":"url","url":"https://a/b.png"}}"#,
                place(None, link, true),
            ),
            (
                r#"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}"#,
                place(None, None, true),
            ),
            (
                r#"{"type":"image_url","image_url":{"url":"https://a/b.png"}}"#,
                place(None, link, true),
            ),
            (
                r#"{"type":"input_image","image_url":"https://a/b.png"}"#,
                place(None, link, true),
            ),
            (
                r#"{"type":"document","title":"b","source":{"type":"base64","media_type":"application/pdf","data":"AAAA"}}"#,
                place(Some("b"), None, false),
            ),
            (
                r#"{"type":"input_file","filename":"b","file_data":"AAAA"}"#,
                place(Some("b"), None, false),
            ),
            (
                r#"{"type":"file","url":"javascript:alert(1)"}"#,
                place(None, None, false),
            ),
        ] {
            assert_eq!(
                kinds_of(&format!("[{json}]")),
                [PartKind::File(expected)],
                "{json}"
            );
        }
        for (json, expected) in [
            (
                r#"{"type":"source-url","sourceId":"1","url":"https://a/b.png","title":"b"}"#,
                place(Some("b"), link, false),
            ),
            (
                r#"{"type":"source-document","mediaType":"text/plain","title":"b"}"#,
                place(Some("b"), None, false),
            ),
            (
                r#"{"type":"source","sourceType":"url","url":"https://a/b.png"}"#,
                place(None, link, false),
            ),
        ] {
            assert_eq!(
                kinds_of(&format!("[{json}]")),
                [PartKind::Source(expected)],
                "{json}"
            );
        }
    }

    #[test]
    fn a_first_line_is_short() {
        assert_eq!(first_line("\n a \nb"), "a…");
        assert_eq!(first_line(" a "), "a");
        assert_eq!(first_line(&"ä".repeat(300)).chars().count(), SHORT + 1);
    }
}
