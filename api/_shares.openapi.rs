//! What `public/openapi.json` says of `/api/shares`. With its underscore, the file is no function.

use conversation_store::ErrorCode::{
    ClaimUnfinished, ConversationNotFound, InvalidCursor, InvalidField, InvalidId, InvalidQuery,
    ShareNotFound, TooLargeToShare, TooManyShares, TooMuchTextKept,
};
use conversation_store::http::Route;
use http::Method;
use serde_json::{Value, json};

use super::super::operation::{Access, Operation, Response};
use super::super::parameters::query;
use super::super::schemas::reference;

pub fn operations() -> Vec<Operation> {
    vec![share(), read(), revoke()]
}

fn share() -> Operation {
    let id = json!({ "id": "$response.body#/id" });
    Operation::new(Method::POST, Route::Shares, "shareConversation")
        .describe(
            "shares",
            "Share a conversation",
            "A read-only snapshot under an id that cannot be guessed: later changes do not show. With an \
             `Idempotency-Key` repeating it gives the same share.",
        )
        .body(true, "NewShare")
        .response(
            Response::json(201, "It is shared.", "Share")
                .headers(&["Location"])
                .leads_to("read", "readShares", id.clone())
                .leads_to("revoke", "revokeShare", id),
        )
        .refuses(&[InvalidField, InvalidId, ConversationNotFound, ShareNotFound])
        .refuses(&[TooManyShares, TooMuchTextKept, TooLargeToShare, ClaimUnfinished])
}

fn read() -> Operation {
    let either = json!({ "anyOf": [reference("ShareList"), reference("SharedConversation")] });
    Operation::new(Method::GET, Route::Shares, "readShares")
        .describe(
            "shares",
            "List the user's shares, or read one",
            "Without `id` the user's own, the newest first; that requires a token. With `id` the title and messages of a \
             share, page by page: to anybody, and no token is looked at.",
        )
        .open_to(Access::UserOrAnonymous)
        .takes_also(share_id(false))
        .takes_also(query(
            "cursor",
            "The page of a share: `nextCursor` of a response.",
            json!({ "type": "string", "pattern": "^[0-9]{1,9}$" }),
        ))
        .response(
            Response::new(200, "The shares; or with `id` a page of one.")
                .body("application/json", either)
                .headers(&["X-Robots-Tag"])
                .leads_to("newest", "readShares", json!({ "id": "$response.body#/data/0/id" }))
                .leads_to("revoke", "revokeShare", json!({ "id": "$response.body#/data/0/id" })),
        )
        .refuses(&[InvalidCursor, ShareNotFound])
}

fn revoke() -> Operation {
    Operation::new(Method::DELETE, Route::Shares, "revokeShare")
        .describe("shares", "Revoke a share", "Repeating it is no error.")
        .whether_enabled_or_not()
        .takes_also(share_id(true))
        .response(Response::json(
            200,
            "It can no longer be read.",
            "RevokedShare",
        ))
        .refuses(&[InvalidQuery, ShareNotFound])
}

fn share_id(is_required: bool) -> Value {
    let mut id = query("id", "The share.", json!({ "type": "string" }));
    id["required"] = json!(is_required);
    id
}
