//! What `public/openapi.json` says of `/api/conversations/{id}`. With its underscore, the file is no function.

use conversation_store::ErrorCode::{
    ConversationNotFound, FieldMismatch, IdMismatch, InvalidField, InvalidId, InvalidQuery,
    MessageNotFound, MetadataTooLarge, TooManyConversationsKept, TooMuchTextKept,
};
use conversation_store::http::Route;
use http::Method;
use serde_json::{Value, json};

use super::super::errors::{CONVERSATION, NEW_CONVERSATION};
use super::super::operation::{Operation, Response};
use super::super::parameters::{flag, query};

pub fn operations() -> Vec<Operation> {
    vec![open(), save(), patch(), delete()]
}

fn open() -> Operation {
    Operation::new(Method::GET, Route::Conversation, "openConversation")
        .describe(
            "conversations",
            "Open a conversation",
            "Metadata and the newest messages, in reading order; fewer than asked for, and a cursor, where they \
             are more than 4 MB.",
        )
        .takes(&["ConversationId", "MessageLimit", "IfNoneMatch"])
        .response(
            Response::json(200, "The conversation.", "OpenConversation")
                .headers(&["ETag"])
                .leads_to(
                    "older",
                    "listMessages",
                    json!({ "id": "$request.path.id", "cursor": "$response.body#/nextCursor" }),
                )
                .leads_to("patch", "patchConversation", at_this_revision())
                .leads_to("delete", "deleteConversation", at_this_revision()),
        )
        .response(Response::not_modified())
        .refuses(&[InvalidId, IdMismatch, InvalidQuery, ConversationNotFound])
}

fn save() -> Operation {
    Operation::new(Method::PUT, Route::Conversation, "saveConversation")
        .describe(
            "conversations",
            "Save a conversation whole",
            "Replaces metadata and the messages of the active path: those it does not name go away, those of other \
             branches stay. Creates it where there is none. With `If-Match` a stale writer gets 412.",
        )
        .takes(&["ConversationId", "IfMatch", "IfAbsent"])
        .body(true, "NewConversation")
        .response(Response::written(200, "It was replaced."))
        .response(Response::written(201, "It was created."))
        .refuses(&NEW_CONVERSATION)
        .refuses(&CONVERSATION)
        .refuses(&[FieldMismatch])
}

fn patch() -> Operation {
    Operation::new(Method::PATCH, Route::Conversation, "patchConversation")
        .describe(
            "conversations",
            "Change metadata",
            "`title`, `pinned`, `keep`, `archived`, `tags`, `mcpServers`, and fields of the client's own; and with `headId`, which branch \
             is the active one. What is pinned or \
             to be kept does not expire, or as late as the deployment allows. `{\"trashed\": false}` alone restores a \
             deleted conversation, under its next revision.",
        )
        .takes(&["ConversationId", "IfMatch", "IfAbsent"])
        .body(true, "ConversationPatch")
        .response(Response::written(200, "It was changed."))
        .refuses(&CONVERSATION)
        .refuses(&[
            InvalidField,
            MetadataTooLarge,
            TooMuchTextKept,
            TooManyConversationsKept,
            ConversationNotFound,
            MessageNotFound,
            FieldMismatch,
        ])
}

fn delete() -> Operation {
    Operation::new(Method::DELETE, Route::Conversation, "deleteConversation")
        .describe(
            "conversations",
            "Delete a conversation",
            "With all its messages, which stay in the trash for 30 days; its shares go for good. Its id cannot be used again for \
             90 days. Deleting it again is no error.",
        )
        .takes(&["ConversationId", "IfMatch", "IfAbsent"])
        .takes_also(flag(
            "permanent",
            "Whether to delete it permanently at once, also from the trash.",
        ))
        .takes_also(query(
            "deletedAt",
            "When it was deleted, as the trash tells it, ISO 8601 or epoch milliseconds: 404 where it was restored since.",
            json!({ "anyOf": [
                { "type": "string", "format": "date-time" },
                { "type": "integer", "minimum": 0, "maximum": 253_402_300_799_999_i64 },
            ] }),
        ))
        .response(Response::json(200, "It was deleted.", "DeletedConversation"))
        .refuses(&CONVERSATION)
        .refuses(&[ConversationNotFound, InvalidQuery])
}

fn at_this_revision() -> Value {
    json!({ "id": "$request.path.id", "If-Match": "$response.header.ETag" })
}
