//! What `public/openapi.json` says of `/api/import`. With its underscore, the file is no function.

use conversation_store::ErrorCode::TooManyConversations;
use conversation_store::http::Route;
use http::Method;
use serde_json::json;

use super::super::operation::{Operation, Response};

pub fn operations() -> Vec<Operation> {
    vec![import()]
}

fn import() -> Operation {
    let lines = json!({ "type": "string", "description": "A conversation per line, as an export gives them." });
    Operation::new(Method::POST, Route::Import, "importConversations")
        .describe(
            "data",
            "Import conversations",
            "The value of the frontend's localStorage key, as it is; or what an export gave. New conversations are \
             kept whole, those already there get the messages they lack: sending it again changes nothing.",
        )
        .body(true, "ImportRequest")
        .body_as("application/x-ndjson", lines)
        .response(Response::json(200, "What became of each.", "ImportReport"))
        .refuses(&[TooManyConversations])
}
