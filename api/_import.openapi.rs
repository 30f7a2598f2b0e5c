//! What `public/openapi.json` says of `/api/import`. With its underscore, the file is no function.

use conversation_store::ErrorCode::{
    self, AmbiguousFormat, ClaimUnfinished, ConversationDeleted, ConversationTooLong, InvalidField,
    InvalidId, InvalidQuery, MessageTooLarge, MetadataTooLarge, NothingImported,
    TooManyConversations, TooManyConversationsKept, TooMuchTextKept, UnknownFormat,
};
use conversation_store::http::Route;
use conversation_store::service::import::Format;
use http::Method;
use serde_json::json;

use super::super::operation::{Operation, Response};
use super::super::parameters::query;

/// Why an import is refused as a whole. The second half are reasons to reject a conversation of another system, if none of
/// them is accepted.
const REFUSALS: [ErrorCode; 14] = [
    TooManyConversations,
    InvalidQuery,
    AmbiguousFormat,
    UnknownFormat,
    NothingImported,
    ClaimUnfinished,
    ConversationDeleted,
    ConversationTooLong,
    InvalidField,
    InvalidId,
    MessageTooLarge,
    MetadataTooLarge,
    TooManyConversationsKept,
    TooMuchTextKept,
];

pub fn operations() -> Vec<Operation> {
    vec![import()]
}

fn import() -> Operation {
    let format = json!({ "type": "string", "enum": Format::ALL.map(Format::name) });
    let lines = json!({ "type": "string", "description": "A conversation per line, as an export gives them." });
    Operation::new(Method::POST, Route::Import, "importConversations")
        .describe(
            "data",
            "Import conversations",
            "The value of the frontend's localStorage key, unchanged; an export; or a history of Claude Code, \
             claude.ai, ChatGPT, the AI SDK, LibreChat or Open WebUI, as it is. New conversations are kept whole, those \
             already there get the messages they lack: sending it again changes nothing. One of another system's that \
             nobody has changed since it was imported becomes what its source is now.",
        )
        .takes_also(query("format", "The format of the body; by default it is detected.", format))
        .takes_also(query(
            "name",
            "The name of the file: a session of Claude Code and a `UIMessage[]` get their id from it.",
            json!({ "type": "string", "maxLength": 255 }),
        ))
        .takes_also(query(
            "follow",
            "Whether conversations in the service's own form follow a source elsewhere, and are updated from it.",
            json!({ "type": "boolean" }),
        ))
        .takes_also(query(
            "portion",
            "Whether more of the same source follows. The returned `continuation` then has to precede the next portion.",
            json!({ "type": "boolean" }),
        ))
        .body(true, "ImportRequest")
        .body_as("application/x-ndjson", lines)
        .response(Response::json(200, "The outcome of each.", "ImportReport"))
        .refuses(&REFUSALS)
}
