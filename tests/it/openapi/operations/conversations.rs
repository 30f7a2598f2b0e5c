//! `/api/conversations` and `/api/conversations/{id}`.

use conversation_store::ErrorCode::{
    self, ClaimUnfinished, ConversationDeleted, ConversationExists, ConversationNotFound,
    ConversationTooLong, DuplicateId, IdMismatch, InvalidCursor, InvalidField, InvalidId,
    InvalidQuery, MessageTooLarge, MetadataTooLarge, RevisionMismatch, TooManyConversationsKept,
    TooMuchTextKept,
};
use serde_json::{Value, json};

use super::super::operation::{Answer, Operation};

const ALL: &str = "/api/conversations";
const ONE: &str = "/api/conversations/{id}";
const TAG: &str = "conversations";

/// Why a conversation cannot be kept.
const NEW: [ErrorCode; 10] = [
    InvalidField,
    InvalidId,
    DuplicateId,
    MessageTooLarge,
    MetadataTooLarge,
    ConversationDeleted,
    ConversationTooLong,
    TooManyConversationsKept,
    TooMuchTextKept,
    ClaimUnfinished,
];

/// Why a conversation cannot be written to.
const WRITE: [ErrorCode; 4] = [InvalidId, IdMismatch, RevisionMismatch, ClaimUnfinished];

pub fn operations() -> Vec<Operation> {
    vec![list(), create(), open(), save(), patch(), delete()]
}

fn list() -> Operation {
    Operation::new("get", ALL, "listConversations")
        .describe(
            TAG,
            "List conversations",
            "Summaries without messages, last changed first.",
        )
        .takes(&["ConversationLimit", "Cursor"])
        .answers(
            Answer::json(200, "A page of the list.", "ConversationList")
                .leads_to(
                    "next",
                    "listConversations",
                    json!({ "cursor": "$response.body#/nextCursor" }),
                )
                .leads_to(
                    "open",
                    "openConversation",
                    json!({ "id": "$response.body#/data/0/id" }),
                ),
        )
        .refuses(&[InvalidQuery, InvalidCursor])
}

fn create() -> Operation {
    Operation::new("post", ALL, "createConversation")
        .describe(
            TAG,
            "Create a conversation",
            "Without an id it gets one; with an `Idempotency-Key` always the same one. The same request repeated \
             answers 200 and changes nothing.",
        )
        .body(false, "NewConversation")
        .answers(written(201, "It was created.").headers(&["Location"]))
        .answers(written(200, "It was created before, by this very request.").headers(&["Location"]))
        .refuses(&NEW)
        .refuses(&[ConversationExists])
}

fn open() -> Operation {
    Operation::new("get", ONE, "openConversation")
        .describe(
            TAG,
            "Open a conversation",
            "Metadata and the newest messages, in reading order; fewer than asked for, and a cursor, where they \
             are more than 4 MB.",
        )
        .takes(&["ConversationId", "MessageLimit", "IfNoneMatch"])
        .answers(
            Answer::json(200, "The conversation.", "OpenConversation")
                .headers(&["ETag"])
                .leads_to(
                    "older",
                    "listMessages",
                    json!({ "id": "$request.path.id", "cursor": "$response.body#/nextCursor" }),
                )
                .leads_to("patch", "patchConversation", at_this_revision())
                .leads_to("delete", "deleteConversation", at_this_revision()),
        )
        .answers(not_modified())
        .refuses(&[InvalidId, IdMismatch, InvalidQuery, ConversationNotFound])
}

fn save() -> Operation {
    Operation::new("put", ONE, "saveConversation")
        .describe(
            TAG,
            "Save a conversation whole",
            "Replaces metadata and all messages: those it does not name go away. Creates it where there is none. \
             With `If-Match` a stale writer gets 412.",
        )
        .takes(&["ConversationId", "IfMatch", "IfAbsent"])
        .body(true, "NewConversation")
        .answers(written(200, "It was replaced."))
        .answers(written(201, "It was created."))
        .refuses(&NEW)
        .refuses(&WRITE)
}

fn patch() -> Operation {
    Operation::new("patch", ONE, "patchConversation")
        .describe(
            TAG,
            "Change metadata",
            "`title`, `pinned`, `archived`, `tags`, `mcpServers`, and fields of the client's own.",
        )
        .takes(&["ConversationId", "IfMatch", "IfAbsent"])
        .body(true, "ConversationPatch")
        .answers(written(200, "It is as the patch says."))
        .refuses(&WRITE)
        .refuses(&[
            InvalidField,
            MetadataTooLarge,
            TooMuchTextKept,
            ConversationNotFound,
        ])
}

fn delete() -> Operation {
    Operation::new("delete", ONE, "deleteConversation")
        .describe(
            TAG,
            "Delete a conversation",
            "With all its messages, and for good: its id cannot be used again for 90 days. Deleting it again is \
             no error.",
        )
        .takes(&["ConversationId", "IfMatch", "IfAbsent"])
        .answers(Answer::json(200, "It is gone.", "DeletedConversation"))
        .refuses(&WRITE)
        .refuses(&[ConversationNotFound])
}

/// The conversation after a write, and what can be done with it next.
fn written(status: u16, description: &'static str) -> Answer {
    let id = json!({ "id": "$response.body#/id" });
    Answer::json(status, description, "WrittenConversation")
        .headers(&["ETag"])
        .leads_to("open", "openConversation", id.clone())
        .leads_to("save", "saveConversation", id.clone())
        .leads_to("patch", "patchConversation", id.clone())
        .leads_to("delete", "deleteConversation", id.clone())
        .leads_to("append", "appendMessages", id.clone())
        .leads_to("messages", "listMessages", id)
        .leads_to(
            "export",
            "exportConversations",
            json!({ "conversation": "$response.body#/id" }),
        )
}

pub fn not_modified() -> Answer {
    Answer::new(304, "What the client has is current.").headers(&["ETag"])
}

fn at_this_revision() -> Value {
    json!({ "id": "$request.path.id", "If-Match": "$response.header.ETag" })
}
