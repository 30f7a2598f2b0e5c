//! Conversations, with and without their messages.

use conversation_store::model::limits;
use serde_json::{Map, Value, json};

use super::{count, described, join, list_of, next_cursor, object, object_with, open, reference};

pub fn schemas() -> Map<String, Value> {
    let mut schemas = Map::new();
    schemas.insert("Title".into(), title());
    schemas.insert("Tags".into(), tags());
    schemas.insert("ExportMetadata".into(), export_metadata());
    let kept = [
        (
            "Conversation",
            json!({}),
            "A conversation without its messages.",
        ),
        (
            "OpenConversation",
            json!({ "messages": list_of("Message"), "nextCursor": next_cursor() }),
            "A conversation with its newest messages, in reading order. `nextCursor` leads to the older ones, \
             by way of the messages' own route.",
        ),
        (
            "WrittenConversation",
            json!({ "clock": reference("ChangeSequence"), "previousClock": reference("PreviousChangeSequence") }),
            "A conversation after it was written.",
        ),
        (
            "ExportedConversation",
            json!({ "messages": list_of("Message"), "$export": reference("ExportMetadata") }),
            "A conversation with all its messages, as an import accepts it.",
        ),
    ];
    for (name, more, description) in kept {
        let mut more = join(summary(), more);
        if name == "ExportedConversation" {
            // An export is the same whenever it is taken.
            let _ = more.as_object_mut().unwrap().remove("expiresAt");
        }
        let object = object_with(more, json!({ "mcpServers": servers() }));
        schemas.insert(name.into(), open(object, description));
    }
    let listed = object_with(
        summary(),
        json!({ "mcpServers": servers(), "deletedAt": reference("Timestamp") }),
    );
    schemas.insert(
        "ListedConversation".into(),
        open(
            listed,
            "A conversation without its messages. In the trash it says when it was deleted, and `expiresAt` is when it is gone \
             for good.",
        ),
    );
    schemas.insert("NewConversation".into(), new_conversation());
    schemas.insert("MetadataPatch".into(), patch());
    schemas.insert("Restoration".into(), restoration());
    let either = json!({ "oneOf": [reference("MetadataPatch"), reference("Restoration")] });
    schemas.insert("ConversationPatch".into(), either);
    schemas
}

/// What every conversation has.
fn summary() -> Value {
    json!({
        "id": reference("Id"),
        "title": described(json!({ "type": "string" }), "Its own, or generated from its first user message."),
        "createdAt": reference("Timestamp"),
        "updatedAt": reference("Timestamp"),
        "messageCount": count(),
        "totalTokens": count(),
        "revision": described(count(), "Counts changes."),
        "etag": described(
            json!({ "type": ["string", "null"], "pattern": "^[A-Za-z0-9_-]{32}$" }),
            "As in the header `ETag`, without quotes; null while a write is unfinished.",
        ),
        "headId": described(
            json!({ "anyOf": [reference("Id"), { "type": "null" }] }),
            "The last message of the active path; null if there is none, and until the next write of a conversation of an earlier release.",
        ),
        "expiresAt": {
            "anyOf": [reference("Timestamp"), { "type": "null" }],
            "description": "When it expires, unless it is read or written before; null if never.",
        },
        "pinned": described(json!({ "type": "boolean" }), "It does not expire either."),
        "keep": described(json!({ "type": "boolean" }), "It does not expire."),
        "archived": { "type": "boolean" },
        "tags": { "type": "array", "items": { "type": "string" } },
    })
}

fn title() -> Value {
    json!({ "type": "string", "maxLength": limits::TITLE })
}

fn tags() -> Value {
    json!({
        "type": ["array", "null"],
        "items": { "type": "string", "maxLength": limits::TAG },
        "maxItems": limits::TAGS,
    })
}

fn servers() -> Value {
    json!({ "type": ["object", "null"], "additionalProperties": true })
}

fn export_metadata() -> Value {
    let mut metadata = object_with(
        json!({
            "place": { "type": "integer" },
            "titled": { "type": "boolean" },
        }),
        json!({ "numbers": numbers() }),
    );
    metadata["description"] = json!("The place of a conversation in the list, for an import.");
    metadata
}

/// What a client may set, on a new conversation or an existing one.
fn settable() -> Value {
    let flag = json!({ "type": ["boolean", "null"] });
    json!({ "pinned": flag, "keep": flag, "archived": flag, "tags": reference("Tags"), "mcpServers": servers() })
}

