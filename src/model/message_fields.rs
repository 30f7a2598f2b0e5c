//! The fields of a message: what is checked of those that are known, and how all of them are stored.

use serde_json::value::RawValue;

use super::json::{text_of, whole_number};
use super::parts::check_parts;
use super::text::{derive_content, has_title};
use super::{Invalid, Object, Record, Timestamp, limits};
use crate::ErrorCode;

/// A member that stands beside a content sent as an array of blocks. Stored are then the blocks as `parts`, their format,
/// and as content the text of them: the release before knows no other.
pub(super) const BLOCKS: &str = "contentBlocks";

/// What [`BLOCKS`] holds, and the format, where the client did not name one.
pub(super) const IMPLIED: Implied = Implied {
    mark: "true",
    format: "\"anthropic\"",
};
/// What [`BLOCKS`] holds where the client named the format.
const NAMED: &str = "\"format\"";

pub(super) struct Implied {
    pub mark: &'static str,
    pub format: &'static str,
}

/// The members of a message, of a new one or of a patch, but for its id and timestamp.
pub(super) struct MessageFields<'a> {
    object: Object<'a>,
    content: Content<'a>,
    /// How many bytes of JSON a derived content may take up.
    room: usize,
}

/// The content of a message.
#[derive(Clone, Copy)]
enum Content<'a> {
    /// Nothing: there is neither content nor parts.
    Absent,
    /// A string of the client's own, maybe beside parts.
    Text,
    /// Parts, of which the text is to be made.
    Parts(&'a str),
    /// Blocks in the place of a string.
    Blocks(&'a str),
}

impl<'a> MessageFields<'a> {
    /// Checks the fields that are known. `length` is that of the whole message, in bytes of JSON.
    ///
    /// # Errors
    /// See [`Invalid`]; `message_too_large` above the limits.
    pub(super) fn parse(
        mut object: Object<'a>,
        path: &str,
        length: usize,
    ) -> Result<Self, Invalid> {
        object.take(BLOCKS);
        let content = content_of(&mut object, path)?;
        // A derived content counts, for it comes with the message when that is sent again.
        let derived = usize::from(matches!(content, Content::Parts(_)));
        object.check_len_with(path, derived)?;
        for (name, value) in object.members() {
            check_field(name, value.get(), &format!("{path}.{name}"))?;
        }
        Ok(Self {
            object,
            content,
            room: limits::MESSAGE.saturating_sub(length + ADDED),
        })
    }

    /// Whether there is a content, or one can be derived.
    pub(super) fn has_content(&self) -> bool {
        !matches!(self.content, Content::Absent)
    }

    /// Whether a title can be made of the content.
    pub(super) fn makes_title(&self) -> bool {
        match self.content {
            Content::Absent => false,
            Content::Text => true,
            Content::Parts(json) | Content::Blocks(json) => has_title(json),
        }
    }

    /// The tokens the message accounts for: its total, or where that is not given, input and output.
    ///
    /// # Errors
    /// `invalid_field`.
    pub(super) fn tokens(&self, path: &str) -> Result<Option<u64>, Invalid> {
        tokens_of(&self.object, path)
    }

    /// As they are stored.
    pub(super) fn to_record(&self) -> Record {
        let mut record = Record::default();
        for (name, value) in self.object.members() {
            match (name, self.content) {
                ("parts", Content::Parts(parts)) => {
                    record.push_packed("content", &derive_content(parts, self.room));
                    record.push_packed("parts", parts);
                }
                ("content", Content::Blocks(blocks)) => self.push_blocks(&mut record, blocks),
                _ => record.push_packed(name, value.get()),
            }
        }
        record
    }

    fn push_blocks(&self, record: &mut Record, blocks: &str) {
        record.push_packed("content", &derive_content(blocks, self.room));
        record.push_packed("parts", blocks);
        match self.object.get("format") {
            Some(_) => record.push(BLOCKS, NAMED),
            None => {
                record.push("format", IMPLIED.format);
                record.push(BLOCKS, IMPLIED.mark);
            }
        }
    }
}

/// About what is added to a message that is sent back: a timestamp, and the name of a content.
const ADDED: usize = 128;

/// Which kind of content there is. What stands in its way as null is taken out.
fn content_of<'a>(object: &mut Object<'a>, path: &str) -> Result<Content<'a>, Invalid> {
    let json = |name| object.get(name).map(RawValue::get);
    let parts = json("parts").filter(|json| *json != "null");
    match (json("content"), parts) {
        (Some(blocks), parts) if blocks.starts_with('[') => {
            if parts.is_some() {
                let expected = "no parts beside a content that is an array";
                return Err(Invalid::field(&format!("{path}.parts"), expected));
            }
            object.take("parts");
            Ok(Content::Blocks(blocks))
        }
        (None | Some("null"), Some(parts)) => {
            object.take("content");
            Ok(Content::Parts(parts))
        }
        (None, None) => Ok(Content::Absent),
        (Some(_), _) => Ok(Content::Text),
    }
}

