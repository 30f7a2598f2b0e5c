//! Imports, and what is reported of them.

use conversation_store::ErrorCode;
use conversation_store::model::limits;
use conversation_store::service::import::Format;
use serde_json::{Map, Value, json};

use super::session::current_id;
use super::{count, described, object, object_with, open, reference};

pub fn schemas() -> Map<String, Value> {
    [
        ("ImportRequest", import_request()),
        ("ImportReport", import_report()),
    ]
    .into_iter()
    .map(|(name, schema)| (name.to_owned(), schema))
    .collect()
}

fn import_request() -> Value {
    let anything = json!({ "description": "Anything that is no conversation with an id is rejected individually." });
    let conversations = json!({
        "type": "array",
        "maxItems": limits::IMPORT,
        "items": { "anyOf": [reference("NewConversation"), anything] },
        "description": "A problem with one is no error of the request, but part of its result.",
    });
    let one = object(json!({ "id": reference("Id") }));
    let end = object(json!({ "export": { "type": "object" } }));
    json!({
        "anyOf": [
            conversations,
            open(object(json!({ "conversations": conversations })), "The same in an object."),
            open(one, "A single conversation, as a line of an export."),
            described(end, "The last line of an export, by itself."),
            json!({ "type": "object", "minProperties": 1, "description": "A conversation of another system, or one line of a session, unchanged." }),
        ],
    })
}

fn import_report() -> Value {
    let codes = [
        ErrorCode::InvalidJson,
        ErrorCode::InvalidField,
        ErrorCode::InvalidId,
        ErrorCode::DuplicateId,
        ErrorCode::MessageTooLarge,
        ErrorCode::MetadataTooLarge,
        ErrorCode::ConversationDeleted,
        ErrorCode::TooManyConversationsKept,
        ErrorCode::TooMuchTextKept,
        ErrorCode::ConversationTooLong,
        ErrorCode::ClaimUnfinished,
    ];
    let result = object_with(
        json!({
            "index": count(),
            "id": current_id(),
            "status": {
                "type": "string",
                "enum": ["imported", "updated", "unchanged", "rejected", "skipped"],
                "description": "For another system's history only: `updated`, it existed and was updated from its source; `skipped`, `source` says why.",
            },
        }),
        json!({
            "code": { "type": "string", "enum": codes.map(ErrorCode::as_str) },
            "message": { "type": "string" },
            "source": imported_source(),
        }),
    );
    object_with(
        json!({
            "imported": count(),
            "unchanged": count(),
            "rejected": count(),
            "results": { "type": "array", "items": result },
            "clock": reference("ChangeSequence"),
        }),
        json!({
            "format": described(
                json!({ "type": "string", "enum": Format::ALL.map(Format::name) }),
                "The format; absent for the service's own form, like the following members.",
            ),
            "updated": count(),
            "skipped": count(),
            "invalidLines": described(count(), "Lines that could not be read."),
            "continuation": described(
                json!({ "type": "string" }),
                "A line that has to precede the next portion, if `portion` said that one follows.",
            ),
        }),
    )
}

/// What the source of a conversation did not contain.
fn imported_source() -> Value {
    let counts = json!({ "type": "object", "additionalProperties": count() });
    let placeholder = object(json!({
        "messageId": current_id(),
        "name": { "type": ["string", "null"] },
        "bytes": { "type": ["integer", "null"], "minimum": 0 },
        "reason": { "type": "string", "enum": ["too_large", "not_in_source"] },
    }));
    let skipped = [
        "wrong_shape",
        "empty",
        "too_many_messages",
        "too_many_conversations",
        "duplicate_id",
    ];
    let source = object_with(
        json!({
            "index": count(),
            "id": { "type": ["string", "null"] },
            "messages": count(),
            "hidden": described(count(), "Hidden messages and blocks of the source."),
            "morePlaceholders": count(),
            "estimatedDates": count(),
            "undated": count(),
            "missingParents": count(),
            "duplicates": count(),
        }),
        json!({
            "skipped": { "type": "string", "enum": skipped },
            "unknownBlocks": described(counts, "Blocks of unknown types, kept unchanged, by type."),
            "placeholders": { "type": "array", "items": placeholder },
        }),
    );
    described(
        source,
        "The result of converting another system's conversation.",
    )
}
