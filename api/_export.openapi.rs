//! What `public/openapi.json` says of `/api/export`. With its underscore, the file is no function.

use conversation_store::ErrorCode::{ConversationNotFound, InvalidId, InvalidQuery};
use conversation_store::http::Route;
use http::Method;
use serde_json::{Value, json};

use super::super::operation::{Operation, Response};
use super::super::parameters::query;
use super::super::schemas::reference;

pub fn operations() -> Vec<Operation> {
    vec![export()]
}

fn export() -> Operation {
    let format = json!({ "type": "string", "enum": ["json", "markdown", "ndjson"] });
    Operation::new(Method::GET, Route::Export, "exportConversations")
        .describe(
            "data",
            "Export conversations",
            "Everything, newest first, as lines: a conversation each, and a last line without which it is not \
             complete. With `conversation` one of them.",
        )
        .takes_also(query("conversation", "The one to export; without it all of them.", reference("Id")))
        .takes_also(query(
            "format",
            "For one conversation, `json` by default. An export of everything is always `ndjson`.",
            format,
        ))
        .response(
            Response::json(200, "The conversations.", "ExportedConversation")
                .body("application/x-ndjson", text("A conversation per line, and a last line that counts them."))
                .body("text/markdown; charset=utf-8", text("A conversation for people to read."))
                .headers(&["Content-Disposition"]),
        )
        .refuses(&[InvalidId, InvalidQuery, ConversationNotFound])
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}
