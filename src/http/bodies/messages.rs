//! Messages of a conversation: a page of them, and what writes have done to them.

use super::{with_change_sequence, with_conversation};
use crate::model::{ObjectWriter, StoredMessage};
use crate::store::{AppendedEntries, CursorKind, Page, Truncation, Written};

/// A page of a conversation's messages, which are in `data` as JSON: as they are, or as a view shows them.
pub fn message_page(page: &Page, data: &[String]) -> String {
    let size: usize = data.iter().map(|json| json.len() + 1).sum();
    let next = page.next.as_ref();
    let next = next.map(|next| next.encode(CursorKind::Messages));
    ObjectWriter::with_capacity(size + 300)
        .array("data", data)
        .optional("nextCursor", next.as_deref())
        .plain("revision", page.summary.counters.revision)
        .finish()
}

/// The ids of the messages that were appended, and the conversation.
pub fn appended_messages(written: &Written, ids: &[String]) -> String {
    appended(written, |json| json.display_array("appended", ids))
}

/// How many entries of an agent session were appended, which ones were not, and the conversation.
pub fn appended_entries(entries: &AppendedEntries) -> String {
    let ignored = entries.ignored.iter().map(usize::to_string);
    appended(&entries.written, |json| {
        json.plain("appended", entries.appended)
            .array("ignored", ignored)
    })
}

fn appended(written: &Written, add: impl FnOnce(ObjectWriter) -> ObjectWriter) -> String {
    let json = with_conversation(ObjectWriter::with_capacity(1_024), written);
    with_change_sequence(add(json), written.change_sequence).finish()
}

/// A message that was saved or changed, and its conversation. To a repeat of a change whose message is gone by now there is
/// nothing to show.
pub fn written_message(written: &Written, message: Option<&StoredMessage>) -> String {
    let message = message.map_or_else(|| "null".to_owned(), StoredMessage::to_json);
    let json = ObjectWriter::with_capacity(message.len() + 1_024).raw("message", &message);
    part(json, written)
}

/// The ids of the messages that were deleted, and their conversation.
pub fn deleted_messages(truncation: &Truncation) -> String {
    let json = ObjectWriter::with_capacity(1_024).display_array("deleted", &truncation.ids);
    part(json, &truncation.written)
}

/// What was written of a conversation, and the conversation with it.
fn part(json: ObjectWriter, written: &Written) -> String {
    let json = with_conversation(json, written);
    with_change_sequence(json, written.change_sequence).finish()
}
