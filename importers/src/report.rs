//! The report on a source: the outcome of each conversation, and what was left out.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Format;

/// The report on a source.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The format it was read as.
    pub format: Format,
    /// Of each conversation, in the order of the source.
    pub conversations: Vec<ConversationReport>,
    /// Invalid lines: broken, cut off, of another kind.
    pub invalid_lines: u64,
    /// Lines without content, by their kind.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ignored_lines: BTreeMap<String, u64>,
}

impl Report {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            format,
            conversations: Vec::new(),
            invalid_lines: 0,
            ignored_lines: BTreeMap::new(),
        }
    }

    /// How many conversations were converted.
    pub fn imported(&self) -> usize {
        let imported = |report: &&ConversationReport| report.skipped.is_none();
        self.conversations.iter().filter(imported).count()
    }

    /// Counts a line of a kind that is not read. Kinds are the source's text, so their number is bounded.
    pub(crate) fn ignore_line(&mut self, kind: &str) {
        count_kind(&mut self.ignored_lines, kind);
    }
}

/// Adds one to a kind's count. Kinds are the source's text, so their number and length are bounded.
pub(crate) fn count_kind(counts: &mut BTreeMap<String, u64>, kind: &str) {
    const MOST: usize = 64;
    const LONGEST: usize = 64;
    let kind: String = kind.chars().take(LONGEST).collect();
    let kind = match counts.len() < MOST || counts.contains_key(&kind) {
        true => kind,
        false => "…".to_owned(),
    };
    *counts.entry(kind).or_default() += 1;
}

/// The outcome for one conversation.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConversationReport {
    /// Where it stands among the source's conversations.
    pub index: usize,
    /// Its id, if it has one.
    pub id: Option<String>,
    /// Why it was skipped; absent if it was converted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<SkipCode>,
    /// How many messages it has.
    pub messages: usize,
    /// How many messages and blocks the source hides, and so are left out.
    pub hidden: u64,
    /// Blocks that are not understood, by their type: they are kept as they came.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unknown_blocks: BTreeMap<String, u64>,
    /// Files and blocks that are replaced by a name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub placeholders: Vec<Placeholder>,
    /// How many further placeholders are not listed.
    pub more_placeholders: u64,
    /// How many messages have an estimated date (`metadata.dateEstimated`).
    pub estimated_dates: u64,
    /// How many messages have no date at all.
    pub undated: u64,
    /// How many messages follow one that the source lacks (`metadata.parentMissing`).
    pub missing_parents: u64,
    /// How many message ids were repeated.
    pub duplicates: u64,
}

impl ConversationReport {
    pub(crate) fn skipped(index: usize, id: Option<String>, code: SkipCode) -> Self {
        Self {
            index,
            id,
            skipped: Some(code),
            ..Self::default()
        }
    }

    pub(crate) fn add_placeholder(&mut self, placeholder: Placeholder) {
        const MOST: usize = 1_000;
        if self.placeholders.len() < MOST {
            self.placeholders.push(placeholder);
        } else {
            self.more_placeholders += 1;
        }
    }
}

/// Why a conversation was not converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipCode {
    /// It is not of the source's form.
    WrongShape,
    /// It has nothing visible.
    Empty,
    /// It has more messages than [`crate::Options::max_messages`].
    TooManyMessages,
    /// There are more conversations than [`crate::Options::max_conversations`].
    TooManyConversations,
    /// Its id came before, with another conversation.
    DuplicateId,
}

/// A file or a block that was replaced by a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Placeholder {
    /// The message it belongs to.
    pub message_id: String,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// How large it is, in bytes, where that is known.
    pub bytes: Option<u64>,
    /// Why it is missing.
    pub reason: PlaceholderReason,
}

/// Why a file or a block is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceholderReason {
    /// It does not fit into a message.
    TooLarge,
    /// The source has only its name.
    NotInSource,
}