/// Validates a field, if it is a known one.
fn check_field(name: &str, json: &str, path: &str) -> Result<(), Invalid> {
    let one_of = |allowed: &[&str], expected: &str| match allowed.contains(&json) {
        true => Ok(()),
        false => Err(Invalid::field(path, expected)),
    };
    let is = |condition: bool, expected: &str| match condition || json == "null" {
        true => Ok(()),
        false => Err(Invalid::field(path, expected)),
    };
    match name {
        "content" => check_content(json, path),
        "parts" if json != "null" => check_parts(json, path),
        "type" => one_of(
            &["\"user\"", "\"assistant\"", "\"system\"", "\"tool\""],
            "user, assistant, system or tool",
        ),
        "streaming" | "editable" => one_of(&["true", "false", "null"], "true or false"),
        "status" => one_of(
            &[
                "\"complete\"",
                "\"streaming\"",
                "\"aborted\"",
                "\"error\"",
                "null",
            ],
            "complete, streaming, aborted or error",
        ),
        "format" => {
            let is_short = |text: String| text.chars().count() <= limits::FORMAT;
            let expected = format!("a string of at most {} characters", limits::FORMAT);
            is(text_of(json).is_some_and(is_short), &expected)
        }
        "model" => is(json.starts_with('"'), "a string"),
        "usage" | "metadata" => is(json.starts_with('{'), "an object"),
        _ => Ok(()),
    }
}

fn check_content(json: &str, path: &str) -> Result<(), Invalid> {
    if json.starts_with('[') {
        return check_parts(json, path);
    }
    if !json.starts_with('"') {
        return Err(Invalid::field(path, "a string, or an array of blocks"));
    }
    // JSON is never shorter than its text, so most contents can be measured without decoding.
    if json.len() > limits::CONTENT + 2
        && text_of(json).is_none_or(|text| text.len() > limits::CONTENT)
    {
        return Err(too_large(path, "the content", limits::CONTENT));
    }
    Ok(())
}

pub(super) fn too_large(path: &str, what: &str, limit: usize) -> Invalid {
    Invalid::new(
        ErrorCode::MessageTooLarge,
        format!("{path}: {what} of a message may have at most {limit} bytes"),
    )
}

fn tokens_of(object: &Object<'_>, path: &str) -> Result<Option<u64>, Invalid> {
    let Some(raw) = object.get("tokens") else {
        return Ok(None);
    };
    if raw.get() == "null" {
        return Ok(Some(0));
    }
    let path = format!("{path}.tokens");
    let tokens = Object::parse(raw.get().as_bytes(), &path)
        .map_err(|_| Invalid::field(&path, "an object of input, output, total"))?;
    let number = |name: &str| match tokens.get(name) {
        None => Ok(None),
        Some(value) => parse_tokens(value, &format!("{path}.{name}")).map(Some),
    };
    let (input, output, total) = (number("input")?, number("output")?, number("total")?);
    let sum = input.unwrap_or(0).saturating_add(output.unwrap_or(0));
    Ok(Some(total.unwrap_or(sum).min(limits::TOKENS)))
}

/// A number of tokens.
pub(super) fn parse_tokens(raw: &RawValue, path: &str) -> Result<u64, Invalid> {
    whole_number(raw.get())
        .and_then(|tokens| u64::try_from(tokens).ok())
        .filter(|tokens| *tokens <= limits::TOKENS)
        .ok_or_else(|| Invalid::field(path, "a whole number of tokens"))
}

