//! Messages.

use conversation_store::model::limits;
use serde_json::{Map, Value, json};

use super::{count, described, object, object_with, open, reference};

pub fn schemas() -> Map<String, Value> {
    let sent = json!({ "id": reference("Id"), "type": reference("MessageType") });
    let kept = json!({
        "id": reference("Id"),
        "type": reference("MessageType"),
        "content": reference("Content"),
        "timestamp": reference("Timestamp"),
    });
    let branches = json!({
        "parentId": described(
            json!({ "anyOf": [reference("Id"), { "type": "null" }] }),
            "The parent of this message, null for none: with `branches=all`, and in the export of a conversation with branches.",
        ),
        "siblingIds": described(ids(), "All messages with the same parent, including this one, if there are others."),
    });
    let mut schemas = Map::new();
    schemas.insert(
        "MessageType".into(),
        json!({ "type": "string", "enum": ["user", "assistant", "system", "tool"] }),
    );
    schemas.insert("Content".into(), content());
    schemas.insert("Parts".into(), parts());
    schemas.insert("Tokens".into(), tokens());
    schemas.insert(
        "Message".into(),
        open(
            object_with(kept, flags(branches)),
            "A message: it comes back unchanged, including the client's own fields. If parts were sent \
             without a content, `content` is the text of them.",
        ),
    );
    schemas.insert("NewMessage".into(), new_message(sent));
    let saved = json!({ "type": reference("MessageType") });
    schemas.insert("MessageToSave".into(), new_message(saved));
    schemas.insert("MessagePatch".into(), patch());
    schemas.insert("MessagesToAppend".into(), append());
    schemas.extend(session_entries());
    schemas.insert(
        "NewMessages".into(),
        json!({ "anyOf": [reference("MessagesToAppend"), reference("EntriesToAppend")] }),
    );
    schemas
}

/// The entries of agent sessions, and what is shown of them.
fn session_entries() -> [(String, Value); 4] {
    let text = json!({ "type": "string", "minLength": 1, "maxLength": limits::SESSION_KEY });
    let key = object_with(
        json!({ "projectKey": text, "sessionId": text }),
        json!({
            "subpath": {
                "anyOf": [text.clone(), { "type": "null" }],
                "description": "For a subagent of the session.",
            },
        }),
    );
    let entry = open(
        object_with(
            json!({ "type": { "type": "string" } }),
            json!({ "uuid": described(json!({}), "If it is a string, the entry is appended only once.") }),
        ),
        "Opaque but for its type, and comes back byte for byte.",
    );
    let readable = open(
        object_with(
            json!({ "id": reference("Id"), "type": reference("MessageType") }),
            json!({}),
        ),
        "A message that an import of the entries would make.",
    );
    let entries = json!({
        "type": "array",
        "items": reference("SessionEntry"),
        "minItems": 1,
        "maxItems": limits::ENTRIES,
    });
    let append = object(json!({ "session": reference("SessionKey"), "entries": entries }));
    [
        ("SessionKey", key),
        ("SessionEntry", entry),
        ("ReadableMessage", readable),
        ("EntriesToAppend", append),
    ]
    .map(|(name, schema)| (name.to_owned(), schema))
}

fn new_message(required: Value) -> Value {
    let optional = json!({
        "timestamp": reference("SentTimestamp"),
        "content": { "anyOf": [reference("Content"), { "type": "null" }] },
        "parentId": described(
            json!({ "anyOf": [reference("Id"), { "type": "null" }] }),
            "Its parent, null for none. By default the message before it.",
        ),
    });
    let mut message = open(
        object_with(required, flags(optional)),
        &format!(
            "A message to be stored, with a `content`, with `parts`, or with both; an array as content has no parts beside \
             it. Without a `timestamp` it is of now. At most {} fields, and {} bytes of JSON in all; names and values of the \
             client's own come back as they were.",
            limits::FIELDS,
            limits::MESSAGE
        ),
    );
    message["anyOf"] = json!([{ "required": ["content"] }, { "required": ["parts"] }]);
    message
}

fn content() -> Value {
    json!({
        "description": "The text of the message.",
        "oneOf": [
            {
                "type": "string",
                "maxLength": limits::CONTENT,
                "description": format!("The text, byte for byte; at most {} bytes of UTF-8.", limits::CONTENT),
            },
            reference("Parts"),
        ],
    })
}

/// Opaque but for their type.
fn parts() -> Value {
    let part = open(
        object_with(json!({ "type": { "type": "string" } }), json!({})),
        "Its members are up to the library that made it, and come back byte for byte.",
    );
    json!({
        "type": "array",
        "items": part,
        "maxItems": limits::PART_COUNT,
        "description": format!(
            "Text, reasoning, calls of tools and their results, files, …: parts of the AI SDK's messages, blocks of \
             Anthropic's, items of OpenAI's. At most {} bytes of JSON.",
            limits::PARTS
        ),
    })
}

/// The members that describe parts and how they came about.
fn rich() -> Value {
    json!({
        "parts": {
            "oneOf": [reference("Parts"), { "type": "null" }],
            "description": "The parts of the message, if it is more than text.",
        },
        "format": {
            "type": ["string", "null"],
            "maxLength": limits::FORMAT,
            "description": "The format of the parts: `ai-sdk/v7`, `aui/v0`, `anthropic`, `openai/items`, `claude-code`, …",
        },
        "status": { "type": ["string", "null"], "enum": ["complete", "streaming", "aborted", "error", null] },
        "model": { "type": ["string", "null"], "description": "Which model wrote it." },
        "usage": { "type": ["object", "null"], "description": "The usage as the provider reported it." },
        "metadata": { "type": ["object", "null"], "description": "Further data of the client's library." },
    })
}

fn tokens() -> Value {
    let number = json!({ "type": "integer", "minimum": 0, "maximum": limits::TOKENS });
    let mut tokens = open(
        object_with(
            json!({}),
            json!({ "input": number, "output": number, "total": number }),
        ),
        "The tokens of the message: `total`, or if it is not given, `input` and `output`.",
    );
    tokens["type"] = json!(["object", "null"]);
    tokens
}

/// The members that a message may have, beside `more`.
fn flags(more: Value) -> Value {
    let flag = json!({ "type": ["boolean", "null"] });
    let mut flags = json!({ "streaming": flag, "tokens": reference("Tokens"), "editable": flag });
    for more in [rich(), more] {
        if let (Value::Object(flags), Value::Object(more)) = (&mut flags, more) {
            flags.extend(more);
        }
    }
    flags
}

fn patch() -> Value {
    let fields = flags(json!({
        "type": reference("MessageType"),
        "content": { "anyOf": [reference("Content"), { "type": "null" }] },
        "timestamp": reference("SentTimestamp"),
    }));
    let mut patch = open(
        object_with(json!({}), fields),
        "The fields to change, at least one; null removes one that need not be there. An `id` has to be the one \
         in the path.",
    );
    patch["minProperties"] = json!(1);
    patch
}

fn append() -> Value {
    let mut append = object(json!({
        "messages": {
            "type": "array",
            "items": reference("NewMessage"),
            "minItems": 1,
            "maxItems": limits::APPEND,
            "description": "No two with the same id.",
        },
    }));
    append["additionalProperties"] = json!(true);
    append
}

/// Ids of messages.
pub fn ids() -> Value {
    json!({ "type": "array", "items": reference("Id") })
}

/// Where messages are counted.
pub fn counted() -> Value {
    json!({ "messages": count(), "tokens": count() })
}
