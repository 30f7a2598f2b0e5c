//! `/api/session` and `/api/sync`.

use conversation_store::ErrorCode::{
    AlreadyClaimed, ClaimAcrossDatabases, ConversationNotFound, InvalidCursor, InvalidField,
    InvalidId, InvalidQuery, NewcomersPaused, ServicePaused, TooManyCodes,
    TooManyConversationsKept, TooManyNewUsers, TooManyShares, TooManyStreams, TooMuchTextKept,
    UseProvider, WrongCode, WrongToken,
};
use serde_json::json;

use super::super::operation::{Access, Answer, Operation};
use super::super::schemas::reference;
use super::conversations::not_modified;

pub fn operations() -> Vec<Operation> {
    vec![act(), read(), set_current(), sync()]
}

fn act() -> Operation {
    let begun = json!({ "anyOf": [reference("NewSession"), reference("DeviceCode")] });
    let renewed = json!({
        "anyOf": [
            reference("NewSession"),
            reference("Session"),
            reference("RedeemedSession"),
            reference("RenewedToken"),
            reference("Claimed"),
        ],
    });
    Operation::new("post", "/api/session", "createSession")
        .describe(
            "session",
            "Begin a session, link a device, claim what was written before, or sign out everywhere",
            "Without a body: a new anonymous user and a token, or with a valid token a fresh one for the same user. \
             The user of an auth provider gets his session, and no token of ours.",
        )
        .open_to(Access::UserOrStranger)
        .body(false, "SessionAction")
        .answers(
            Answer::new(201, "A new user with his token; or a code, good once and for 10 minutes.")
                .body("application/json", begun),
        )
        .answers(
            Answer::new(
                200,
                "The user's session with a fresh token; of `redeem` the user whose code it was; of \
                 `signOutEverywhere` a new token; of `claim` how many conversations were moved.",
            )
            .body("application/json", renewed),
        )
        .answers(Answer::json(202, "Of `claim`: some is left, send it again.", "ClaimUnderWay"))
        .refuses(&[InvalidField, UseProvider, WrongCode, TooManyCodes, WrongToken])
        .refuses(&[TooManyNewUsers, NewcomersPaused, ServicePaused, TooManyShares])
        .refuses(&[AlreadyClaimed, ClaimAcrossDatabases, TooManyConversationsKept, TooMuchTextKept])
}

fn read() -> Operation {
    Operation::new("get", "/api/session", "readSession")
        .describe(
            "session",
            "Who one is",
            "The user, his current conversation, and whether storage is on for him.",
        )
        .whether_enabled_or_not()
        .answers(Answer::json(200, "The session.", "Session").leads_to(
            "current",
            "openConversation",
            json!({ "id": "$response.body#/currentConversationId" }),
        ))
}

fn set_current() -> Operation {
    Operation::new("patch", "/api/session", "setCurrentConversation")
        .describe(
            "session",
            "Set the current conversation",
            "Or none, with null.",
        )
        .body(true, "CurrentConversation")
        .answers(Answer::json(200, "It is set.", "CurrentConversation"))
        .refuses(&[InvalidField, InvalidId, ConversationNotFound])
}

fn sync() -> Operation {
    let events = json!({
        "type": "string",
        "description": "Events `sync`, with the data of `Changes`; `change`, with the data of `Change`; `erase` when \
                        the user has erased everything; and `reconnect` before the time is up. A heartbeat every 15 \
                        seconds. Ids are cursors.",
    });
    Operation::new("get", "/api/sync", "sync")
        .describe(
            "sync",
            "What has changed",
            "Since `cursor`, or without one everything, page by page. No change is missed and none told twice. With \
             `Accept: text/event-stream` the same, and then each change as it happens.",
        )
        .takes(&["ConversationLimit", "Cursor", "LastEventId", "IfNoneMatch"])
        .answers(
            Answer::json(200, "The changes.", "Changes")
                .body("text/event-stream", events)
                .headers(&["ETag"])
                .leads_to("next", "sync", json!({ "cursor": "$response.body#/nextCursor" })),
        )
        .answers(not_modified())
        .refuses(&[InvalidQuery, InvalidCursor, TooManyStreams])
}
