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
            "The next page: `nextCursor` of a response. Opaque, and valid regardless of additions and deletions in between.",
            json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$" }),
        ),
        "IfMatch": header(
            "If-Match",
            "`ETag`s, one of which the conversation must have, or `*` for any: otherwise the response is 412 and nothing is changed. A weak one matches nothing.",
            tag_list(),
        ),
        "IfAbsent": header(
            "If-None-Match",
            "`ETag`s, none of which the conversation may have, or `*`: then it must not exist. Otherwise the response is 412 and nothing is changed.",
            tag_list(),
        ),
        "IfNoneMatch": header(
            "If-None-Match",
            "The `ETag` of the client's copy: if it is current, the response is 304 without a body.",
            json!({ "type": "string" }),
        ),
        "IdempotencyKey": header(
            "Idempotency-Key",
            "Names this write, for 7 days: a repeat with the same key gets the same response, and changes nothing. A UUIDv7 also states when it was made, so that one older than the log is refused (409).",
            json!({ "type": "string", "pattern": "^[!-~]{1,255}$", "examples": ["0197d0a6-3f2e-7c41-9d0b-4a1f6f1c2b3d"] }),
        ),
        "LastEventId": header(
            "Last-Event-ID",
            "The id of the last event of a stream: a cursor, which takes precedence over `cursor`.",
            json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$" }),
        ),
        "Place": query(
            "place",
            "The `Stream-Place` of the client's last stream, after its time limit: the next one costs less. Ignored for any other stream.",
            json!({ "type": "string", "pattern": "^[0-9]+\\.-?[0-9]+\\.-?[0-9]+$" }),
        ),
        "RequestId": header(
            "X-Request-Id",
            "The client's own id of this request, for response and log: 1 to 64 characters of A-Z a-z 0-9 _ -. Any other is replaced by a new one.",
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
            "description": "Opaque, in double quotes: as long as it is the same, the content has not changed. For a compressed response it ends with `-gzip`. Absent while a write to the conversation is unfinished.",
            "schema": { "type": "string", "pattern": "^\"[A-Za-z0-9_-]{32}(-gzip)?\"$" },
        },
        "Stream-Place": {
            "description": "Of a stream: its place among the user's streams, for `place` after its time limit.",
            "schema": { "type": "string", "pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+$" },
        },
        "Location": {
            "description": "The URL of the created resource.",
            "required": true,
            "schema": { "type": "string" },
        },
        "Vary": {
            "description": "The headers that the response depends on, first of all `Authorization`.",
            "required": true,
            "schema": { "type": "string", "pattern": "^Authorization" },
        },
        "Retry-After": count("Seconds after which a retry makes sense."),
        "X-Robots-Tag": {
            "description": "Search engines must not index a share.",
            "schema": { "const": "noindex" },
        },
        "WWW-Authenticate": {
            "description": "The scheme expected.",
            "required": true,
            "schema": { "const": "Bearer" },
        },
        "Content-Disposition": {
            "description": "The name of a file to save it in.",
            "required": true,
            "schema": { "type": "string" },
        },
    })
}

/// Entity tags, as preconditions have them; there may be none, as in HTTP: such an `If-Match` matches nothing.
fn tag_list() -> Value {
    const TAG: &str = r#"(W/)?"[!#-~]*""#;
    let pattern = format!("^(\\*|{TAG}( *, *{TAG})*)?$");
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
        "How many at most: messages {} by default and up to {}, with a `view` {} and up to {}.",
        messages.default, messages.most, entries.default, entries.most
    );
    let schema = json!({ "type": "integer", "minimum": 1, "maximum": entries.most });
    query("limit", &description, schema)
}

fn count(description: &str) -> Value {
    json!({ "description": description, "schema": { "type": "integer", "minimum": 0 } })
}
