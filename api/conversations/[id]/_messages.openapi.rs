//! What `public/openapi.json` says of `/api/conversations/{id}/messages`. With its underscore, the file is no function.

use conversation_store::ErrorCode::{
    ConversationDeleted, ConversationExists, ConversationNotFound, ConversationTooLong,
    DuplicateId, IdMismatch, InvalidCursor, InvalidField, InvalidId, InvalidQuery, MessageDeleted,
    MessageExists, MessageNotFound, MessageTooLarge, TooManyConversationsKept, TooManyMessages,
    TooMuchTextKept,
};
use conversation_store::http::Route;
use http::Method;
use serde_json::{Value, json};

use super::super::errors::CONVERSATION;
use super::super::operation::{Operation, Response};
use super::super::parameters::query;

pub fn operations() -> Vec<Operation> {
    vec![list(), append()]
}

fn list() -> Operation {
    let order = json!({ "type": "string", "enum": ["desc", "asc"], "default": "desc" });
    let branches = json!({ "type": "string", "enum": ["all"] });
    let next = json!({
        "id": "$request.path.id",
        "order": "$request.query.order",
        "cursor": "$response.body#/nextCursor",
    });
    Operation::new(Method::GET, Route::Messages, "listMessages")
        .describe(
            "messages",
            "A page of messages",
            "Of the active path, the newest first, or with `order=asc` the oldest. With `branches=all` the messages of \
             all branches, in the order in which they came, each with its `parentId`. Fewer than asked for, and a cursor, \
             where they are more than 4 MB. `view` is for agent sessions: their entries, the oldest first, up to 500 at once.",
        )
        .takes(&["ConversationId", "EntryLimit", "Cursor", "IfNoneMatch"])
        .takes_also(query("order", "Newest first, or oldest first.", order))
        .takes_also(query(
            "view",
            "For an agent session: its entries as they were appended, or as readable messages, as an import makes them.",
            json!({ "type": "string", "enum": ["entries", "chat"] }),
        ))
        .takes_also(query("branches", "Every branch, instead of the active path.", branches))
        .response(
            Response::json(200, "A page.", "MessagePage")
                .headers(&["ETag"])
                .leads_to("next", "listMessages", next),
        )
        .response(Response::not_modified())
        .refuses(&[InvalidId, IdMismatch, InvalidQuery, InvalidCursor, ConversationNotFound])
}

fn append() -> Operation {
    Operation::new(Method::POST, Route::Messages, "appendMessages")
        .describe(
            "messages",
            "Append messages",
            "Those that were appended before, by this request or another one, are recognised by their id and left \
             alone: sending it twice is harmless. One whose `parentId` is not the head begins a branch, which becomes the active one. \
             With `session` and `entries` it appends to an agent session, which begins with its first entries.",
        )
        .takes(&["ConversationId", "IfMatch", "IfAbsent"])
        .body(true, "NewMessages")
        .response(appended(201, "The new ones were appended."))
        .response(appended(200, "All of them existed already."))
        .refuses(&CONVERSATION)
        .refuses(&[ConversationNotFound])
        .refuses(&[InvalidField, DuplicateId, TooManyMessages, MessageTooLarge])
        .refuses(&[MessageExists, MessageDeleted, MessageNotFound])
        .refuses(&[ConversationTooLong, TooMuchTextKept])
        .refuses(&[ConversationDeleted, ConversationExists, TooManyConversationsKept])
}

fn appended(status: u16, description: &'static str) -> Response {
    Response::json(status, description, "Appended")
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
