//! The end of an export.

use super::{Object, ObjectWriter};

/// The last line of an export. It counts what came before, which tells a complete export from a broken one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportEnd {
    /// How many conversations were exported.
    pub conversations: u64,
    /// How many messages they have.
    pub messages: u64,
}

impl ExportEnd {
    /// The field that an import knows the line by.
    pub const FIELD: &'static str = "export";
    const LONGEST: usize = 200;

    /// The line, without its line break.
    pub fn to_json(self) -> String {
        let counts = ObjectWriter::with_capacity(64)
            .plain("conversations", self.conversations)
            .plain("messages", self.messages)
            .plain("complete", true);
        let line = ObjectWriter::with_capacity(80);
        line.raw(Self::FIELD, &counts.finish()).finish()
    }

    /// Whether a line is the last one of an export, and not a conversation.
    pub fn is(line: &[u8]) -> bool {
        line.len() <= Self::LONGEST
            && Object::parse(line, "")
                .is_ok_and(|mut object| object.take(Self::FIELD).is_some() && object.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_recognized_and_no_conversation_is() {
        let end = ExportEnd {
            conversations: u64::MAX,
            messages: u64::MAX,
        };
        assert!(ExportEnd::is(end.to_json().as_bytes()));
        for line in ["", "{}", r#"{"id":"c"}"#, r#"{"export":{},"id":"c"}"#] {
            assert!(!ExportEnd::is(line.as_bytes()), "{line}");
        }
    }
}
