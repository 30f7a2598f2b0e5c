//! JSON objects taken apart and put together without decoding the values in them.

use std::fmt::{self, Write};

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Invalid, limits};

/// The members of a JSON object in the order they came, each value as it was sent.
#[derive(Debug, Default)]
pub struct Object<'a> {
    members: Vec<(String, &'a RawValue)>,
}

impl<'a> Object<'a> {
    /// Takes `json` apart.
    ///
    /// # Errors
    /// `invalid_json` if it is not an object, or has too many members.
    pub fn parse(json: &'a [u8], path: &str) -> Result<Self, Invalid> {
        serde_json::from_slice(json).map_err(|error| describe(&error, path, "a JSON object"))
    }

    /// Removes a member and returns its value.
    pub fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        let index = self.members.iter().position(|(known, _)| known == name)?;
        Some(self.members.remove(index).1)
    }

    /// The value of a member.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        let found = self.members.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| *value)
    }

    /// The members that are left.
    pub fn members(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.members
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
    }

    /// Refuses more members than a client may add; to be called when our own are taken out.
    ///
    /// # Errors
    /// `invalid_json`.
    pub fn check_len(&self, path: &str) -> Result<(), Invalid> {
        self.check_len_with(path, 0)
    }

    /// As [`Object::check_len`], with `more` members that are added to it.
    ///
    /// # Errors
    /// `invalid_json`.
    pub(super) fn check_len_with(&self, path: &str, more: usize) -> Result<(), Invalid> {
        if self.members.len() + more > limits::FIELDS {
            return Err(too_many_fields(path, "a JSON object"));
        }
        Ok(())
    }

    /// Whether no member is left.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

/// Where a name stands twice, the last value counts, as in JavaScript.
impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
        let mut object = Object::default();
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            object.take(&name);
            object.members.push((name, value));
            if object.members.len() > limits::FIELDS + limits::OWN_FIELDS {
                return Err(de::Error::custom("too many fields"));
            }
        }
        Ok(object)
    }
}

/// Takes a JSON array apart.
///
/// # Errors
/// `invalid_json` where it is none.
pub fn array_of<'a>(json: &'a [u8], path: &str) -> Result<Vec<&'a RawValue>, Invalid> {
    serde_json::from_slice(json).map_err(|error| describe(&error, path, "a JSON array"))
}

/// Says where JSON ends to be valid. The parser's own text may quote what was sent, so it is not used.
fn describe(error: &serde_json::Error, path: &str, expected: &str) -> Invalid {
    if error.is_data() {
        return too_many_fields(path, expected);
    }
    Invalid::json(format!(
        "{path}: not valid JSON at line {}, column {}",
        error.line(),
        error.column()
    ))
}

fn too_many_fields(path: &str, expected: &str) -> Invalid {
    Invalid::json(format!(
        "{path}: expected {expected} of at most {} fields",
        limits::FIELDS
    ))
}

/// Writes a JSON object from values that are JSON already.
#[derive(Debug)]
pub(crate) struct ObjectWriter {
    json: String,
}

impl ObjectWriter {
    /// Begins an object; `capacity` is a guess at its size in bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        let mut json = String::with_capacity(capacity);
        json.push('{');
        Self { json }
    }

    /// Adds a member whose value is JSON text.
    #[must_use]
    pub fn raw(mut self, name: &str, json: &str) -> Self {
        self.begin_member(name);
        self.json.push_str(json);
        self
    }

    /// Adds a member whose name, too, is JSON text.
    pub(super) fn push(&mut self, quoted_name: &str, json: &str) {
        self.separate();
        self.json.push_str(quoted_name);
        self.json.push(':');
        self.json.push_str(json);
    }

    /// Adds a string.
    #[must_use]
    pub fn string(mut self, name: &str, value: &str) -> Self {
        self.begin_member(name);
        push_quoted(&mut self.json, value);
        self
    }

    /// Adds a string, or null.
    #[must_use]
    pub fn optional(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.string(name, value),
            None => self.raw(name, "null"),
        }
    }

    /// Adds something that displays as a JSON number or boolean.
    #[must_use]
    pub fn plain(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.begin_member(name);
        self.push_display(value);
        self
    }

    /// Adds a string that needs no escaping: a date, an id.
    #[must_use]
    pub fn display(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.begin_member(name);
        self.json.push('"');
        self.push_display(value);
        self.json.push('"');
        self
    }

    /// Adds an array of values that are JSON already.
    #[must_use]
    pub fn array<I>(mut self, name: &str, items: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        self.begin_member(name);
        self.json.push('[');
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.json.push(',');
            }
            self.json.push_str(item.as_ref());
        }
        self.json.push(']');
        self
    }

    /// Adds an array of strings that need no escaping.
    #[must_use]
    pub fn display_array<I>(self, name: &str, items: I) -> Self
    where
        I: IntoIterator,
        I::Item: fmt::Display,
    {
        let quoted = items.into_iter().map(|item| format!("\"{item}\""));
        self.array(name, quoted)
    }

    /// Ends the object.
    pub fn finish(mut self) -> String {
        self.json.push('}');
        self.json
    }

    fn begin_member(&mut self, name: &str) {
        self.separate();
        push_quoted(&mut self.json, name);
        self.json.push(':');
    }

    fn separate(&mut self) {
        if self.json.len() > 1 {
            self.json.push(',');
        }
    }

    fn push_display(&mut self, value: impl fmt::Display) {
        // Writing to memory cannot fail.
        let _ = write!(self.json, "{value}");
    }
}

