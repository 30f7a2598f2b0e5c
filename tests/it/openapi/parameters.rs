//! Parameters and headers of the document.

use conversation_store::model::limits::{self, PageSize};
use serde_json::{Value, json};

use super::schemas::reference;

pub fn parameters() -> Value {
    json!({
        "ConversationId": path("id", "The conversation.", "1751545800000"),
        "MessageId": path("messageId", "The message.", "1751545800001"),
        "ConversationLimit": limit("conversations", limits::CONVERSATION_PAGE),
        "MessageLimit": limit("messages", limits::MESSAGE_PAGE),
        "EntryLimit": entry_limit(),
        "Cursor": query(
            "cursor",
            "Where to go on: `nextCursor` of an answer. Opaque, and valid whatever is added or removed meanwhile.",
            json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$" }),
        ),
        "IfMatch": header(
            "If-Match",
            "`ETag`s, of which the conversation has to be at one, or `*` for any: where it is not, the answer is 412 and nothing is changed. A weak one matches nothing.",
            tag_list(),
        ),
        "IfAbsent": header(
            "If-None-Match",
            "`ETag`s, of which the conversation must be at none, or `*`: then it must not be there at all. Where it is, the answer is 412 and nothing is changed.",
            tag_list(),
        ),
        "IfNoneMatch": header(
            "If-None-Match",
            "The `ETag` of what the client has: where it is current, the answer is 304 without a body.",
            json!({ "type": "string" }),
        ),
        "IdempotencyKey": header(
            "Idempotency-Key",
            "Names this write, for 7 days: a repeat with the same key is answered as the first was, and changes nothing. A UUIDv7 also says when it was made, so that one too old to be remembered is refused (409).",
            json!({ "type": "string", "pattern": "^[!-~]{1,255}$", "examples": ["0197d0a6-3f2e-7c41-9d0b-4a1f6f1c2b3d"] }),
        ),
        "LastEventId": header(
            "Last-Event-ID",
            "The id of the last event that a stream gave: a cursor, which `cursor` gives way to.",
            json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$" }),
        ),
        "Place": query(
            "place",
            "The `Stream-Place` of the client's last stream, whose time is up: the next one costs less. Any other stream is opened as if it were not there.",
            json!({ "type": "string", "pattern": "^[0-9]+\\.-?[0-9]+\\.-?[0-9]+$" }),
        ),
        "RequestId": header(
            "X-Request-Id",
            "The client's own id of this request, for answer and log: 1 to 64 characters of A-Z a-z 0-9 _ -. Any other gives way to a new one.",
            json!({ "type": "string" }),
        ),
    })
}

pub fn headers() -> Value {
    json!({
        "X-Request-Id": {
            "description": "The id of this request; the line of the log has it too.",
            "required": true,
            "schema": { "type": "string" },
        },
        "RateLimit-Limit": count("Calls that a minute allows."),
        "RateLimit-Remaining": count("Calls that are left in this minute."),
        "RateLimit-Reset": count("Seconds until the next minute begins."),
        "ETag": {
            "description": "Opaque, in double quotes: what it belongs to has not changed as long as it is the same. Of a compressed answer it ends with `-gzip`. Absent while a write to the conversation is unfinished.",
            "schema": { "type": "string", "pattern": "^\"[A-Za-z0-9_-]{32}(-gzip)?\"$" },
        },
        "Stream-Place": {
            "description": "Of a stream: its place among the user's, for `place` when its time is up.",
            "schema": { "type": "string", "pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+$" },
        },
        "Location": {
            "description": "Where the thing created is.",
            "required": true,
            "schema": { "type": "string" },
        },
        "Vary": {
            "description": "What the answer depends on, first of all `Authorization`.",
            "required": true,
            "schema": { "type": "string", "pattern": "^Authorization" },
        },
        "Retry-After": count("Seconds after which it makes sense to ask again."),
        "X-Robots-Tag": {
            "description": "Search engines are to leave a share alone.",
            "schema": { "const": "noindex" },
        },
        "WWW-Authenticate": {
            "description": "The scheme expected.",
            "required": true,
            "schema": { "const": "Bearer" },
        },
        "Content-Disposition": {
            "description": "The name of a file to keep it in.",
            "required": true,
            "schema": { "type": "string" },
        },
    })
}

/// Entity tags, as preconditions have them.
fn tag_list() -> Value {
    const TAG: &str = r#"(W/)?"[!#-~]*""#;
    let pattern = format!("^(\\*|{TAG}( *, *{TAG})*)$");
    json!({
        "type": "string",
        "pattern": pattern,
        "examples": ["\"RHF0bH9yS2MAAAGXz3k4EAAAAAAAAAAB\"", "*"],
    })
}

/// Whether something is to be done, said in the query.
pub fn flag(name: &str, description: &str) -> Value {
    let schema = json!({ "type": "string", "enum": ["true", "false"], "default": "false" });
    query(name, description, schema)
}

/// One of two, or both where the query does not say.
pub fn either(name: &str, description: &str) -> Value {
    let schema = json!({ "type": "string", "enum": ["true", "false"] });
    query(name, description, schema)
}

pub fn query(name: &str, description: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "query", "description": description, "schema": schema })
}

fn path(name: &str, description: &str, example: &str) -> Value {
    json!({
        "name": name,
        "in": "path",
        "required": true,
        "description": description,
        "schema": reference("Id"),
        "example": example,
    })
}

pub fn header(name: &str, description: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "header", "description": description, "schema": schema })
}

fn limit(what: &str, size: PageSize) -> Value {
    let description = format!("How many {what} at most.");
    let schema = json!({
        "type": "integer",
        "minimum": 1,
        "maximum": size.most,
        "default": size.default,
    });
    query("limit", &description, schema)
}

/// Of messages, or with a `view` of entries.
fn entry_limit() -> Value {
    let (messages, entries) = (limits::MESSAGE_PAGE, limits::ENTRY_PAGE);
    let description = format!(
        "How many at most: of messages {} where it is not said and up to {}, with a `view` {} and up to {}.",
        messages.default, messages.most, entries.default, entries.most
    );
    let schema = json!({ "type": "integer", "minimum": 1, "maximum": entries.most });
    query("limit", &description, schema)
}

fn count(description: &str) -> Value {
    json!({ "description": description, "schema": { "type": "integer", "minimum": 0 } })
}
