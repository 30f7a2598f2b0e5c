//! The data of the document. What has no `additionalProperties` is complete: the tests hold every response
//! to that. Conversations and messages may have fields of the client's own, and say so.

mod conversation;
mod import;
mod message;
mod responses;
mod session;
mod share;
mod user;

use conversation_store::ErrorCode;
use conversation_store::model::limits;
use serde_json::{Map, Value, json};

pub fn schemas() -> Map<String, Value> {
    let mut all = Map::new();
    all.extend(basics());
    all.extend(message::schemas());
    all.extend(conversation::schemas());
    all.extend(share::schemas());
    all.extend(responses::schemas());
    all.extend(session::schemas());
    all.extend(import::schemas());
    all.extend(user::schemas());
    all
}

pub fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// An object with all of these members.
fn object(members: Value) -> Value {
    object_with(members, json!({}))
}

/// An object with all of `required`, and maybe some of `optional`.
fn object_with(required: Value, optional: Value) -> Value {
    let (Value::Object(mut members), Value::Object(optional)) = (required, optional) else {
        unreachable!("members are named");
    };
    let names: Vec<String> = members.keys().cloned().collect();
    members.extend(optional);
    let mut object = json!({ "type": "object", "properties": members });
    if !names.is_empty() {
        object["required"] = json!(names);
    }
    object
}

/// The members of both.
fn join(mut first: Value, second: Value) -> Value {
    if let (Value::Object(first), Value::Object(second)) = (&mut first, second) {
        first.extend(second);
    }
    first
}

/// The same with fields of the client's own.
fn open(mut object: Value, description: &str) -> Value {
    object["additionalProperties"] = json!(true);
    described(object, description)
}

fn described(mut schema: Value, description: &str) -> Value {
    schema["description"] = json!(description);
    schema
}

fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn list_of(schema: &str) -> Value {
    json!({ "type": "array", "items": reference(schema) })
}

/// The cursor of the next page, if there is one.
fn next_cursor() -> Value {
    json!({ "type": ["string", "null"], "description": "Leads to the next page; null on the last." })
}

fn basics() -> Map<String, Value> {
    let basics = json!({
        "Id": {
            "type": "string",
            "description": "Chosen by the client; unique within one user only.",
            "minLength": 1,
            "maxLength": limits::ID,
            "pattern": "^[A-Za-z0-9_-]+$",
        },
        "Timestamp": {
            "type": "string",
            "format": "date-time",
            "description": "ISO 8601 in UTC, with milliseconds.",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$",
        },
        "SentTimestamp": {
            "description": "An ISO 8601 date and time with its zone, or milliseconds since the epoch, in the years 0 to 9999.",
            "anyOf": [
                { "type": "string", "format": "date-time" },
                { "type": "integer", "minimum": -62_167_219_200_000_i64, "maximum": 253_402_300_799_999_i64 },
            ],
        },
        "ChangeSequence": {
            "type": "integer",
            "minimum": 0,
            "description": "The user's change sequence: milliseconds since the epoch, and more with every change. A sync takes it as a cursor.",
        },
        "PreviousChangeSequence": {
            "type": "integer",
            "minimum": 0,
            "description": "The change sequence before this call: a client that knew everything up to it knows everything now.",
        },
        "ErrorCode": error_code(),
        "Error": object(json!({
            "error": object_with(
                json!({
                    "code": reference("ErrorCode"),
                    "message": { "type": "string", "description": "For a person." },
                    "requestId": { "type": "string", "description": "As in `X-Request-Id`." },
                }),
                json!({
                    "revision": described(count(), "The current one, for `revision_mismatch`; 0 if there is no such conversation."),
                }),
            ),
        })),
    });
    match basics {
        Value::Object(basics) => basics,
        _ => Map::new(),
    }
}

fn error_code() -> Value {
    let codes: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    let meanings = ErrorCode::ALL
        .iter()
        .map(|code| format!("- {} `{code}`: {}", code.status().as_u16(), code.meaning()));
    let description: Vec<String> = std::iter::once("Stable; by status:\n".to_owned())
        .chain(meanings)
        .collect();
    json!({ "type": "string", "enum": codes, "description": description.join("\n") })
}
