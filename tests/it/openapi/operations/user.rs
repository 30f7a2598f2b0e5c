//! What concerns a user's data as a whole.

use conversation_store::ErrorCode::{
    ConversationNotFound, InvalidId, InvalidQuery, TooManyConversations,
};
use serde_json::{Value, json};

use super::super::operation::{Answer, Operation};
use super::super::parameters::query;
use super::super::schemas::reference;

pub fn operations() -> Vec<Operation> {
    vec![import(), export(), statistics(), erase()]
}

fn import() -> Operation {
    let lines = json!({ "type": "string", "description": "A conversation per line, as an export gives them." });
    Operation::new("post", "/api/import", "importConversations")
        .describe(
            "data",
            "Import conversations",
            "The value of the frontend's localStorage key, as it is; or what an export gave. New conversations are \
             kept whole, those already there get the messages they lack: sending it again changes nothing.",
        )
        .body(true, "ImportRequest")
        .body_as("application/x-ndjson", lines)
        .answers(Answer::json(200, "What became of each.", "ImportReport"))
        .refuses(&[TooManyConversations])
}

fn export() -> Operation {
    let format = json!({ "type": "string", "enum": ["json", "markdown", "ndjson"] });
    Operation::new("get", "/api/export", "exportConversations")
        .describe(
            "data",
            "Export conversations",
            "Everything, newest first, as lines: a conversation each, and a last line without which it is not \
             complete. With `conversation` one of them.",
        )
        .takes_also(query("conversation", "The one to export; without it all of them.", reference("Id")))
        .takes_also(query(
            "format",
            "Of one conversation `json`, if nothing else is said. Everything comes as `ndjson` only.",
            format,
        ))
        .answers(
            Answer::json(200, "The conversations.", "ExportedConversation")
                .body("application/x-ndjson", text("A conversation per line, and a last line that counts them."))
                .body("text/markdown; charset=utf-8", text("A conversation to be read."))
                .headers(&["Content-Disposition"]),
        )
        .refuses(&[InvalidId, InvalidQuery, ConversationNotFound])
}

fn statistics() -> Operation {
    Operation::new("get", "/api/user", "readStatistics")
        .describe(
            "data",
            "Statistics",
            "Totals, sizes, and the activity of each of the last 30 days.",
        )
        .answers(Answer::json(200, "The statistics.", "Statistics"))
}

fn erase() -> Operation {
    Operation::new("delete", "/api/user", "eraseUser")
        .describe(
            "data",
            "Erase everything of the user",
            "For good. The token goes on working, for a user without a past.",
        )
        .whether_enabled_or_not()
        .answers(Answer::json(200, "Nothing is left.", "Erased"))
        .answers(Answer::json(
            202,
            "Some is left: send it again.",
            "ErasureUnderWay",
        ))
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}
