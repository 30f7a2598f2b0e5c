//! Conversations as scripts return them, made into what operations return.

use super::StoreError;
use super::reply::{ChangeSequence, Outcome};
use super::scripts::conversations::{ListedConversation, StoredConversation, WrittenConversation};
use crate::model::{ConversationId, Summary, Version};
use crate::upstash::UpstashError;

/// A conversation after a write.
#[derive(Debug)]
pub struct Written {
    /// How the write ended.
    pub outcome: Outcome,
    /// The conversation as it is now.
    pub summary: Summary,
    /// The user's change sequence before and after.
    pub change_sequence: ChangeSequence,
}

/// What a member of the messages set has before the id.
const SEQ_DIGITS: usize = 8;

/// Makes the entity tag of a conversation's version, by its id.
pub(super) type TagOf<'a> = &'a dyn Fn(&str, Version) -> String;

impl StoredConversation {
    /// The conversation of this id.
    pub(super) fn into_summary(self, id: String, tag_of: TagOf<'_>) -> Result<Summary, StoreError> {
        let summary =
            Summary::new(id, self.record, &self.counters).ok_or(UpstashError::Malformed)?;
        let (numbers, mark) = self.state.rsplit_once(' ').ok_or(UpstashError::Malformed)?;
        let mut words = numbers.split(' ');
        let born = words.next().and_then(|born| born.parse().ok());
        // `state_names` in base.lua: the head's member is the sixth word, and is missing where an earlier release wrote.
        let head = words.nth(4).and_then(|member| member.get(SEQ_DIGITS..));
        let head = head.filter(|id| !id.is_empty()).map(str::to_owned);
        let version = Version {
            born: born.ok_or(UpstashError::Malformed)?,
            revision: summary.counters.revision,
        };
        let etag = (mark == "-").then(|| tag_of(&summary.id, version));
        Ok(summary.with_etag(etag).with_head(head))
    }
}

impl StoredConversation {
    /// The conversation of this id with its version, where that has a name.
    pub(super) fn into_versioned(
        self,
        id: String,
    ) -> Result<Option<(Summary, Version)>, StoreError> {
        let version = std::cell::Cell::new(None);
        let summary = self.into_summary(id, &|_, found| {
            version.set(Some(found));
            String::new()
        })?;
        Ok(version.get().map(|version| (summary, version)))
    }
}

impl ListedConversation {
    /// The conversations of a list.
    pub(super) fn into_summaries(
        list: Vec<Self>,
        tag_of: TagOf<'_>,
    ) -> Result<Vec<Summary>, StoreError> {
        list.into_iter()
            .map(|listed| listed.conversation.into_summary(listed.id, tag_of))
            .collect()
    }
}

impl WrittenConversation {
    /// The conversation of this id after the write.
    pub(super) fn into_written(
        self,
        id: &ConversationId,
        tag_of: TagOf<'_>,
    ) -> Result<Written, StoreError> {
        Ok(Written {
            outcome: self.status,
            summary: self.conversation.into_summary(id.to_string(), tag_of)?,
            change_sequence: self.change_sequence,
        })
    }
}
