//! What `public/openapi.json` says of `/api/conversations/{id}/messages/{messageId}`. With its underscore, the file is no function.

use conversation_store::ErrorCode::{
    ConversationNotFound, ConversationTooLong, InvalidField, InvalidQuery, MessageNotFound,
    MessageTooLarge, TooMuchTextKept,
};
use conversation_store::http::Route;
use http::Method;
use serde_json::json;

use super::super::errors::CONVERSATION;
use super::super::operation::{Operation, Response};
use super::super::parameters::flag;

pub fn operations() -> Vec<Operation> {
    vec![save(), patch(), delete()]
}

fn save() -> Operation {
    let this = json!({ "id": "$request.path.id", "messageId": "$request.path.messageId" });
    let written = |status, description| {
        Response::json(status, description, "WrittenMessage")
            .headers(&["ETag"])
            .leads_to("patch", "patchMessage", this.clone())
            .leads_to("delete", "deleteMessage", this.clone())
    };
    Operation::new(Method::PUT, Route::Message, "saveMessage")
        .describe(
            "messages",
            "Save a message whole",
            "Creates it, as an append does, or replaces all its fields where it stands: for calls of tools that were approved \
             or have ended. Without a `timestamp` a message that is there keeps its own, and its `parentId` counts only where it is created.",
        )
        .takes(&["ConversationId", "MessageId", "IfMatch", "IfAbsent"])
        .body(true, "MessageToSave")
        .response(written(200, "It was replaced."))
        .response(written(201, "It was created."))
        .refuses(&CONVERSATION)
        .refuses(&[ConversationNotFound, ConversationTooLong])
        .refuses(&[
            InvalidField,
            MessageTooLarge,
            MessageNotFound,
            TooMuchTextKept,
        ])
}

fn patch() -> Operation {
    let this = json!({ "id": "$request.path.id", "messageId": "$request.path.messageId" });
    Operation::new(Method::PATCH, Route::Message, "patchMessage")
        .describe("messages", "Change a message", "Any of its fields.")
        .takes(&["ConversationId", "MessageId", "IfMatch", "IfAbsent"])
        .body(true, "MessagePatch")
        .response(
            Response::json(200, "It was changed.", "WrittenMessage")
                .headers(&["ETag"])
                .leads_to("delete", "deleteMessage", this),
        )
        .refuses(&CONVERSATION)
        .refuses(&[ConversationNotFound])
        .refuses(&[
            InvalidField,
            MessageTooLarge,
            MessageNotFound,
            TooMuchTextKept,
        ])
}

fn delete() -> Operation {
    Operation::new(Method::DELETE, Route::Message, "deleteMessage")
        .describe(
            "messages",
            "Delete a message",
            "With `andAfter=true` also all that follow it: to edit and ask again. Deleting it again is no error, \
             and names the same messages.",
        )
        .takes(&["ConversationId", "MessageId", "IfMatch", "IfAbsent"])
        .takes_also(flag("andAfter", "Whether to delete all messages that follow it, too."))
        .response(Response::json(200, "It was deleted.", "DeletedMessages").headers(&["ETag"]))
        .refuses(&CONVERSATION)
        .refuses(&[ConversationNotFound])
        .refuses(&[InvalidQuery, MessageNotFound])
}
