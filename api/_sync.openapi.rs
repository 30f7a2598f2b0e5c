//! What `public/openapi.json` says of `/api/sync`. With its underscore, the file is no function.

use conversation_store::ErrorCode::{InvalidCursor, InvalidQuery, TooManyStreams};
use conversation_store::http::Route;
use http::Method;
use serde_json::json;

use super::super::operation::{Operation, Response};

pub fn operations() -> Vec<Operation> {
    vec![sync()]
}

fn sync() -> Operation {
    let events = json!({
        "type": "string",
        "description": "Events `sync`, with the data of `Changes`; `change`, with the data of `Change`; `erase` when \
                        the user has erased everything; and `reconnect` before the time is up. A heartbeat every 15 \
                        seconds. Ids are cursors.",
    });
    Operation::new(Method::GET, Route::Sync, "sync")
        .describe(
            "sync",
            "What has changed",
            "Since `cursor`, or without one everything, page by page. No change is missed or reported twice. With \
             `Accept: text/event-stream` the same, and then each change as it happens.",
        )
        .takes(&["ConversationLimit", "Cursor", "LastEventId", "Place", "IfNoneMatch"])
        .response(
            Response::json(200, "The changes.", "Changes")
                .body("text/event-stream", events)
                .headers(&["ETag", "Stream-Place"])
                .leads_to("next", "sync", json!({ "cursor": "$response.body#/nextCursor" })),
        )
        .response(Response::not_modified())
        .refuses(&[InvalidQuery, InvalidCursor, TooManyStreams])
}