fn new_conversation() -> Value {
    let fields = json!({
        "id": reference("Id"),
        "title": { "anyOf": [reference("Title"), { "type": "null" }] },
        "messages": described(
            list_of("NewMessage"),
            "No two with the same id. Each follows the one before, unless its `parentId` says otherwise.",
        ),
        "headId": described(
            json!({ "anyOf": [reference("Id"), { "type": "null" }] }),
            "If messages have a `parentId`: the end of the active path, by default the last message.",
        ),
        "createdAt": reference("SentTimestamp"),
        "updatedAt": reference("SentTimestamp"),
        "totalTokens": { "type": "integer", "minimum": 0, "maximum": limits::TOKENS },
        "$export": sent_export_metadata(),
        "forkOf": described(
            json!({ "anyOf": [fork_of(), fork_of_share(), { "type": "null" }] }),
            "Forks another conversation's path, up to a message or to its head, with its metadata unless other is sent; or a share, with the share's title. The request then has no `messages`, and `forkedFrom` names the source. Only with POST.",
        ),
    });
    open(
        object_with(json!({}), join(settable(), fields)),
        &format!(
            "A conversation to be stored. Without a title it gets one generated from its first user message. What the \
             service computes (`revision`, `etag`, `expiresAt`, `messageCount`, `clock`, `previousClock`, `nextCursor`) may be sent back, \
             to no effect. At most {} fields of the client's own, and {} bytes of metadata.",
            limits::FIELDS,
            limits::METADATA
        ),
    )
}

/// What a new conversation is a fork of.
fn fork_of() -> Value {
    let required = json!({ "conversationId": reference("Id") });
    let optional = json!({ "messageId": { "anyOf": [reference("Id"), { "type": "null" }] } });
    open(
        object_with(required, optional),
        "A conversation, up to a message.",
    )
}

/// The share that a new conversation is a fork of.
fn fork_of_share() -> Value {
    // A malformed share id counts as not found, and a PUT ignores the field.
    let required = json!({ "shareId": { "type": "string" } });
    let mut fork = open(object_with(required, json!({})), "A share of any user.");
    let others = ["conversationId", "messageId"].map(|name| json!({ "required": [name] }));
    fork["not"] = json!({ "anyOf": others });
    fork
}

fn numbers() -> Value {
    described(
        json!({ "type": "array", "uniqueItems": true, "items": { "type": "integer", "minimum": 1, "maximum": 1_000_000_000 } }),
        "With branches, a number for each of the messages: those with the same parent are ordered by it. Ignored if the number of messages differs.",
    )
}

/// As `ExportMetadata`, in any form that a timestamp may have.
fn sent_export_metadata() -> Value {
    let metadata = object_with(
        json!({
            "place": reference("SentTimestamp"),
            "titled": { "type": "boolean" },
        }),
        json!({ "numbers": numbers() }),
    );
    open(metadata, "Its place in the list, from an export.")
}

fn restoration() -> Value {
    let mut restoration = object(json!({ "trashed": { "const": false } }));
    restoration["additionalProperties"] = json!(false);
    described(restoration, "Takes the conversation out of the trash.")
}

fn patch() -> Value {
    let fields = join(
        settable(),
        json!({
            "title": reference("Title"),
            "headId": described(
                json!({ "anyOf": [reference("Id"), { "type": "null" }] }),
                "Switches to the branch that ends with this message: the active path is then the one from the root to it.",
            ),
            "$expected": described(
                json!({ "type": "object", "additionalProperties": true }),
                "Fields, and the values that they must have, written as they were sent; null for one that must be absent. If one has another value, the response is 412 and nothing is changed.",
            ),
        }),
    );
    let fixed = [
        "messages",
        "createdAt",
        "updatedAt",
        "totalTokens",
        "messageCount",
        "revision",
        "etag",
        "expiresAt",
        "clock",
        "previousClock",
        "nextCursor",
        "$export",
        "trashed",
    ];
    let fixed = fixed.map(|name| json!({ "required": [name] }));
    let mut patch = open(
        object_with(json!({}), fields),
        "The fields to change, at least one; null removes one, but not the title. An `id` has to be the one in \
         the path. What the service computes, and messages, cannot be changed here.",
    );
    patch["minProperties"] = json!(1);
    patch["not"] = json!({ "anyOf": fixed });
    patch
}
