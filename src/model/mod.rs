//! The data: conversations and messages as clients send them, as Redis keeps them, and as they go back.
//!
//! Input is validated and split, never decoded: a value is kept as its original JSON text, and so comes back byte for
//! byte, whether it is a number of 30 digits, a lone surrogate, or a field unknown to this version.

mod agent_session;
mod agent_text;
mod conversation;
mod conversation_metadata;
mod conversation_patch;
mod export_end;
mod export_metadata;
mod filter;
mod fork;
mod id;
mod json;
pub mod limits;
mod markdown;
mod message;
mod message_fields;
mod message_patch;
mod packing;
mod part_file;
mod part_kind;
mod part_words;
mod parts;
mod record;
mod recovery_code;
mod request;
mod stored_message;
mod summary;
mod text;
mod timestamp;
mod title;
mod tree;
mod version;

pub use agent_session::{EntriesToAppend, SessionFilter, SessionKey, is_append_of_entries};
pub use agent_text::in_quotes;
pub use conversation::NewConversation;
pub(crate) use conversation::generate_title;
pub use conversation_patch::{ConversationPatch, is_restoration};
pub use export_end::ExportEnd;
pub use export_metadata::ExportMetadata;
pub use filter::{ConversationFilter, spellings};
pub use fork::Fork;
pub use id::{ConversationId, MessageId, ShareId};
pub use json::{Object, array_of};
pub(crate) use json::{ObjectWriter, normalize_text, text_of, whole_number};
pub use message::{NewMessage, parse_messages};
pub use message_patch::MessagePatch;
pub use record::Record;
pub use recovery_code::RecoveryCode;
pub use request::{
    CurrentConversation, SessionAction, ShareRequest, UserPatch, parse_append, parse_current,
    parse_message, parse_session,
};
pub use stored_message::StoredMessage;
pub use summary::{Counters, Summary};
pub use text::in_one_line;
pub use timestamp::Timestamp;
pub(crate) use title::json_or_untitled;
pub use tree::{Parent, UnknownParent};
pub use version::{EntityTags, Preconditions, TagList, Version};

use thiserror::Error;

use crate::ErrorCode;

/// Why input was rejected.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Invalid {
    /// A stable, machine-readable reason.
    pub code: ErrorCode,
    /// What is wrong and where, for a person; holds names and limits but nothing that was sent.
    pub message: String,
}

impl Invalid {
    /// The body, or a part of it, is not JSON of the form expected.
    pub fn json(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidJson, message)
    }

    /// A field has the wrong type or value.
    pub fn field(path: &str, expected: &str) -> Self {
        Self::new(
            ErrorCode::InvalidField,
            format!("{path}: expected {expected}"),
        )
    }

    /// A required field is missing.
    pub fn required(path: &str) -> Self {
        Self::field(path, "a value: it is required")
    }

    /// An id is outside its alphabet or length.
    pub fn id(path: &str) -> Self {
        Self::new(
            ErrorCode::InvalidId,
            format!("{path}: an id has 1 to 128 characters of A-Z a-z 0-9 _ -"),
        )
    }

    /// Any other reason.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}
