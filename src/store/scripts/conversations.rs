//! What the scripts take and return that work on whole conversations.

use std::time::Duration;

use crate::model::{ConversationId, MessageId, NewMessage, Timestamp};
use crate::store::Cursor;
use crate::store::contract::{procedure, reply};
use crate::store::reply::{ChangeSequence, Nested, Outcome, PlacedMessages};

reply! {
    /// A conversation as the database holds it.
    StoredConversation {
        record: String,
        counters: String,
        state: String,
    }
}

reply! {
    /// The same with its id.
    ListedConversation {
        id: String,
        conversation: StoredConversation,
    }
}

reply! {
    /// A conversation after a write.
    WrittenConversation {
        status: Outcome,
        conversation: StoredConversation,
        change_sequence: ChangeSequence,
    }
}

procedure! {
    /// A page of the list, last changed first.
    ConversationsList<'a> -> ConversationsPage {
        limit: usize,
        after: Option<&'a Cursor>,
    }
}

reply! {
    /// See [`ConversationsList`].
    ConversationsPage {
        change_sequence: i64,
        is_purge_due: bool,
        next: Option<Cursor>,
        conversations: Vec<ListedConversation>,
    }
}

procedure! {
    /// A page of those that fit a filter, last changed first.
    ConversationsFilter<'a> -> FilteredPage {
        limit: usize,
        archived: Option<bool>,
        pinned: Option<bool>,
        expires_by: Option<i64>,
        after: Option<&'a Cursor>,
        tag: Vec<String>,
    }
}

reply! {
    /// See [`ConversationsFilter`]; `count` is `None` where not all could be looked at.
    FilteredPage {
        change_sequence: i64,
        is_purge_due: bool,
        count: Option<u64>,
        next: Option<Cursor>,
        conversations: Vec<ListedConversation>,
    }
}

procedure! {
    /// Creates a conversation, or replaces it whole.
    ConversationSave<'a> -> WrittenConversation {
        mode: &'a str,
        record: &'a str,
        created: Option<Timestamp>,
        updated: Option<Timestamp>,
        total_tokens: Option<u64>,
        save_digest: &'a str,
        numbers: String,
        signature: String,
        messages: &'a [NewMessage],
    }
}

procedure! {
    /// Makes a new conversation of another one's path up to a message.
    ConversationFork<'a> -> WrittenConversation {
        source: &'a ConversationId,
        message: Option<&'a MessageId>,
        record: &'a str,
        save_digest: &'a str,
    }
    keys |call, keys| keys.of_conversations([call.source])
}

procedure! {
    /// Changes metadata.
    ConversationPatch<'a> -> WrittenConversation {
        patch: &'a str,
        max_bytes: usize,
        head: Option<&'a MessageId>,
        expected: &'a str,
        signature: String,
    }
}

procedure! {
    /// Deletes a conversation and its shares.
    ConversationDelete -> DeletedConversation {
        share_prefix: String,
        trash_ttl: Duration,
        is_permanent: bool,
        trashed_at: Option<Timestamp>,
    }
    keys |_, keys| keys.share_slots()
}

reply! {
    /// See [`ConversationDelete`].
    DeletedConversation {
        status: Outcome,
        change_sequence: ChangeSequence,
    }
}

procedure! {
    /// Renews the expiry of a conversation that was read.
    ConversationRenew -> Outcome {}
}

procedure! {
    /// Conversations with their messages, as many as fit one reply.
    ConversationsExport<'a> -> ExportedConversations {
        after: Option<&'a Cursor>,
        ids: &'a [ConversationId],
    }
    keys |call, keys| keys.of_conversations(call.ids)
}

reply! {
    /// See [`ConversationsExport`].
    ExportedConversations {
        conversations: Vec<Nested<ExportedConversation>>,
    }
}

reply! {
    /// A separate list within the reply, empty if there is no such conversation.
    ExportedConversation {
        conversation: StoredConversation,
        score: i64,
        rest: Option<Cursor>,
        messages: PlacedMessages,
    }
}
