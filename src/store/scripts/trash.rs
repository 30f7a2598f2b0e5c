//! What the scripts take and return that work on the trash.

use super::conversations::{StoredConversation, WrittenConversation};
use super::users::Move;
use crate::model::{ConversationId, Timestamp};
use crate::store::Cursor;
use crate::store::contract::{procedure, reply};
use crate::store::reply::Outcome;

procedure! {
    /// Takes a conversation out of the trash.
    ConversationRestore -> WrittenConversation {}
}

procedure! {
    /// A page of the trash, last deleted first.
    TrashList<'a> -> TrashPage {
        limit: usize,
        after: Option<&'a Cursor>,
    }
}

reply! {
    /// See [`TrashList`].
    TrashPage {
        change_sequence: i64,
        next: Option<Cursor>,
        conversations: Vec<TrashedConversation>,
    }
}

reply! {
    /// A conversation in the trash.
    TrashedConversation {
        id: String,
        conversation: StoredConversation,
        deleted_at: Timestamp,
    }
}

procedure! {
    /// One step of removing what is in the trash for good.
    TrashEmpty<'a> -> EmptyingStep {
        max_named: usize,
        ids: &'a [ConversationId],
    }
    keys |call, keys| keys.of_conversations(call.ids)
}

reply! {
    /// See [`TrashEmpty`].
    EmptyingStep {
        remaining: u64,
        ids: Vec<String>,
    }
}

procedure! {
    /// One step of moving what is in the trash of an anonymous user into that of an account.
    TrashClaim -> Outcome {
        claimer: String,
        moves: Vec<Move>,
    }
    with { source_keys: Vec<String>, }
    keys |call, _| call.source_keys.clone()
}
