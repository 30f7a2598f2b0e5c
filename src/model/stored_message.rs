//! Messages as Redis keeps them, and as they go back.

use super::json::text_of;
use super::message_fields::{BLOCKS, IMPLIED};
use super::packing::unpack_record;
use super::text::search_text;
use super::{ObjectWriter, Parent, Record, Timestamp};

/// A message as Redis keeps it.
#[derive(Debug)]
pub struct StoredMessage {
    id: String,
    seq: u32,
    timestamp: Timestamp,
    pub(super) record: Record,
    /// The id of its parent, or [`Parent::ROOT`]; empty if that is not shown.
    parent: String,
    /// The ids of all messages that follow the same one; empty where it is the only one.
    siblings: Vec<String>,
}

impl StoredMessage {
    /// Reads a field of the bodies hash; `None` where the message was deleted, or the form is not ours.
    pub fn parse(id: String, body: &str) -> Option<Self> {
        let (header, record) = body.split_once(Record::HEADER_END)?;
        let mut words = header.split(' ');
        Some(Self {
            id,
            seq: words.next()?.parse().ok()?,
            timestamp: Timestamp::from_ms(words.next()?.parse().ok()?),
            record: unpack_record(record)?,
            parent: String::new(),
            siblings: Vec::new(),
        })
    }

    /// With its place among the branches. `parent`: the id of the message that it follows, [`Parent::ROOT`], or empty where
    /// that is not to be told. `siblings`: the ids of all messages that follow the same one, separated by commas.
    #[must_use]
    pub fn with_place(self, parent: String, siblings: &str) -> Self {
        let siblings = siblings.split(',').filter(|id| !id.is_empty());
        Self {
            parent,
            siblings: siblings.map(str::to_owned).collect(),
            ..self
        }
    }

    /// Its number among the messages of its conversation, where there are branches: those that follow the same one are ordered
    /// by it.
    pub fn number(&self) -> Option<u32> {
        (!self.parent.is_empty()).then_some(self.seq)
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The message as clients know it.
    pub fn to_json(&self) -> String {
        let mut object =
            ObjectWriter::with_capacity(self.record.as_str().len() + self.id.len() + 64)
                .display("id", &self.id)
                .display("timestamp", self.timestamp);
        match self.parent.as_str() {
            "" => {}
            Parent::ROOT => object = object.raw("parentId", "null"),
            parent => object = object.display("parentId", parent),
        }
        if !self.siblings.is_empty() {
            object = object.display_array("siblingIds", &self.siblings);
        }
        // Values that an earlier release stored under these names are ignored where they are computed.
        let is_told = |name: &str| {
            (name == "\"parentId\"" && !self.parent.is_empty())
                || (name == "\"siblingIds\"" && !self.siblings.is_empty())
        };
        let members = Record::members(self.record.as_str()).filter(|(name, _)| !is_told(name));
        let Some(blocks) = self.blocks() else {
            members.for_each(|(name, value)| object.push(name, value));
            return object.finish();
        };
        for (name, value) in members {
            match name.trim_matches('"') {
                "content" => object.push(name, blocks.parts),
                "parts" | BLOCKS => {}
                "format" if blocks.mark == IMPLIED.mark && value == IMPLIED.format => {}
                _ => object.push(name, value),
            }
        }
        object.finish()
    }

    /// Its searchable text.
    pub fn search_text(&self) -> String {
        search_text(&self.record)
    }

    /// What kind of message it is: user, assistant, system or tool.
    pub fn kind(&self) -> Option<String> {
        self.value_of("type").and_then(text_of)
    }

    /// A member's JSON text.
    pub(super) fn value_of(&self, name: &str) -> Option<&str> {
        Record::members(self.record.as_str())
            .find(|(quoted, _)| quoted.trim_matches('"') == name)
            .map(|(_, value)| value)
    }

    /// Where the content was sent as blocks.
    fn blocks(&self) -> Option<Blocks<'_>> {
        Some(Blocks {
            mark: self.value_of(BLOCKS)?,
            parts: self.value_of("parts")?,
        })
    }

    /// About how long its JSON is, in bytes.
    pub fn size(&self) -> usize {
        self.record.as_str().len()
    }

    /// When it was written.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// Its place among messages with the same timestamp, as the messages set has it.
    pub fn member(&self) -> String {
        format!("{:08x}{}", self.seq, self.id)
    }
}

struct Blocks<'a> {
    mark: &'a str,
    parts: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::NewMessage;
    use serde_json::value::RawValue;

    /// What is read of a message that was sent like this.
    fn read(fields: &str) -> String {
        let json = format!(r#"{{"id":"m","timestamp":0,{fields}}}"#);
        let raw: Box<RawValue> = serde_json::from_str(&json).unwrap();
        let message = NewMessage::parse(&raw, "m", Timestamp::from_ms(5)).unwrap();
        let body = format!("1 0 0 digest\u{1e}{}", message.record.as_str());
        StoredMessage::parse("m".into(), &body).unwrap().to_json()
    }

    fn sent(fields: &str) -> String {
        format!(r#"{{"id":"m","timestamp":"1970-01-01T00:00:00.000Z",{fields}}}"#)
    }

    #[test]
    fn blocks_come_back_as_the_content_that_they_were() {
        let long = format!(
            r#"[{{"type":"text","text":"{}"}}, 	{{"type":"x"}}]"#,
            "hi ".repeat(900)
        );
        for blocks in ["[]", r#"[ {"type":"text","text":"hi"} ]"#, &long] {
            for more in [
                "",
                r#","format":"anthropic""#,
                r#","format":"claude-code""#,
                r#","format":null"#,
            ] {
                let fields = format!(r#""type":"user","content":{blocks},"a":"b"{more}"#);
                assert_eq!(read(&fields), sent(&fields));
            }
        }
    }

    #[test]
    fn parts_come_back_with_a_text_in_front() {
        let parts = r#""parts":[{"type":"text","text":"hi"}],"format":"anthropic""#;
        let expected = sent(&format!(r#""type":"user","content":"hi",{parts}"#));
        assert_eq!(read(&format!(r#""type":"user",{parts}"#)), expected);
        // What was read can be sent.
        assert_eq!(
            read(&format!(r#""type":"user","content":"hi",{parts}"#)),
            expected
        );
    }
}
