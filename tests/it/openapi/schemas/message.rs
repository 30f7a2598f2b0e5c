//! Messages.

use conversation_store::model::limits;
use serde_json::{Map, Value, json};

use super::{count, described, object, object_with, open, reference};

pub fn schemas() -> Map<String, Value> {
    let sent = json!({
        "id": reference("Id"),
        "type": reference("MessageType"),
        "content": reference("Content"),
    });
    let kept = json!({
        "id": reference("Id"),
        "type": reference("MessageType"),
        "content": reference("Content"),
        "timestamp": reference("Timestamp"),
    });
    let branches = json!({
        "parentId": described(
            json!({ "anyOf": [reference("Id"), { "type": "null" }] }),
            "The message that this one follows, null for none: with `branches=all`, and in the export of a conversation with branches.",
        ),
        "siblingIds": described(ids(), "All messages that follow the same one, this one included, where there are others."),
    });
    let mut schemas = Map::new();
    schemas.insert(
        "MessageType".into(),
        json!({ "type": "string", "enum": ["user", "assistant", "system"] }),
    );
    schemas.insert("Content".into(), content());
    schemas.insert("Tokens".into(), tokens());
    schemas.insert(
        "Message".into(),
        open(
            object_with(kept, flags(branches)),
            "A message: what was sent comes back as it was, fields of the client's own included.",
        ),
    );
    schemas.insert(
        "NewMessage".into(),
        open(
            object_with(sent, flags(json!({
                "timestamp": reference("SentTimestamp"),
                "parentId": described(
                    json!({ "anyOf": [reference("Id"), { "type": "null" }] }),
                    "The message that it follows, null for none. Without it, it follows the one before.",
                ),
            }))),
            &format!(
                "A message to be kept. Without a `timestamp` it is of now. At most {} fields of the client's own, \
                 and {} bytes of them; their names and values come back as they were.",
                limits::FIELDS,
                limits::MESSAGE_FIELDS
            ),
        ),
    );
    schemas.insert("MessagePatch".into(), patch());
    schemas.insert("MessagesToAppend".into(), append());
    schemas
}

fn content() -> Value {
    json!({
        "type": "string",
        "maxLength": limits::CONTENT,
        "description": format!("The text, byte for byte; at most {} bytes of UTF-8.", limits::CONTENT),
    })
}

fn tokens() -> Value {
    let number = json!({ "type": "integer", "minimum": 0, "maximum": limits::TOKENS });
    let mut tokens = open(
        object_with(
            json!({}),
            json!({ "input": number, "output": number, "total": number }),
        ),
        "What the message accounts for: `total`, or where it is not given, `input` and `output`.",
    );
    tokens["type"] = json!(["object", "null"]);
    tokens
}

/// The members that a message may have, beside `more`.
fn flags(more: Value) -> Value {
    let flag = json!({ "type": ["boolean", "null"] });
    let mut flags = json!({ "streaming": flag, "tokens": reference("Tokens"), "editable": flag });
    if let (Value::Object(flags), Value::Object(more)) = (&mut flags, more) {
        flags.extend(more);
    }
    flags
}

fn patch() -> Value {
    let fields = flags(json!({
        "type": reference("MessageType"),
        "content": reference("Content"),
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
