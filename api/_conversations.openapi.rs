//! What `public/openapi.json` says of `/api/conversations`. With its underscore, the file is no function.

use conversation_store::ErrorCode::{
    ConversationExists, ConversationNotFound, InvalidCursor, InvalidQuery, MessageNotFound,
};
use conversation_store::http::Route;
use http::Method;
use serde_json::json;

use super::super::errors::NEW_CONVERSATION;
use super::super::operation::{Operation, Response};

pub fn operations() -> Vec<Operation> {
    vec![list(), create()]
}

fn list() -> Operation {
    Operation::new(Method::GET, Route::Conversations, "listConversations")
        .describe(
            "conversations",
            "List conversations",
            "Summaries without messages, last changed first.",
        )
        .takes(&["ConversationLimit", "Cursor"])
        .response(
            Response::json(200, "A page of the list.", "ConversationList")
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
    Operation::new(Method::POST, Route::Conversations, "createConversation")
        .describe(
            "conversations",
            "Create a conversation",
            "Without an id it gets one; with an `Idempotency-Key` always the same one. The same request repeated \
             answers 200 and changes nothing. With `forkOf` it begins with the messages of another one.",
        )
        .body(false, "NewConversation")
        .response(Response::written(201, "It was created.").headers(&["Location"]))
        .response(Response::written(200, "It was created before, by this very request.").headers(&["Location"]))
        .refuses(&NEW_CONVERSATION)
        .refuses(&[ConversationExists, ConversationNotFound, MessageNotFound])
}
