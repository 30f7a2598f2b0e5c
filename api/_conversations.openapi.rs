//! What `public/openapi.json` says of `/api/conversations`. With its underscore, the file is no function.

use conversation_store::ErrorCode::{
    ConversationExists, ConversationNotFound, InvalidCursor, InvalidQuery, MessageNotFound,
    QueryTooLong, QueryTooShort, ShareNotFound,
};
use conversation_store::http::Route;
use conversation_store::model::limits;
use conversation_store::search::LONGEST;
use http::Method;
use serde_json::json;

use super::super::errors::NEW_CONVERSATION;
use super::super::operation::{Operation, Response};
use super::super::parameters::{either, flag, query};

pub fn operations() -> Vec<Operation> {
    vec![list(), create(), empty_trash()]
}

fn list() -> Operation {
    Operation::new(Method::GET, Route::Conversations, "listConversations")
        .describe(
            "conversations",
            "List conversations",
            "Summaries without messages, last changed first. A filtered list says how many there are; its page may be shorter \
             than asked for and have a cursor all the same.",
        )
        .takes(&["ConversationLimit", "Cursor"])
        .takes_also(either("archived", "Only those that are archived, or only those that are not."))
        .takes_also(either("pinned", "Only those that are pinned, or only those that are not."))
        .takes_also(query(
            "tag",
            "Only those with this tag.",
            json!({ "type": "string", "maxLength": limits::TAG }),
        ))
        .takes_also(query(
            "expiring",
            "Only those that expire within this many days.",
            json!({ "type": "integer", "minimum": 1, "maximum": limits::EXPIRING_DAYS }),
        ))
        .takes_also(query(
            "kind",
            "The user's agent sessions, which are in no other list. Only the next two filters can be combined with it.",
            json!({ "type": "string", "enum": ["session"] }),
        ))
        .takes_also(query(
            "projectKey",
            "Only the sessions of this project, without those of their subagents.",
            json!({ "type": "string", "minLength": 1, "maxLength": limits::SESSION_KEY }),
        ))
        .takes_also(query(
            "sessionId",
            "With a `projectKey`: the sessions of this session's subagents instead.",
            json!({ "type": "string", "minLength": 1, "maxLength": limits::SESSION_KEY }),
        ))
        .takes_also(query(
            "q",
            "Searches titles and messages instead: words, beginnings of words (`conf*`) and phrases (`\"in this order\"`), whatever \
             their case and accents. A page may have fewer hits than there are, and none, and have a cursor all the same.",
            json!({ "type": "string", "maxLength": LONGEST }),
        ))
        .takes_also(query(
            "type",
            "With `q`: only messages of this type, and no titles.",
            json!({ "type": "string", "enum": ["user", "assistant", "system", "tool"] }),
        ))
        .takes_also(query(
            "from",
            "With `q`: only conversations changed at this time or later, ISO 8601 or epoch milliseconds.",
            json!({ "type": "string" }),
        ))
        .takes_also(query(
            "until",
            "With `q`: only conversations changed at this time or before.",
            json!({ "type": "string" }),
        ))
        .takes_also(flag(
            "trash",
            "The conversations in the trash instead, last deleted first. Cannot be combined with filters.",
        ))
        .response(
            Response::json(200, "A page of the list, or of the search results.", "ConversationListOrSearch")
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
        .refuses(&[InvalidQuery, InvalidCursor, QueryTooShort, QueryTooLong])
}

fn create() -> Operation {
    Operation::new(Method::POST, Route::Conversations, "createConversation")
        .describe(
            "conversations",
            "Create a conversation",
            "Without an id it gets one; with an `Idempotency-Key` always the same one. The same request repeated \
             returns 200 and changes nothing. With `forkOf` it begins with the messages of another one, or of a share.",
        )
        .body(false, "NewConversation")
        .response(Response::written(201, "It was created.").headers(&["Location"]))
        .response(Response::written(200, "It was created before, by the same request.").headers(&["Location"]))
        .refuses(&NEW_CONVERSATION)
        .refuses(&[ConversationExists, ConversationNotFound, MessageNotFound, ShareNotFound])
}

fn empty_trash() -> Operation {
    let trash = json!({
        "name": "trash",
        "in": "query",
        "required": true,
        "description": "Only the trash can be deleted as a whole.",
        "schema": { "type": "string", "enum": ["true"] },
    });
    Operation::new(Method::DELETE, Route::Conversations, "emptyTrash")
        .describe(
            "conversations",
            "Empty the trash",
            "Deletes everything in the trash permanently.",
        )
        .takes_also(trash)
        .response(Response::json(200, "The trash is empty.", "Emptied"))
        .response(Response::json(
            202,
            "The time did not suffice: repeat the request.",
            "EmptyingUnderWay",
        ))
        .refuses(&[InvalidQuery])
}