pub(super) fn take_timestamp(
    object: &mut Object<'_>,
    path: &str,
) -> Result<Option<Timestamp>, Invalid> {
    object
        .take("timestamp")
        .map(|raw| Timestamp::parse(raw, &format!("{path}.timestamp")))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::super::packing::unpack_record;
    use super::*;

    fn fields(json: &str) -> Result<MessageFields<'_>, Invalid> {
        let object = Object::parse(json.as_bytes(), "m").unwrap();
        MessageFields::parse(object, "m", json.len())
    }

    /// The members as they are stored, before they are packed.
    fn stored(json: &str) -> Vec<(String, String)> {
        let record = fields(json).ok().unwrap().to_record();
        let record = unpack_record(record.as_str()).unwrap();
        Record::members(record.as_str())
            .map(|(name, value)| (name.trim_matches('"').to_owned(), value.to_owned()))
            .collect()
    }

    fn named(members: &[(&str, &str)]) -> Vec<(String, String)> {
        let members = members.iter();
        members
            .map(|(name, json)| ((*name).to_owned(), (*json).to_owned()))
            .collect()
    }

    const HI: &str = r#"[{"type":"text","text":"hi"}]"#;

    #[test]
    fn a_string_is_stored_as_it_is() {
        let json = r#"{"type":"user","content":"x","parts":null,"contentBlocks":true,"a":1}"#;
        let expected = [
            ("type", "\"user\""),
            ("content", "\"x\""),
            ("parts", "null"),
            ("a", "1"),
        ];
        assert_eq!(stored(json), named(&expected));
        let both = format!(r#"{{"content":"x","parts":{HI}}}"#);
        assert_eq!(stored(&both), named(&[("content", "\"x\""), ("parts", HI)]));
    }

    #[test]
    fn parts_get_a_text_beside_them() {
        for content in ["", r#","content":null"#] {
            let json = format!(r#"{{"parts":{HI}{content}}}"#);
            assert_eq!(
                stored(&json),
                named(&[("content", "\"hi\""), ("parts", HI)])
            );
        }
    }

    #[test]
    fn blocks_are_parts_with_a_mark() {
        let blocks = [("content", "\"hi\""), ("parts", HI)];
        let implied = [("format", IMPLIED.format), (BLOCKS, IMPLIED.mark)];
        let json = format!(r#"{{"content":{HI},"parts":null}}"#);
        assert_eq!(stored(&json), named(&[blocks, implied].concat()));
        let own = [(BLOCKS, NAMED), ("format", "\"anthropic\"")];
        let json = format!(r#"{{"content":{HI},"format":"anthropic","contentBlocks":false}}"#);
        assert_eq!(stored(&json), named(&[blocks, own].concat()));
    }

    #[test]
    fn a_derived_text_has_room_beside_its_parts() {
        let text = "\u{1}".repeat(400_000);
        let parts = format!(
            r#"[{{"type":"text","text":{}}}]"#,
            super::super::json::quoted(&text)
        );
        let json = format!(r#"{{"parts":{parts},"more":"{}"}}"#, "x".repeat(1_000_000));
        let members = stored(&json);
        let length: usize = members.iter().map(|(_, value)| value.len()).sum();
        assert!(
            (limits::MESSAGE - 1_000..limits::MESSAGE).contains(&length),
            "{length}"
        );
    }

    #[test]
    fn known_fields_are_checked() {
        for json in [
            r#"{"status":"complete","format":"ai-sdk/v7","model":"m","usage":{},"metadata":{}}"#,
            r#"{"status":null,"format":null,"model":null,"usage":null,"metadata":null,"parts":null}"#,
            r#"{"type":"tool","content":[]}"#,
        ] {
            assert!(fields(json).is_ok(), "{json}");
        }
        let long = format!(r#"{{"format":"{}"}}"#, "ä".repeat(65));
        for json in [
            &long,
            r#"{"status":"done"}"#,
            r#"{"format":5}"#,
            r#"{"model":{}}"#,
            r#"{"usage":7}"#,
            r#"{"metadata":[]}"#,
            r#"{"parts":{}}"#,
            r#"{"parts":"x"}"#,
            r#"{"content":{}}"#,
            r#"{"content":null}"#,
            r#"{"content":["x"]}"#,
            r#"{"content":[],"parts":[]}"#,
        ] {
            let code = fields(json).err().map(|error| error.code);
            assert_eq!(code, Some(ErrorCode::InvalidField), "{json}");
        }
        let many: Vec<String> = (0..98).map(|i| format!("\"{i}\":0")).collect();
        let many = many.join(",");
        assert!(fields(&format!(r#"{{"type":"user","parts":[],{}}}"#, &many[6..])).is_ok());
        assert!(fields(&format!(r#"{{"type":"user","parts":[],{many}}}"#)).is_err());
        assert!(fields(&format!(r#"{{"type":"user","content":[],{many}}}"#)).is_ok());
    }
}