/// A string as JSON text.
pub(super) fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    push_quoted(&mut json, text);
    json
}

/// Adds a string as JSON text: unchanged if nothing in it needs escaping, as in all names used here.
fn push_quoted(json: &mut String, text: &str) {
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        json.push('"');
        json.push_str(text);
        json.push('"');
    } else {
        json.push_str(&serde_json::Value::from(text).to_string());
    }
}

/// The whole number that a JSON number is. JSON knows one kind of numbers: `5.0` is as whole as `5`, and
/// some languages write no other.
pub(crate) fn whole_number(json: &str) -> Option<i64> {
    if let Ok(number) = json.parse() {
        return Some(number);
    }
    // Not by the JSON parser, which is imprecise for numbers with many digits.
    let number: f64 = json.parse().ok()?;
    let is_exact = number.fract() == 0.0 && number.abs() <= LARGEST_EXACT;
    is_exact.then_some(number as i64)
}

/// Up to here a double represents every whole number.
const LARGEST_EXACT: f64 = 9_007_199_254_740_991.0;

/// A JSON string as this service writes it, whatever is escaped in it; `None` where `json` is no string.
pub(crate) fn normalize_text(json: &str) -> Option<String> {
    text_of(json).map(|text| quoted(&text))
}

/// The text of a JSON string. Halves of surrogate pairs, which JavaScript's strings may hold, become
/// replacement characters; everything else is exact. `None` where `json` is no string.
pub(crate) fn text_of(json: &str) -> Option<String> {
    struct Bytes(Vec<u8>);

    impl<'de> Deserialize<'de> for Bytes {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            // As bytes rather than as a string: only so does the parser let lone surrogates pass.
            deserializer.deserialize_bytes(BytesVisitor)
        }
    }

    struct BytesVisitor;

    impl Visitor<'_> for BytesVisitor {
        type Value = Bytes;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
            Ok(Bytes(bytes.to_vec()))
        }
    }

    if !json.starts_with('"') {
        return None;
    }
    let Bytes(bytes) = serde_json::from_str(json).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use proptest::prelude::*;

    #[test]
    fn keeps_values_as_they_were_sent() {
        let json =
            br#"{"b": 1e400, "a":"\ud83d", "b": 12345678901234567890123 , "\u0061b":[1, 2]}"#;
        let object = Object::parse(json, "body").unwrap();
        let members: Vec<_> = object
            .members()
            .map(|(name, value)| (name, value.get()))
            .collect();
        assert_eq!(
            members,
            [
                ("a", r#""\ud83d""#),
                ("b", "12345678901234567890123"),
                ("ab", "[1, 2]")
            ]
        );
    }

    #[test]
    fn refuses_what_is_no_object() {
        for json in [
            "",
            "[]",
            "1",
            "{",
            "{\"a\":}",
            "{\"a\":1}x",
            "\"x\"",
            "{\"a\":\"\u{1}\"}",
        ] {
            let error = Object::parse(json.as_bytes(), "body").unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidJson, "{json}");
        }
        assert!(Object::parse(b"{\"a\":\"\xff\"}", "body").is_err());
        let many: Vec<String> = (0..=limits::FIELDS + limits::OWN_FIELDS)
            .map(|i| format!("\"{i}\":0"))
            .collect();
        assert!(Object::parse(format!("{{{}}}", many.join(",")).as_bytes(), "x").is_err());
        let json = format!("{{{}}}", many[..101].join(","));
        let mut object = Object::parse(json.as_bytes(), "x").unwrap();
        assert_eq!(
            object.check_len("x").unwrap_err().code,
            ErrorCode::InvalidJson
        );
        object.take("7");
        assert_eq!(object.check_len("x"), Ok(()));
    }

    #[test]
    fn reads_text_with_half_an_emoji() {
        assert_eq!(text_of(r#""a\ud83d\ude00""#).as_deref(), Some("a😀"));
        assert!(text_of(r#""a\ud83d""#).unwrap().starts_with('a'));
        assert_eq!(text_of("1"), None);
    }

    #[test]
    fn whole_numbers_are_whole_however_they_are_written() {
        for json in ["5", "5.0", "5e0", "0.5e1", "50E-1"] {
            assert_eq!(whole_number(json), Some(5), "{json}");
        }
        assert_eq!(whole_number("-1.0"), Some(-1));
        assert_eq!(
            whole_number("4063390975015766.0"),
            Some(4_063_390_975_015_766)
        );
        assert_eq!(whole_number("9223372036854775807"), Some(i64::MAX));
        for json in [
            "5.5",
            "\"5\"",
            "null",
            "1e400",
            "9007199254740993.0",
            "true",
            "",
        ] {
            assert_eq!(whole_number(json), None, "{json}");
        }
    }

    proptest! {
        #[test]
        fn quotes_as_serde_does(text in ".*") {
            prop_assert_eq!(quoted(&text), serde_json::to_string(&text).unwrap());
        }

        #[test]
        fn writes_what_a_parser_reads(name in ".*", text in ".*", number: i64) {
            let json = ObjectWriter::with_capacity(0)
                .string("text", &text)
                .plain("number", number)
                .array("list", [quoted(&name)])
                .finish();
            let value: serde_json::Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(value, serde_json::json!({"text": text, "number": number, "list": [name]}));
        }
    }
}
