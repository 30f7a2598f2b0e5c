//! Shares.

use serde_json::{Map, Value, json};

use super::{count, described, join, list_of, next_cursor, object, object_with, open, reference};

pub fn schemas() -> Map<String, Value> {
    let conversation = json!({ "conversationId": reference("Id") });
    let until =
        json!({ "expiresAt": { "anyOf": [reference("SentTimestamp"), { "type": "null" }] } });
    let page = json!({ "messages": list_of("Message"), "nextCursor": next_cursor() });
    [
        (
            "NewShare",
            open(
                object_with(conversation.clone(), until),
                "What to share, and until when: a time to come, within the TTL of a conversation, which is also \
                 what holds where none is given.",
            ),
        ),
        ("Share", object(join(snapshot(), conversation))),
        ("ShareList", object(json!({ "data": list_of("Share") }))),
        (
            "SharedConversation",
            described(object(join(snapshot(), page)), "A share as its readers see it; messages oldest first."),
        ),
        (
            "RevokedShare",
            object(json!({ "id": share_id(), "deleted": { "const": true } })),
        ),
    ]
    .into_iter()
    .map(|(name, schema)| (name.to_owned(), schema))
    .collect()
}

pub fn share_id() -> Value {
    json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{22}([A-Za-z0-9_-]{10})?$" })
}

fn snapshot() -> Value {
    json!({
        "id": share_id(),
        "title": { "type": "string" },
        "messageCount": count(),
        "createdAt": reference("Timestamp"),
        "expiresAt": reference("Timestamp"),
    })
}
