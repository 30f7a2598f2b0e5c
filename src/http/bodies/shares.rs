//! Shares: to the user who made them, and to their readers.

use super::deleted;
use crate::model::{ObjectWriter, ShareId, StoredMessage, json_or_untitled};
use crate::store::{Share, SharedPage};

/// A share as the user who made it sees it.
pub fn share(share: &Share) -> String {
    ObjectWriter::with_capacity(300)
        .string("id", &share.id)
        .string("conversationId", &share.conversation)
        .raw("title", &json_or_untitled(&share.title))
        .plain("messageCount", share.message_count)
        .display("createdAt", share.created)
        .display("expiresAt", share.expires)
        .finish()
}

/// The user's shares.
pub fn share_list(shares: &[Share]) -> String {
    let json = ObjectWriter::with_capacity(16_384);
    json.array("data", shares.iter().map(share)).finish()
}

/// A part of a share as its readers see it.
pub fn shared_page(id: &ShareId, page: &SharedPage) -> String {
    let sizes = page.messages.iter().map(|message| message.size() + 100);
    let size: usize = sizes.sum();
    let messages = page.messages.iter().map(StoredMessage::to_json);
    let next = page.next.map(|part| part.to_string());
    ObjectWriter::with_capacity(size + 300)
        .display("id", id)
        .raw("title", &json_or_untitled(&page.title))
        .plain("messageCount", page.message_count)
        .display("createdAt", page.created)
        .display("expiresAt", page.expires)
        .array("messages", messages)
        .optional("nextCursor", next.as_deref())
        .finish()
}

/// A share that was revoked.
pub fn deleted_share(id: &ShareId) -> String {
    deleted(id).finish()
}
