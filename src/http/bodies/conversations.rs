//! Conversations as a whole: lists of them, one that was opened or written, the trash.

use super::{conversation, deleted, with_change_sequence};
use crate::model::{ConversationId, ObjectWriter, StoredMessage};
use crate::store::{ConversationList, CursorKind, Deleted, Page, Trash, Written};

/// A page of the list; where the list is filtered, it says how many conversations fit.
pub fn conversation_list(list: &ConversationList, is_filtered: bool) -> String {
    let next = list.next.as_ref();
    let next = next.map(|next| next.encode(CursorKind::Conversations));
    let page = ObjectWriter::with_capacity(16_384)
        .array("data", list.conversations.iter().map(conversation))
        .optional("nextCursor", next.as_deref())
        .plain("clock", list.change_sequence);
    let page = match (is_filtered, list.count) {
        (false, _) => page,
        (true, Some(count)) => page.plain("count", count),
        (true, None) => page.raw("count", "null"),
    };
    page.finish()
}

/// A page of the trash.
pub fn trash(trash: &Trash) -> String {
    let conversations = trash.conversations.iter().map(|trashed| {
        let summary = trashed.summary.to_object(40);
        summary.display("deletedAt", trashed.deleted).finish()
    });
    let next = trash.next.as_ref();
    let next = next.map(|next| next.encode(CursorKind::Trash));
    ObjectWriter::with_capacity(16_384)
        .array("data", conversations)
        .optional("nextCursor", next.as_deref())
        .plain("clock", trash.change_sequence)
        .finish()
}

/// A conversation with its newest page of messages, oldest first. `None` where the client holds the current version.
pub fn opened_conversation(page: &Page) -> Option<String> {
    let messages = page.messages.as_ref()?.iter().rev();
    let messages: Vec<String> = messages.map(StoredMessage::to_json).collect();
    let size = messages.iter().map(|json| json.len() + 1).sum();
    let next = page.next.as_ref();
    let next = next.map(|next| next.encode(CursorKind::Messages));
    let json = page.summary.to_object(size).array("messages", messages);
    Some(json.optional("nextCursor", next.as_deref()).finish())
}

/// A conversation after a write.
pub fn written_conversation(written: &Written) -> String {
    let json = written.summary.to_object(0);
    with_change_sequence(json, written.change_sequence).finish()
}

/// A conversation that was deleted.
pub fn deleted_conversation(id: &ConversationId, of: &Deleted) -> String {
    with_change_sequence(deleted(id), of.change_sequence).finish()
}
