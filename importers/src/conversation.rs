//! What `POST /api/import` takes: conversations and their messages, as they are serialized.

use std::collections::HashMap;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::json::{Json, Object};

/// A conversation to be imported.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum ImportedConversation {
    /// Converted from another system.
    Converted(Box<Conversation>),
    /// One in the service's own form, untouched.
    Own(Box<RawValue>),
}

impl ImportedConversation {
    /// The converted conversation; `None` for one in the service's own form.
    pub fn converted(&self) -> Option<&Conversation> {
        match self {
            Self::Converted(conversation) => Some(conversation),
            Self::Own(_) => None,
        }
    }
}

/// A conversation in the service's form.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// Derived from the source's id: always the same.
    pub id: String,
    /// Absent if the source has none: the service then generates one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// When it began: ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// When it last changed: ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
    /// The last message of the active path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_id: Option<String>,
    /// Whether it was archived.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
    /// Whether it was pinned.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    /// Its tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Where it comes from: `kind`, `id`, and further data of the source.
    pub source: Fields,
    /// Each after the one it follows.
    pub messages: Vec<Message>,
}

/// A message in the service's form.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Derived from the source's id: always the same.
    pub id: String,
    /// Who speaks.
    #[serde(rename = "type")]
    pub role: Role,
    /// The text of a text-only message; the service derives that of others from their parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// The format of the parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<&'static str>,
    /// Text, tool calls, results, reasoning, files: each an object with a string `type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<Vec<Box<RawValue>>>,
    /// ISO 8601. Absent if the source has no times at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// Its parent, `None` at the beginning of the conversation. It may be a message of an earlier portion.
    pub parent_id: Option<String>,
    /// Set if it is not complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Which model wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The tokens it accounts for, as the service counts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
    /// The same in detail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Further data: `dateEstimated`, `parentMissing`, and what the format's page lists.
    #[serde(skip_serializing_if = "Fields::is_empty")]
    pub metadata: Fields,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A person.
    User,
    /// A model.
    Assistant,
    /// Neither: notices, summaries.
    System,
    /// A tool, with its result.
    Tool,
}

/// Why a message is not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It was stopped.
    Aborted,
    /// It failed.
    Error,
}

/// Tokens as the service counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tokens {
    /// All that was read, from the cache or not.
    pub input: u64,
    /// What was written.
    pub output: u64,
}

/// Tokens in detail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Read, but not from the cache.
    pub input: u64,
    /// Written.
    pub output: u64,
    /// Read from the cache.
    pub cache_read: u64,
    /// Read, and written to the cache.
    pub cache_write: u64,
}

impl Usage {
    pub(crate) fn tokens(self) -> Tokens {
        let cached = self.cache_read.saturating_add(self.cache_write);
        Tokens {
            input: self.input.saturating_add(cached).min(LARGEST),
            output: self.output,
        }
    }

    pub(crate) fn is_zero(self) -> bool {
        self == Self::default()
    }
}

/// The most tokens that the service takes.
const LARGEST: u64 = 9_007_199_254_740_991;

/// An object of values that are JSON already.
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<(String, Box<RawValue>)>);

impl Fields {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The JSON of a value.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.get())
    }

    /// The members of an object, as they are; of two with the same name the last.
    pub(crate) fn of_object(object: &Object<'_>) -> Self {
        let mut values: HashMap<&str, Json<'_>> = object.members().collect();
        let members = object.members();
        let members =
            members.filter_map(|(name, _)| Some((name.to_owned(), values.remove(name)?.to_raw())));
        Self(members.collect())
    }

    /// Adds a value, replacing one of that name.
    pub(crate) fn set(&mut self, name: &str, value: &impl Serialize) {
        if let Ok(value) = serde_json::value::to_raw_value(value) {
            self.0.retain(|(known, _)| known != name);
            self.0.push((name.to_owned(), value));
        }
    }

    /// Adds a value, if there is one.
    pub(crate) fn set_some(&mut self, name: &str, value: Option<impl Serialize>) {
        if let Some(value) = value {
            self.set(name, &value);
        }
    }

    /// The approximate size in bytes of JSON.
    pub(crate) fn size(&self) -> usize {
        let sizes = self.0.iter();
        sizes
            .map(|(name, value)| name.len() + value.get().len() + 4)
            .sum()
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
