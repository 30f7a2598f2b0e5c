//! `/api/conversations/{id}/messages` and what is below it.

use conversation_store::ErrorCode::{
    self, ClaimUnfinished, ConversationNotFound, ConversationTooLong, DuplicateId, IdMismatch,
    InvalidCursor, InvalidField, InvalidId, InvalidQuery, MessageDeleted, MessageExists,
    MessageNotFound, MessageTooLarge, RevisionMismatch, TooManyMessages, TooMuchTextKept,
};
use serde_json::{Value, json};

use super::super::operation::{Answer, Operation};
use super::super::parameters::{flag, query};
use super::conversations::not_modified;

const ALL: &str = "/api/conversations/{id}/messages";
const ONE: &str = "/api/conversations/{id}/messages/{messageId}";
const TAG: &str = "messages";

/// Why a conversation cannot be written to.
const WRITE: [ErrorCode; 5] = [
    InvalidId,
    IdMismatch,
    RevisionMismatch,
    ClaimUnfinished,
    ConversationNotFound,
];

pub fn operations() -> Vec<Operation> {
    vec![list(), append(), patch(), delete()]
}

fn list() -> Operation {
    let order = json!({ "type": "string", "enum": ["desc", "asc"], "default": "desc" });
    let next = json!({
        "id": "$request.path.id",
        "order": "$request.query.order",
        "cursor": "$response.body#/nextCursor",
    });
    Operation::new("get", ALL, "listMessages")
        .describe(
            TAG,
            "A page of messages",
            "The newest first, or with `order=asc` the oldest. Fewer than asked for, and a cursor, where they are \
             more than 4 MB.",
        )
        .takes(&["ConversationId", "MessageLimit", "Cursor", "IfNoneMatch"])
        .takes_also(query("order", "Newest first, or oldest first.", order))
        .answers(
            Answer::json(200, "A page.", "MessagePage")
                .headers(&["ETag"])
                .leads_to("next", "listMessages", next),
        )
        .answers(not_modified())
        .refuses(&[InvalidId, IdMismatch, InvalidQuery, InvalidCursor, ConversationNotFound])
}

fn append() -> Operation {
    Operation::new("post", ALL, "appendMessages")
        .describe(
            TAG,
            "Append messages",
            "Those that were appended before, by this request or another one, are recognised by their id and left \
             alone: sending it twice is harmless.",
        )
        .takes(&["ConversationId", "IfMatch", "IfAbsent"])
        .body(true, "MessagesToAppend")
        .answers(appended(201, "They were appended, those that were not there already."))
        .answers(appended(200, "All of them were there already."))
        .refuses(&WRITE)
        .refuses(&[InvalidField, DuplicateId, TooManyMessages, MessageTooLarge])
        .refuses(&[MessageExists, MessageDeleted, ConversationTooLong, TooMuchTextKept])
}

fn appended(status: u16, description: &'static str) -> Answer {
    Answer::json(status, description, "Appended")
        .headers(&["ETag"])
        .leads_to("edit", "patchMessage", first_appended())
        .leads_to("delete", "deleteMessage", first_appended())
        .leads_to(
            "messages",
            "listMessages",
            json!({ "id": "$request.path.id" }),
        )
        .leads_to(
            "open",
            "openConversation",
            json!({ "id": "$request.path.id" }),
        )
}

fn first_appended() -> Value {
    json!({ "id": "$request.path.id", "messageId": "$response.body#/appended/0" })
}

fn patch() -> Operation {
    let this = json!({ "id": "$request.path.id", "messageId": "$request.path.messageId" });
    Operation::new("patch", ONE, "patchMessage")
        .describe(TAG, "Change a message", "Any of its fields.")
        .takes(&["ConversationId", "MessageId", "IfMatch", "IfAbsent"])
        .body(true, "MessagePatch")
        .answers(
            Answer::json(200, "It is as the patch says.", "WrittenMessage")
                .headers(&["ETag"])
                .leads_to("delete", "deleteMessage", this),
        )
        .refuses(&WRITE)
        .refuses(&[
            InvalidField,
            MessageTooLarge,
            MessageNotFound,
            TooMuchTextKept,
        ])
}

fn delete() -> Operation {
    Operation::new("delete", ONE, "deleteMessage")
        .describe(
            TAG,
            "Delete a message",
            "With `andAfter=true` also all that follow it: to edit and ask again. Deleting it again is no error, \
             and names the same messages.",
        )
        .takes(&["ConversationId", "MessageId", "IfMatch", "IfAbsent"])
        .takes_also(flag("andAfter", "Whether what follows goes too."))
        .answers(Answer::json(200, "It is gone.", "DeletedMessages").headers(&["ETag"]))
        .refuses(&WRITE)
        .refuses(&[InvalidQuery, MessageNotFound])
}
