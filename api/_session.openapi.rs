//! What `public/openapi.json` says of `/api/session`. With its underscore, the file is no function.

use conversation_store::ErrorCode::{
    AlreadyClaimed, ClaimAcrossDatabases, ConversationNotFound, InvalidField, InvalidId,
    NewcomersPaused, ServicePaused, TooManyCodes, TooManyConversationsKept, TooManyNewUsers,
    TooManyShares, TooMuchTextKept, UseProvider, WrongCode, WrongToken,
};
use conversation_store::http::Route;
use http::Method;
use serde_json::json;

use super::super::operation::{Access, Operation, Response};
use super::super::schemas::reference;

pub fn operations() -> Vec<Operation> {
    vec![act(), read(), set_current()]
}

fn act() -> Operation {
    let begun = json!({ "anyOf": [reference("NewSession"), reference("DeviceCode"), reference("RecoveryCode"), reference("ReadToken")] });
    let renewed = json!({
        "anyOf": [
            reference("NewSession"),
            reference("Session"),
            reference("RedeemedSession"),
            reference("RenewedToken"),
            reference("RevokedRecoveryCode"),
            reference("RevokedReadToken"),
            reference("Claimed"),
        ],
    });
    Operation::new(Method::POST, Route::Session, "createSession")
        .describe(
            "session",
            "Start a session, link a device, create a recovery code or a read token, claim anonymous data, or sign out everywhere",
            "Without a body: a new anonymous user and a token, or with a valid token a fresh one for the same user. \
             The user of an auth provider gets their session, and no token of this service.",
        )
        .open_to(Access::UserOrAnonymous)
        .body(false, "SessionAction")
        .response(
            Response::new(201, "A new user with a token; or a code, valid once and for 10 minutes; or a recovery code or a read token, shown only here.")
                .body("application/json", begun),
        )
        .response(
            Response::new(
                200,
                "The user's session with a fresh token; of `redeem` and `recover` the user of the code; of \
                 `signOutEverywhere` a new token; of `claim` how many conversations were moved.",
            )
            .body("application/json", renewed),
        )
        .response(Response::json(202, "Of `claim`: the time did not suffice, repeat the request.", "ClaimUnderWay"))
        .refuses(&[InvalidField, UseProvider, WrongCode, TooManyCodes, WrongToken])
        .refuses(&[TooManyNewUsers, NewcomersPaused, ServicePaused, TooManyShares])
        .refuses(&[AlreadyClaimed, ClaimAcrossDatabases, TooManyConversationsKept, TooMuchTextKept])
}

fn read() -> Operation {
    Operation::new(Method::GET, Route::Session, "readSession")
        .describe(
            "session",
            "The current user",
            "The user, their current conversation, and whether storage is on for them.",
        )
        .whether_enabled_or_not()
        .response(Response::json(200, "The session.", "Session").leads_to(
            "current",
            "openConversation",
            json!({ "id": "$response.body#/currentConversationId" }),
        ))
}

fn set_current() -> Operation {
    Operation::new(Method::PATCH, Route::Session, "setCurrentConversation")
        .describe(
            "session",
            "Set the current conversation",
            "Or none, with null.",
        )
        .body(true, "CurrentConversation")
        .response(Response::json(200, "It is set.", "CurrentConversation"))
        .refuses(&[InvalidField, InvalidId, ConversationNotFound])
}
