//! Conversations as Redis keeps them, without their messages, and as they go back.

use super::json::quoted;
use super::{ObjectWriter, Record, Timestamp, limits, title};

/// What a conversation's counters field holds; the Lua prelude writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters {
    /// Counts changes.
    pub revision: u64,
    /// Messages in it.
    pub messages: u64,
    /// Tokens of these.
    pub tokens: u64,
    /// When it began.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// When it expires, unless it is used before; `None` if never.
    pub expires: Option<Timestamp>,
}

impl Counters {
    /// Reads the field; `None` where the form is not ours.
    pub fn parse(stored: &str) -> Option<Self> {
        let words: Vec<&str> = stored.split(' ').collect();
        let word = |index: usize| words.get(index).copied();
        // An unbounded sum of an earlier release may exceed any number here.
        let number = |index: usize| {
            let is_number =
                |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
            let word = word(index).filter(is_number)?;
            Some(word.parse().unwrap_or(u64::MAX).min(limits::TOKENS))
        };
        Some(Self {
            revision: number(0)?,
            messages: number(1)?,
            tokens: number(2)?,
            created: Timestamp::from_ms(word(5)?.parse().ok()?),
            updated: Timestamp::from_ms(word(6)?.parse().ok()?),
            expires: Some(Timestamp::from_ms(word(7)?.parse().ok()?))
                .filter(|expires| *expires < Timestamp::NEVER),
        })
    }
}

/// A conversation without its messages.
#[derive(Debug)]
pub struct Summary {
    /// Its id.
    pub id: String,
    /// Its counters.
    pub counters: Counters,
    /// The entity tag of this version, without quotes; `None` while a write is not finished, for then what is read
    /// has no version.
    pub etag: Option<String>,
    /// The last message of its active path; `None` where it has none, or where an earlier release wrote last.
    pub head: Option<String>,
    pub(super) record: String,
}

impl Summary {
    /// Puts together what Redis keeps of a conversation.
    pub fn new(id: String, record: String, counters: &str) -> Option<Self> {
        let counters = Counters::parse(counters)?;
        Some(Self {
            id,
            counters,
            etag: None,
            head: None,
            record,
        })
    }

    /// With its entity tag.
    #[must_use]
    pub fn with_etag(self, etag: Option<String>) -> Self {
        Self { etag, ..self }
    }

    /// With the last message of its active path.
    #[must_use]
    pub fn with_head(self, head: Option<String>) -> Self {
        Self { head, ..self }
    }

    /// Begins the conversation as clients know it; the caller may add to it.
    pub(crate) fn to_object(&self, capacity: usize) -> ObjectWriter {
        let expires = self.counters.expires.map(|expires| expires.to_string());
        let expires = |object: ObjectWriter| object.optional("expiresAt", expires.as_deref());
        self.write_object(capacity, expires)
    }

    /// The conversation in an export, which is the same wherever and whenever it is taken: it does not say when the conversation
    /// expires.
    pub fn to_exported_json(&self) -> String {
        self.write_object(0, |object| object).finish()
    }

    fn write_object(
        &self,
        capacity: usize,
        add_expiry: impl FnOnce(ObjectWriter) -> ObjectWriter,
    ) -> ObjectWriter {
        let stored: Vec<(&str, &str)> = Record::members(&self.record).collect();
        let value = |name: &str| {
            let found = stored.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| *value)
        };
        let untitled = quoted(title::UNTITLED);
        let own = [
            "\"title\"",
            "\"pinned\"",
            "\"archived\"",
            "\"tags\"",
            "\"keep\"",
            "\"etag\"",
            "\"headId\"",
            "\"expiresAt\"",
        ];
        let object = ObjectWriter::with_capacity(self.record.len() + 320 + capacity)
            .display("id", &self.id)
            .raw("title", value(own[0]).unwrap_or(&untitled))
            .display("createdAt", self.counters.created)
            .display("updatedAt", self.counters.updated)
            .plain("messageCount", self.counters.messages)
            .plain("totalTokens", self.counters.tokens)
            .plain("revision", self.counters.revision)
            .optional("etag", self.etag.as_deref())
            .optional("headId", self.head.as_deref());
        let mut object = add_expiry(object)
            .raw("pinned", value(own[1]).unwrap_or("false"))
            .raw("keep", value(own[4]).unwrap_or("false"))
            .raw("archived", value(own[2]).unwrap_or("false"))
            .raw("tags", value(own[3]).unwrap_or("[]"));
        for (name, value) in stored.iter().filter(|(name, _)| !own.contains(name)) {
            object.push(name, value);
        }
        object
    }
}

impl Summary {
    /// Whether the user wants it to be kept.
    pub fn is_kept(&self) -> bool {
        Record::members(&self.record)
            .any(|(name, value)| ["\"keep\"", "\"pinned\""].contains(&name) && value == "true")
    }
}
