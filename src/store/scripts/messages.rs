//! What the scripts take and return that work on the messages of one conversation.

use super::conversations::WrittenConversation;
use crate::model::{MessageId, NewMessage, Timestamp};
use crate::store::Cursor;
use crate::store::contract::{procedure, reply};
use crate::store::reply::PlacedMessages;

procedure! {
    /// A conversation and a page of its messages.
    ConversationRead<'a> -> ConversationPage {
        limit: usize,
        order: &'a str,
        after: Option<&'a Cursor>,
        known_versions: String,
        message: Option<&'a MessageId>,
    }
}

reply! {
    /// See [`ConversationRead`].
    ConversationPage {
        written: WrittenConversation,
        is_renewal_due: bool,
        next: Option<Cursor>,
        messages: PlacedMessages,
    }
}

procedure! {
    /// Appends messages.
    MessagesAppend<'a> -> AppendedMessages {
        title: String,
        signature: String,
        messages: &'a [NewMessage],
    }
}

reply! {
    /// See [`MessagesAppend`].
    AppendedMessages {
        written: WrittenConversation,
        appended: String,
    }
}

procedure! {
    /// Changes a message.
    MessagePatch<'a> -> PatchedMessage {
        message: &'a MessageId,
        patch: &'a str,
        tokens: Option<u64>,
        timestamp: Option<Timestamp>,
        max_bytes: usize,
        signature: String,
    }
}

reply! {
    /// See [`MessagePatch`] and [`MessageSave`].
    PatchedMessage {
        written: WrittenConversation,
        body: String,
    }
}

procedure! {
    /// Creates a message, or replaces it.
    MessageSave<'a> -> PatchedMessage {
        is_dated: bool,
        signature: String,
        message: &'a [NewMessage],
    }
}

procedure! {
    /// Deletes a message, and where `and_after` says so all that follow it.
    MessageDelete<'a> -> DeletedMessages {
        message: &'a MessageId,
        and_after: bool,
    }
}

reply! {
    /// See [`MessageDelete`].
    DeletedMessages {
        written: WrittenConversation,
        ids: Vec<String>,
    }
}
