//! What the scripts take and return that search.

use super::conversations::StoredConversation;
use crate::model::ConversationId;
use crate::store::Cursor;
use crate::store::contract::{arguments, procedure, reply};
use crate::store::reply::{CountedList, Messages, Nested, Outcome};

procedure! {
    /// Which conversations may have what a search is for.
    SignaturesMatch<'a> -> MatchedSignatures {
        limit: usize,
        archived: Option<bool>,
        pinned: Option<bool>,
        expires_by: Option<i64>,
        updated_from: Option<i64>,
        updated_until: Option<i64>,
        began: Option<i64>,
        prepared: Option<i64>,
        window: Option<&'a Cursor>,
        until: Option<&'a Cursor>,
        tier: Option<u32>,
        after: Option<&'a Cursor>,
        goes_on: bool,
        tag_count: usize,
        tag: Vec<String>,
        probe: Vec<String>,
    }
}

reply! {
    /// See [`SignaturesMatch`].
    MatchedSignatures {
        began: i64,
        prepared: i64,
        total: u64,
        looked_at: u64,
        indexed: u64,
        has_more: bool,
        then: String,
        last: Option<Cursor>,
        unindexed: CountedList,
        candidates: Vec<Candidate>,
    }
}

reply! {
    /// A conversation that may have what a search is for.
    Candidate {
        id: String,
        tier: u32,
        score: i64,
        bytes: u64,
        messages: u64,
    }
}

procedure! {
    /// All messages of conversations, or a part of those of one.
    TextsRead<'a> -> ReadTexts {
        first: Option<u64>,
        count: u64,
        max_weight: u64,
        ids: &'a [ConversationId],
    }
    keys |call, keys| keys.of_conversations(call.ids)
}

reply! {
    /// See [`TextsRead`].
    ReadTexts {
        conversations: Vec<Nested<ReadConversation>>,
    }
}

reply! {
    /// A separate list within the reply, empty if there is no such conversation.
    ReadConversation {
        conversation: StoredConversation,
        next: Option<u64>,
        messages: Messages,
    }
}

arguments! {
    /// A conversation's signature.
    SignatureEntry<'a> {
        id: &'a ConversationId,
        version: String,
        signature: String,
    }
}

procedure! {
    /// Gives conversations signatures.
    SignaturesWrite<'a> -> Outcome {
        entries: Vec<SignatureEntry<'a>>,
    }
    keys |call, keys| keys.of_conversations(call.entries.iter().map(|entry| entry.id))
}
