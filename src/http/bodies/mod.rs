//! The bodies of responses: what the service and the store return, as the JSON that clients know. Every JSON body is written
//! here, but for agents' messages, whose protocol is in `service/mcp`, and exports, which are files and begin to be sent before
//! their end is read.
//!
//! A conversation and a message look the same in every body, and in an export: `model` writes them.

mod conversations;
mod error;
mod import_report;
mod messages;
mod operation;
mod progress;
mod search;
mod session;
mod shares;
mod sync;
mod user;

pub use conversations::{
    conversation_list, deleted_conversation, opened_conversation, trash, written_conversation,
};
pub(super) use error::error;
pub use import_report::import_report;
pub use messages::{
    appended_entries, appended_messages, deleted_messages, message_page, written_message,
};
pub use operation::{accepted, health};
pub(super) use progress::{complete, unfinished};
pub use search::search_page;
pub use session::{
    claimed, current_conversation, device_code, linked_device, read_token, recovery_code,
    revoked_read_token, revoked_recovery_code, token, user_session,
};
pub use shares::{deleted_share, share, share_list, shared_page};
pub(super) use sync::change;
pub use sync::changes;
pub use user::user_statistics;

use std::fmt;

use crate::model::{ObjectWriter, Summary};
use crate::store::{ChangeSequence, Written};

/// Something that was deleted, by its id.
fn deleted(id: impl fmt::Display) -> ObjectWriter {
    let json = ObjectWriter::with_capacity(160);
    json.display("id", id).plain("deleted", true)
}

fn conversation(summary: &Summary) -> String {
    summary.to_object(0).finish()
}

/// Adds the conversation that was written.
fn with_conversation(json: ObjectWriter, written: &Written) -> ObjectWriter {
    json.raw("conversation", &conversation(&written.summary))
}

/// Adds the user's change sequence after and before a write.
fn with_change_sequence(json: ObjectWriter, sequence: ChangeSequence) -> ObjectWriter {
    json.plain("clock", sequence.after)
        .plain("previousClock", sequence.before)
}
