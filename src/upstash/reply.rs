//! Replies, decoded from Upstash's JSON.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};

use super::UpstashError;

/// A reply in Redis's terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// No value.
    Nil,
    /// An integer.
    Int(i64),
    /// Bytes; a status such as `OK` too.
    Bytes(Vec<u8>),
    /// A list of replies.
    List(Vec<Reply>),
}

impl Reply {
    /// The items of a list.
    ///
    /// # Errors
    /// [`UpstashError::Malformed`] for anything else.
    pub fn into_list(self) -> Result<Vec<Self>, UpstashError> {
        match self {
            Self::List(items) => Ok(items),
            Self::Nil | Self::Int(_) | Self::Bytes(_) => Err(UpstashError::Malformed),
        }
    }

    /// A string of text.
    ///
    /// # Errors
    /// [`UpstashError::Malformed`] for anything else.
    pub fn into_text(self) -> Result<String, UpstashError> {
        match self {
            Self::Bytes(bytes) => String::from_utf8(bytes).map_err(|_| UpstashError::Malformed),
            Self::Nil | Self::Int(_) | Self::List(_) => Err(UpstashError::Malformed),
        }
    }
}

/// With `Upstash-Encoding: base64` every string is base64, but for the bare status `OK`, which is not
/// valid base64 and so cannot be mistaken.
impl<'de> Deserialize<'de> for Reply {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReplyVisitor)
    }
}

struct ReplyVisitor;

impl<'de> Visitor<'de> for ReplyVisitor {
    type Value = Reply;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Redis reply")
    }

    fn visit_unit<E>(self) -> Result<Reply, E> {
        Ok(Reply::Nil)
    }

    fn visit_i64<E>(self, value: i64) -> Result<Reply, E> {
        Ok(Reply::Int(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Reply, E> {
        i64::try_from(value).map(Reply::Int).map_err(E::custom)
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Reply, E> {
        if value == "OK" {
            return Ok(Reply::Bytes(value.into()));
        }
        STANDARD.decode(value).map(Reply::Bytes).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Reply, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Reply::List(items))
    }
}

/// The outcome of one command: a result or an error.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Entry {
    result: Option<Reply>,
    error: Option<String>,
}

impl Entry {
    pub(super) fn parse_one(json: &[u8]) -> Result<Self, UpstashError> {
        serde_json::from_slice(json).map_err(|_| UpstashError::Malformed)
    }

    /// The response to a pipeline; one that is refused as a whole has a single error instead.
    pub(super) fn parse_all(json: &[u8]) -> Result<Vec<Self>, UpstashError> {
        if let Ok(entries) = serde_json::from_slice(json) {
            return Ok(entries);
        }
        match Self::parse_one(json)?.into_reply() {
            Err(error) => Err(error),
            Ok(_) => Err(UpstashError::Malformed),
        }
    }

    pub(super) fn into_reply(self) -> Result<Reply, UpstashError> {
        match self.error {
            Some(text) => Err(UpstashError::from_text(&text)),
            None => Ok(self.result.unwrap_or(Reply::Nil)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Reply, UpstashError> {
        Entry::parse_one(json.as_bytes()).and_then(Entry::into_reply)
    }

    #[test]
    fn decodes_every_kind_of_reply() {
        assert_eq!(
            parse(r#"{"result":"OK"}"#),
            Ok(Reply::Bytes(b"OK".to_vec()))
        );
        assert_eq!(parse(r#"{"result":null}"#), Ok(Reply::Nil));
        assert_eq!(
            parse(r#"{"result":["/w==",-3,null,[""]]}"#),
            Ok(Reply::List(vec![
                Reply::Bytes(vec![0xff]),
                Reply::Int(-3),
                Reply::Nil,
                Reply::List(vec![Reply::Bytes(vec![])]),
            ]))
        );
    }

    #[test]
    fn anything_else_is_malformed() {
        for json in [
            "",
            "<html>",
            "[]",
            r#"{"result":"not base64!"}"#,
            r#"{"result":1.5}"#,
        ] {
            assert_eq!(parse(json), Err(UpstashError::Malformed), "{json}");
        }
    }

    #[test]
    fn an_error_entry_is_an_error() {
        let entries = Entry::parse_all(br#"[{"result":1},{"error":"ERR no"}]"#).unwrap();
        let replies: Result<Vec<_>, _> = entries.into_iter().map(Entry::into_reply).collect();
        assert_eq!(replies, Err(UpstashError::Command("ERR no".into())));
        assert!(matches!(
            Entry::parse_all(br#"{"error":"ERR failed to parse pipeline request"}"#),
            Err(UpstashError::Command(_))
        ));
    }
}
