//! Parts of a message, which the client's library defines: objects with a string `type`. They are stored as the text
//! they came as; what is read of them here is only for checks, for the text derived from them, and for Markdown.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{Deserialize, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::json::text_of;
use super::{Invalid, limits};
use crate::ErrorCode;

/// Validates an array of parts; `path` is its place in the request.
///
/// # Errors
/// `invalid_field` where it is no array of objects with a string `type`; `message_too_large` above the limits.
pub(super) fn check_parts(json: &str, path: &str) -> Result<(), Invalid> {
    if json.len() > limits::PARTS {
        return Err(too_large(path, &format!("{} bytes of JSON", limits::PARTS)));
    }
    let parts = items(json)
        .ok_or_else(|| Invalid::field(path, "an array of objects with a string `type`"))?;
    if parts.len() > limits::PART_COUNT {
        return Err(too_large(path, &format!("{} parts", limits::PART_COUNT)));
    }
    for (index, part) in parts.iter().enumerate() {
        let fields = Fields::parse(part)
            .ok_or_else(|| Invalid::field(&format!("{path}[{index}]"), "an object"))?;
        if fields.text("type").is_none() {
            return Err(Invalid::field(&format!("{path}[{index}].type"), "a string"));
        }
    }
    Ok(())
}

fn too_large(path: &str, most: &str) -> Invalid {
    Invalid::new(
        ErrorCode::MessageTooLarge,
        format!("{path}: at most {most}"),
    )
}

/// The items of a JSON array, up to [`limits::PART_COUNT`] and one more; `None` if it is not an array.
pub(super) fn items(json: &str) -> Option<Vec<&str>> {
    let Items(items) = json
        .starts_with('[')
        .then(|| serde_json::from_str(json))?
        .ok()?;
    Some(items)
}

struct Items<'a>(Vec<&'a str>);

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ItemsVisitor)
    }
}

struct ItemsVisitor;

impl<'de> Visitor<'de> for ItemsVisitor {
    type Value = Items<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items<'de>, A::Error> {
        let mut items = Vec::new();
        while items.len() <= limits::PART_COUNT {
            match seq.next_element::<&'de RawValue>()? {
                Some(item) => items.push(item.get()),
                None => return Ok(Items(items)),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Items(items))
    }
}

/// The fields that any known kind of part is read by. All others are passed over, however many they are.
#[rustfmt::skip]
const KNOWN: &[&str] = &[
    "action", "args", "argsText", "arguments", "code", "content", "data", "error", "errorText", "file", "file_url",
    "filename", "image", "image_url", "input", "is_error", "isError", "mediaType", "media_type", "mimeType", "name",
    "output", "outputs", "parts", "query", "refusal", "result", "source", "state", "summary", "text", "think", "thinking",
    "title", "toolName", "type", "url", "value",
];

/// The known members of an object, each value as its JSON text.
pub(super) struct Fields<'a>(Vec<(&'static str, &'a str)>);

impl<'a> Fields<'a> {
    /// Splits an object; `None` if it is not an object.
    pub(super) fn parse(json: &'a str) -> Option<Self> {
        json.starts_with('{')
            .then(|| serde_json::from_str(json))?
            .ok()
    }

    /// The JSON text of a member; a null counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        let found = self.0.iter().rev().find(|(known, _)| *known == name);
        found.map(|(_, json)| *json).filter(|json| *json != "null")
    }

    /// The first of these members that is there.
    pub(super) fn any(&self, names: &[&str]) -> Option<&'a str> {
        names.iter().find_map(|name| self.get(name))
    }

    /// A member that is a string.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(text_of)
    }

    /// The first of these members that is a string with anything in it.
    pub(super) fn any_text(&self, names: &[&str]) -> Option<String> {
        let mut texts = names.iter().filter_map(|name| self.text(name));
        texts.find(|text| !text.is_empty())
    }

    /// A member that is an object.
    pub(super) fn object(&self, name: &str) -> Option<Self> {
        self.get(name).and_then(Self::parse)
    }
}

