//! Pages, searches, responses to writes, and changes.

use serde_json::{Map, Value, json};

use super::message::ids;
use super::{count, described, list_of, next_cursor, object, object_with, reference};

pub fn schemas() -> Map<String, Value> {
    [
        ("ConversationList", conversation_list()),
        (
            "ConversationListOrSearch",
            json!({ "oneOf": [reference("ConversationList"), reference("SearchPage")] }),
        ),
        ("SearchPage", search_page()),
        ("SearchHit", search_hit()),
        ("Excerpt", excerpt()),
        ("MessagePage", message_page()),
        ("Appended", appended()),
        ("AppendedMessages", appended_messages()),
        ("AppendedEntries", appended_entries()),
        ("WrittenMessage", written_message()),
        ("DeletedMessages", deleted_messages()),
        ("DeletedConversation", deleted_conversation()),
        ("Changes", changes()),
        ("Change", change()),
    ]
    .into_iter()
    .map(|(name, schema)| (name.to_owned(), schema))
    .collect()
}

fn conversation_list() -> Value {
    let page = json!({
        "data": list_of("ListedConversation"),
        "nextCursor": next_cursor(),
        "clock": reference("ChangeSequence"),
    });
    let count = described(
        json!({ "type": ["integer", "null"], "minimum": 0 }),
        "For a filtered list: how many match, on all pages; null if there are too many to count at once.",
    );
    object_with(page, json!({ "count": count }))
}

fn search_page() -> Value {
    let indexed = described(
        object(json!({ "done": count(), "of": count(), "total": count() })),
        "How many of the conversations considered have been prepared for searching, and how many there are in all. The others are read \
         whole, come last, and are prepared a few at a time after each search. One of too many different words is never prepared: it counts \
         as done.",
    );
    object(json!({ "data": list_of("SearchHit"), "nextCursor": next_cursor(), "indexed": indexed }))
}

fn search_hit() -> Value {
    let message = object_with(
        json!({ "id": { "type": "string" }, "timestamp": reference("Timestamp"), "excerpt": reference("Excerpt") }),
        json!({ "type": { "type": ["string", "null"] } }),
    );
    let title = json!({ "oneOf": [reference("Excerpt"), { "type": "null" }] });
    object(json!({
        "conversation": reference("ListedConversation"),
        "title": described(title, "The title, if it matches."),
        "matches": described(count(), "The number of matching messages, of those read for this page."),
        "complete": described(
            json!({ "type": "boolean" }),
            "Whether all messages were read: a large conversation comes on several pages, each with its own matches.",
        ),
        "messages": described(
            json!({ "type": "array", "items": message, "maxItems": 5 }),
            "The best of them, the best first.",
        ),
    }))
}

fn excerpt() -> Value {
    let mark = json!({ "type": "array", "items": count(), "minItems": 2, "maxItems": 2 });
    object(json!({
        "text": { "type": "string" },
        "start": described(count(), "Where in the whole text this part begins, in UTF-16 code units."),
        "length": described(count(), "How long the whole text is."),
        "marks": described(
            json!({ "type": "array", "items": mark }),
            "The matches in this part: start and end, in UTF-16 code units.",
        ),
    }))
}

fn message_page() -> Value {
    object(json!({
        "data": {
            "type": "array",
            "items": { "anyOf": [reference("Message"), reference("SessionEntry"), reference("ReadableMessage")] },
        },
        "nextCursor": next_cursor(),
        "revision": described(count(), "Of the conversation."),
    }))
}

fn appended() -> Value {
    json!({ "oneOf": [reference("AppendedMessages"), reference("AppendedEntries")] })
}

fn appended_messages() -> Value {
    object(json!({
        "conversation": reference("Conversation"),
        "appended": described(ids(), "The new ones."),
        "clock": reference("ChangeSequence"),
        "previousClock": reference("PreviousChangeSequence"),
    }))
}

/// What became of the entries of an agent session.
fn appended_entries() -> Value {
    object(json!({
        "conversation": reference("Conversation"),
        "appended": described(count(), "The number of new ones."),
        "ignored": {
            "type": "array",
            "items": { "type": "integer", "minimum": 0 },
            "description": "The positions in the request, from 0, of those that existed already.",
        },
        "clock": reference("ChangeSequence"),
        "previousClock": reference("PreviousChangeSequence"),
    }))
}

fn written_message() -> Value {
    object(json!({
        "message": { "oneOf": [reference("Message"), { "type": "null" }], "description": "The message; null in the response to a repeat whose message has been deleted since." },
        "conversation": reference("Conversation"),
        "clock": reference("ChangeSequence"),
        "previousClock": reference("PreviousChangeSequence"),
    }))
}

fn deleted_messages() -> Value {
    object(json!({
        "deleted": described(ids(), "A repeat names the same ones."),
        "conversation": reference("Conversation"),
        "clock": reference("ChangeSequence"),
        "previousClock": reference("PreviousChangeSequence"),
    }))
}

fn deleted_conversation() -> Value {
    object(json!({
        "id": reference("Id"),
        "deleted": { "const": true },
        "clock": reference("ChangeSequence"),
        "previousClock": reference("PreviousChangeSequence"),
    }))
}

fn changes() -> Value {
    object(json!({
        "changed": list_of("Conversation"),
        "deleted": described(ids(), "Conversations that were deleted."),
        "nextCursor": { "type": "string", "description": "The next cursor." },
        "hasMore": described(json!({ "type": "boolean" }), "Whether there is more already."),
        "reset": described(
            json!({ "type": "boolean" }),
            "Whether the cursor is too old: the client forgets what it has, and this is its first page.",
        ),
        "clock": reference("ChangeSequence"),
    }))
}

fn change() -> Value {
    let change = object_with(
        json!({ "type": { "type": "string" }, "clock": reference("ChangeSequence"), "previous": reference("ChangeSequence") }),
        json!({
            "conversationId": reference("Id"),
            "revision": count(),
            "reset": { "type": "boolean" },
            "messages": described(list_of("Message"), "Those that changed, if they are small."),
        }),
    );
    described(change, "The data of an event `change` of the stream.")
}
