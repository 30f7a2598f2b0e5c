//! JSON read level by level: each value stays the original text until its content is needed.
//!
//! So nothing below the known levels is decoded, reordered or rounded, however deep it is: the parser skips it without
//! recursion.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON value, as the text it came as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// Checks that `text` is one JSON value.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        serde_json::from_str::<&RawValue>(text)
            .ok()
            .map(|raw| Self(raw.get()))
    }

    /// A piece of a text that was checked; `None` where it is empty.
    pub(crate) fn of_valid(text: &'a str) -> Option<Self> {
        (!text.is_empty()).then_some(Self(text))
    }

    /// The text.
    pub(crate) fn as_str(self) -> &'a str {
        self.0
    }

    /// The value to be put into other JSON.
    pub(crate) fn to_raw(self) -> Box<RawValue> {
        raw(self.0.to_owned())
    }

    pub(crate) fn is_null(self) -> bool {
        self.0 == "null"
    }

    pub(crate) fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    pub(crate) fn is_array(self) -> bool {
        self.0.starts_with('[')
    }

    pub(crate) fn object(self) -> Option<Object<'a>> {
        self.is_object().then(|| serde_json::from_str(self.0))?.ok()
    }

    pub(crate) fn items(self) -> Option<Vec<Self>> {
        let items: Vec<&'a RawValue> = self
            .is_array()
            .then(|| serde_json::from_str(self.0))?
            .ok()?;
        Some(items.into_iter().map(|raw| Self(raw.get())).collect())
    }

    /// The text of a string. Halves of surrogate pairs become replacement characters.
    pub(crate) fn text(self) -> Option<String> {
        let Text(text) = self
            .0
            .starts_with('"')
            .then(|| serde_json::from_str(self.0))?
            .ok()?;
        Some(text)
    }

    pub(crate) fn number(self) -> Option<f64> {
        self.0
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
    }

    /// A count: a whole number, not negative.
    pub(crate) fn count(self) -> Option<u64> {
        /// Up to here a double is exact, and the service accepts token counts.
        const LARGEST: f64 = 9_007_199_254_740_991.0;
        self.number()
            .filter(|number| (0.0..=LARGEST).contains(number))
            .map(|number| number as u64)
    }
}

/// Text that is known to be JSON, to be put into other JSON.
pub(crate) fn raw(json: String) -> Box<RawValue> {
    RawValue::from_string(json).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// A string as JSON.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The members of an object, in their order.
#[derive(Debug, Default)]
pub(crate) struct Object<'a>(Vec<(String, Json<'a>)>);

impl<'a> Object<'a> {
    pub(crate) fn of_members(members: Vec<(String, Json<'a>)>) -> Self {
        Self(members)
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, Json<'a>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// The value of a member; null counts as absent. Where a name stands twice, the last value counts, as in JavaScript.
    pub(crate) fn get(&self, name: &str) -> Option<Json<'a>> {
        let found = self.0.iter().rev().find(|(known, _)| known == name);
        found
            .map(|(_, value)| *value)
            .filter(|json| !json.is_null())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.text()
    }

    /// A string with anything in it.
    pub(crate) fn nonempty(&self, name: &str) -> Option<String> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// The first of these members that is a string with anything in it.
    pub(crate) fn any_text(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.nonempty(name))
    }

    pub(crate) fn object(&self, name: &str) -> Option<Object<'a>> {
        self.get(name)?.object()
    }

    /// The items of an array; none where there is no array.
    pub(crate) fn items(&self, name: &str) -> Vec<Json<'a>> {
        self.get(name).and_then(Json::items).unwrap_or_default()
    }

    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|json| json.as_str() == "true")
    }

    pub(crate) fn count(&self, name: &str) -> Option<u64> {
        self.get(name)?.count()
    }
}

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
        let mut members = Vec::new();
        while let Some(Text(name)) = map.next_key_seed(TextSeed)? {
            members.push((name, Json(map.next_value::<&'de RawValue>()?.get())));
        }
        Ok(Object(members))
    }
}

/// A string that may contain lone surrogates.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        TextSeed.deserialize(deserializer)
    }
}

struct TextSeed;

impl<'de> DeserializeSeed<'de> for TextSeed {
    type Value = Text;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Text, D::Error> {
        // As bytes rather than as a string: only then does the parser accept lone surrogates.
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for TextSeed {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Text, E> {
        Ok(Text(String::from_utf8_lossy(bytes).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_as_they_came() {
        let json = Json::parse(r#" {"b": 1.50, "a":"\ud83d", "b": 12345678901234567890123 } "#);
        let object = json.unwrap().object().unwrap();
        assert_eq!(object.get("b").unwrap().as_str(), "12345678901234567890123");
        assert!(object.text("a").is_some());
        let names: Vec<_> = object.members().map(|(name, _)| name).collect();
        assert_eq!(names, ["b", "a", "b"]);
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
        let object = Json::parse(&deep).unwrap().object().unwrap();
        assert_eq!(object.items("a").len(), 1);
        assert!(Json::parse(&deep[..200_000]).is_none());
    }

    #[test]
    fn counts_are_whole_and_not_negative() {
        let count = |text| Json::parse(text).unwrap().count();
        assert_eq!(count("12"), Some(12));
        assert_eq!(count("12.0"), Some(12));
        for text in ["-1", "1e300", "\"1\"", "null"] {
            assert_eq!(count(text), None, "{text}");
        }
    }
}