/// Where a name stands twice, the last value counts, as in JavaScript.
impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields: Vec<(&'static str, &'de str)> = Vec::new();
        while let Some(name) = map.next_key_seed(NameSeed)? {
            match name {
                Some(name) => {
                    let json = map.next_value::<&'de RawValue>()?.get();
                    fields.retain(|(known, _)| *known != name);
                    fields.push((name, json));
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Fields(fields))
    }
}

/// Reads a name as bytes rather than as a string: a client's own may contain lone surrogates.
struct NameSeed;

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for NameSeed {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(KNOWN.iter().find(|name| name.as_bytes() == bytes).copied())
    }
}

/// Text or JSON in which encoded bytes are replaced by how many there are: nobody reads base64.
pub(super) fn without_base64(text: &str) -> Cow<'_, str> {
    /// The shortest run that counts as encoded: longer than keys, hashes and signatures in hexadecimal.
    const SHORTEST: usize = 400;
    let is_encoded =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-');
    if text.len() < SHORTEST {
        return text.into();
    }
    let (mut result, mut kept) = (String::new(), 0);
    let mut begin = 0;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        if is_encoded(c) {
            continue;
        }
        if at - begin >= SHORTEST {
            result += &text[kept..begin];
            result += &format!("…({} bytes)", at - begin);
            kept = at;
        }
        begin = at + c.len_utf8();
    }
    if kept == 0 {
        return text.into();
    }
    result += &text[kept..];
    result.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(json: &str) -> Option<ErrorCode> {
        check_parts(json, "parts").err().map(|error| error.code)
    }

    #[test]
    fn parts_are_objects_with_a_type_and_anything_else() {
        for json in [
            "[]",
            r#"[{"type":"text","text":"x"}]"#,
            r#"[{"type":"","n":1e400,"\ud83d":"\ud83d","type":"a"},{"type":"\u0074ext"}]"#,
        ] {
            assert_eq!(code(json), None, "{json}");
        }
        let many: Vec<String> = (0..5_000).map(|i| format!("\"{i}\":0")).collect();
        assert_eq!(
            code(&format!("[{{{},\"type\":\"x\"}}]", many.join(","))),
            None
        );
        for json in [
            "{}",
            "\"text\"",
            "null",
            "[1]",
            "[null]",
            "[[]]",
            "[{}]",
            r#"[{"type":5}]"#,
            r#"[{"type":null}]"#,
            r#"[{"type":"x","type":null}]"#,
        ] {
            assert_eq!(code(json), Some(ErrorCode::InvalidField), "{json}");
        }
    }

    #[test]
    fn there_may_be_so_many_and_so_much() {
        let count = |count: usize| format!("[{}]", vec![r#"{"type":"x"}"#; count].join(","));
        assert_eq!(code(&count(limits::PART_COUNT)), None);
        assert_eq!(
            code(&count(limits::PART_COUNT + 1)),
            Some(ErrorCode::MessageTooLarge)
        );
        let bytes = |length: usize| format!("[{{\"type\":\"{}\"}}]", "x".repeat(length - 13));
        assert_eq!(code(&bytes(limits::PARTS)), None);
        assert_eq!(
            code(&bytes(limits::PARTS + 1)),
            Some(ErrorCode::MessageTooLarge)
        );
    }

    #[test]
    fn base64_is_told_by_its_length() {
        let image = "iVBORw0KGgo=".repeat(100);
        let text = format!(
            "{{\"a\":\"é\",\"data\":\"{image}\",\"b\":\"{}\"}}",
            "ab ".repeat(300)
        );
        let short = without_base64(&text);
        assert!(short.contains("\"data\":\"…(1200 bytes)\",\"b\":\"ab ab"));
        assert!(!short.contains("iVBOR"));
        assert_eq!(without_base64(&image), "…(1200 bytes)");
        assert_eq!(without_base64("short"), "short");
    }

    proptest! {
        #[test]
        fn any_text_without_long_words_stays(text in "(?s).{0,300}") {
            let text = text.replace('=', " ") + " ";
            let text = text.repeat(3);
            prop_assert_eq!(without_base64(&text), text.as_str());
        }
    }
}
