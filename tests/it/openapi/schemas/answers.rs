//! What else is sent and answered.

use conversation_store::ErrorCode;
use conversation_store::identity::RecoveryCode;
use conversation_store::metrics::{MOST_REPORTED, MOST_REPORTED_ERRORS};
use conversation_store::model::limits;
use conversation_store::service::import::Format;
use serde_json::{Map, Value, json};

use super::message::{counted, ids};
use super::{count, described, join, list_of, next_cursor, object, object_with, open, reference};

pub fn schemas() -> Map<String, Value> {
    [
        ("ConversationList", conversation_list()),
        ("MessagePage", message_page()),
        ("Appended", appended()),
        ("AppendedMessages", appended_messages()),
        ("AppendedEntries", appended_entries()),
        ("WrittenMessage", written_message()),
        ("DeletedMessages", deleted_messages()),
        ("DeletedConversation", deleted_conversation()),
        ("SessionAction", session_action()),
        ("Session", session(json!({}))),
        ("NewSession", session(token())),
        ("DeviceCode", device_code()),
        (
            "RedeemedSession",
            object(join(json!({ "userId": user_id() }), token())),
        ),
        ("RenewedToken", object(token())),
        (
            "RecoveryCode",
            object(json!({ "recoveryCode": recovery_code(), "createdAt": reference("Timestamp") })),
        ),
        (
            "RevokedRecoveryCode",
            object(json!({ "recoveryCodeCreatedAt": { "type": "null" } })),
        ),
        (
            "ReadToken",
            object(
                json!({ "readToken": { "type": "string" }, "createdAt": reference("Timestamp") }),
            ),
        ),
        (
            "RevokedReadToken",
            object(json!({ "readTokenCreatedAt": { "type": "null" } })),
        ),
        (
            "Claimed",
            object(json!({ "claimed": { "const": true }, "conversations": count() })),
        ),
        ("ClaimUnderWay", claim_under_way()),
        ("CurrentConversation", current_conversation()),
        ("Changes", changes()),
        ("Change", change()),
        ("ImportRequest", import_request()),
        ("ImportReport", import_report()),
        ("Statistics", statistics()),
        ("UserPatch", user_patch()),
        ("Emptied", object(json!({ "emptied": { "const": true } }))),
        ("EmptyingUnderWay", emptying_under_way()),
        ("Erased", object(json!({ "erased": { "const": true } }))),
        ("ErasureUnderWay", erasure_under_way()),
        ("AgentMessage", agent_message()),
        ("AgentResponse", agent_response()),
        ("Health", health()),
        ("ClientReport", client_report()),
        ("Accepted", object(json!({ "accepted": { "const": true } }))),
    ]
    .into_iter()
    .map(|(name, schema)| (name.to_owned(), schema))
    .collect()
}

fn conversation_list() -> Value {
    let page = json!({
        "data": list_of("ListedConversation"),
        "nextCursor": next_cursor(),
        "clock": reference("Clock"),
    });
    let count = described(
        json!({ "type": ["integer", "null"], "minimum": 0 }),
        "Of a filtered list: how many fit, on all pages; null where there are too many to count at once.",
    );
    object_with(page, json!({ "count": count }))
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
        "appended": described(ids(), "Those that were not there already."),
        "clock": reference("Clock"),
        "previousClock": reference("PreviousClock"),
    }))
}

/// What became of the entries of an agent session.
fn appended_entries() -> Value {
    object(json!({
        "conversation": reference("Conversation"),
        "appended": described(count(), "How many were not there already."),
        "ignored": {
            "type": "array",
            "items": { "type": "integer", "minimum": 0 },
            "description": "The places in the request, from 0, of those that were there already.",
        },
        "clock": reference("Clock"),
        "previousClock": reference("PreviousClock"),
    }))
}

fn written_message() -> Value {
    object(json!({
        "message": { "oneOf": [reference("Message"), { "type": "null" }], "description": "The message; null in the answer to a repeat whose message is gone by now." },
        "conversation": reference("Conversation"),
        "clock": reference("Clock"),
        "previousClock": reference("PreviousClock"),
    }))
}

fn deleted_messages() -> Value {
    object(json!({
        "deleted": described(ids(), "A repeat names the same ones."),
        "conversation": reference("Conversation"),
        "clock": reference("Clock"),
        "previousClock": reference("PreviousClock"),
    }))
}

fn deleted_conversation() -> Value {
    object(json!({
        "id": reference("Id"),
        "deleted": { "const": true },
        "clock": reference("Clock"),
        "previousClock": reference("PreviousClock"),
    }))
}

fn user_id() -> Value {
    json!({ "type": "string" })
}

fn token() -> Value {
    json!({
        "token": described(json!({ "type": "string" }), "For `Authorization: Bearer <token>`."),
        "expiresAt": reference("Timestamp"),
    })
}

fn session_action() -> Value {
    let action = |name: &str| open(object(json!({ "action": { "const": name } })), "");
    let code = json!({
        "type": "string",
        "pattern": format!("^[ -]*([A-Za-z0-9][ -]*){{{}}}$", limits::CODE),
    });
    let redeem = object(json!({
        "action": { "const": "redeem" },
        "code": described(code, "As a person types it: in any case, with or without spaces and dashes."),
    }));
    let recover = object(json!({
        "action": { "const": "recover" },
        "code": described(
            json!({ "type": "string", "minLength": RecoveryCode::LENGTH, "maxLength": 100 }),
            "As a person types it: in any case, with or without spaces and dashes, with O for 0, and I or L for 1. Its last two \
             characters check the others.",
        ),
    }));
    json!({
        "oneOf": [
            {
                "type": "object",
                "maxProperties": 0,
                "description": "A new user and a token; with a token a fresh one for the same user.",
            },
            described(action("link"), "A code by which another device becomes this user, once."),
            open(redeem, "Become the user whose code it is."),
            described(
                action("createRecoveryCode"),
                "A code that brings this user back for as long as there is anything of the user. It replaces the one before.",
            ),
            described(action("revokeRecoveryCode"), "Make the recovery code worthless."),
            open(recover, "Become the user whose recovery code it is."),
            described(
                action("createReadToken"),
                "A token that only reads, for `POST /api/mcp`. It replaces the one before, and has no end of its own.",
            ),
            described(action("revokeReadToken"), "Make the read token worthless."),
            open(
                object(json!({ "action": { "const": "claim" }, "token": { "type": "string" } })),
                "Move all that the anonymous user of this token has into one's own account, once.",
            ),
            described(action("signOutEverywhere"), "Void every token issued before now; answers a new one."),
        ],
    })
}

/// Nothing of it is refused for what else it holds: the protocol grows.
fn agent_message() -> Value {
    json!({
        "type": "object",
        "required": ["jsonrpc"],
        "properties": {
            "jsonrpc": { "const": "2.0" },
            "id": { "type": ["string", "number"] },
            "method": { "type": "string" },
            "params": {},
        },
    })
}

fn agent_response() -> Value {
    json!({
        "type": "object",
        "required": ["jsonrpc", "id"],
        "properties": {
            "jsonrpc": { "const": "2.0" },
            "id": { "type": ["string", "number"] },
            "result": { "type": "object" },
            "error": {
                "type": "object",
                "required": ["code", "message"],
                "properties": { "code": { "type": "integer" }, "message": { "type": "string" } },
            },
        },
        "oneOf": [{ "required": ["result"] }, { "required": ["error"] }],
    })
}

fn recovery_code() -> Value {
    let pattern = "^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){6}$";
    json!({ "type": "string", "pattern": pattern })
}

fn session(more: Value) -> Value {
    let members = json!({
        "userId": user_id(),
        "redisEnabled": described(json!({ "type": "boolean" }), "Whether storage is on for this user."),
        "createdAt": reference("Timestamp"),
        "lastSeenAt": reference("Timestamp"),
        "currentConversationId": current_id(),
    });
    object(join(members, more))
}

fn current_id() -> Value {
    json!({ "anyOf": [reference("Id"), { "type": "null" }] })
}

fn device_code() -> Value {
    object(json!({
        "code": { "type": "string", "minLength": limits::CODE, "maxLength": limits::CODE },
        "expiresAt": reference("Timestamp"),
    }))
}

fn current_conversation() -> Value {
    open(
        object(json!({ "currentConversationId": current_id() })),
        "The conversation that the user has open, or none.",
    )
}

fn changes() -> Value {
    object(json!({
        "changed": list_of("Conversation"),
        "deleted": described(ids(), "Conversations that were deleted."),
        "nextCursor": { "type": "string", "description": "From where to go on." },
        "hasMore": described(json!({ "type": "boolean" }), "Whether more is there already."),
        "reset": described(
            json!({ "type": "boolean" }),
            "Whether the cursor is too old: the client forgets what it has, and this is its first page.",
        ),
        "clock": reference("Clock"),
    }))
}

fn change() -> Value {
    let change = object_with(
        json!({ "type": { "type": "string" }, "clock": reference("Clock"), "previous": reference("Clock") }),
        json!({
            "conversationId": reference("Id"),
            "revision": count(),
            "reset": { "type": "boolean" },
            "messages": described(list_of("Message"), "Those that changed, where they are small."),
        }),
    );
    described(change, "The data of an event `change` of the stream.")
}

fn import_request() -> Value {
    let anything =
        json!({ "description": "What is no conversation with an id is rejected, by itself." });
    let conversations = json!({
        "type": "array",
        "maxItems": limits::IMPORT,
        "items": { "anyOf": [reference("NewConversation"), anything] },
        "description": "What is wrong with one is no error of the request: its result tells.",
    });
    let one = object(json!({ "id": reference("Id") }));
    let end = object(json!({ "export": { "type": "object" } }));
    json!({
        "anyOf": [
            conversations,
            open(object(json!({ "conversations": conversations })), "The same in an object."),
            open(one, "A single conversation, as a line of an export."),
            described(end, "The last line of an export, by itself."),
            json!({ "type": "object", "minProperties": 1, "description": "A conversation of another system, or one line of a session, as it is." }),
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
                "description": "Of another system's history only: `updated`, it was there and has become what its source is now; `skipped`, `source` says why.",
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
            "clock": reference("Clock"),
        }),
        json!({
            "format": described(
                json!({ "type": "string", "enum": Format::ALL.map(Format::name) }),
                "What it was written in; absent where that is the service's own form. So are the following.",
            ),
            "updated": count(),
            "skipped": count(),
            "invalidLines": described(count(), "Lines that could not be read."),
            "continuation": described(
                json!({ "type": "string" }),
                "A line to be put in front of the next portion, where `portion` said that one follows.",
            ),
        }),
    )
}

/// What of a conversation its source could not tell.
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
            "hidden": described(count(), "Messages and blocks that the source hides."),
            "morePlaceholders": count(),
            "estimatedDates": count(),
            "undated": count(),
            "missingParents": count(),
            "duplicates": count(),
        }),
        json!({
            "skipped": { "type": "string", "enum": skipped },
            "unknownBlocks": described(counts, "Blocks that are kept as they came, by their type."),
            "placeholders": { "type": "array", "items": placeholder },
        }),
    );
    described(
        source,
        "What became of another system's conversation when it was converted.",
    )
}

fn statistics() -> Value {
    let totals = object(join(counted(), json!({ "conversations": count() })));
    let day = object(join(
        counted(),
        json!({ "date": { "type": "string", "format": "date" } }),
    ));
    let name = described(
        json!({ "type": ["string", "null"] }),
        "Null stands for all further models, and those whose names have more than 128 bytes.",
    );
    let model = object(join(counted(), json!({ "model": name })));
    object(json!({
        "userId": user_id(),
        "totals": object(json!({
            "current": described(totals.clone(), "What there is."),
            "lifetime": described(totals, "All that ever was, deleted or not, with the copies that forks are."),
        })),
        "bytes": described(count(), "What all that is kept takes up in the database."),
        "conversationTtlDays": described(
            json!({ "type": ["integer", "null"], "minimum": 1 }),
            "How long conversations live that are neither read nor written; null where they never expire.",
        ),
        "expiringSoon": described(count(), "Conversations that expire within 14 days."),
        "trash": object(json!({
            "conversations": described(count(), "That can be restored."),
            "bytes": described(count(), "What they take up, as a part of `bytes`."),
        })),
        "recoveryCodeCreatedAt": {
            "anyOf": [reference("Timestamp"), { "type": "null" }],
            "description": "When the user's recovery code was made; null where there is none.",
        },
        "readTokenCreatedAt": {
            "anyOf": [reference("Timestamp"), { "type": "null" }],
            "description": "When the user's read token was made; null where there is none.",
        },
        "messagesPerConversation": object(json!({ "mean": { "type": "number" }, "max": count() })),
        "activity": {
            "type": "array",
            "items": day,
            "description": "Each of the last 30 days (UTC), the oldest first: the messages that were written on it, by their own timestamps. \
                 One that is dated later than today counts as of today; a fork counts on no day, nor does what is older. \
                 A deletion takes nothing away.",
        },
        "models": {
            "type": "array",
            "items": model,
            "maxItems": 33,
            "description": "All that was ever received from each model, deleted or not, the one with the most messages first: the messages \
                 that have a `model`. The first 32 are told by name.",
        },
    }))
}

fn user_patch() -> Value {
    let days = json!({ "type": ["integer", "null"], "minimum": 1, "maximum": limits::TTL_DAYS });
    let days = described(
        days,
        "Null is for ever, or as long as the deployment allows. It counts for each conversation when that is next used, \
         and a longer one for all, soon.",
    );
    open(object(json!({ "conversationTtlDays": days })), "")
}

fn claim_under_way() -> Value {
    let claim = object(json!({
        "claimed": { "const": false },
        "remaining": described(count(), "Conversations that are left."),
    }));
    described(claim, "The time did not suffice: send it again.")
}

fn erasure_under_way() -> Value {
    let erasure = object(json!({
        "erased": { "const": false },
        "remaining": described(count(), "Conversations that are left."),
    }));
    described(erasure, "The time did not suffice: send it again.")
}

fn emptying_under_way() -> Value {
    let emptying = object(json!({
        "emptied": { "const": false },
        "remaining": described(count(), "Conversations that are left."),
    }));
    described(emptying, "The time did not suffice: send it again.")
}

fn health() -> Value {
    object_with(
        json!({
            "status": { "type": "string", "enum": ["healthy", "unhealthy"] },
            "timestamp": reference("Timestamp"),
            "circuit": { "type": "string" },
        }),
        json!({ "latencyMs": { "type": "number" }, "error": { "type": "string" } }),
    )
}

fn client_report() -> Value {
    let number = json!({ "type": "integer", "minimum": 0, "maximum": MOST_REPORTED });
    let fallback = object_with(json!({}), json!({ "reads": number, "writes": number }));
    let error = object_with(
        json!({ "code": { "type": "string" } }),
        json!({ "count": number }),
    );
    let errors = json!({
        "type": "array",
        "maxItems": MOST_REPORTED_ERRORS,
        "items": open(error, "A code of ours, `network` or `local_storage`; any other counts as `other`."),
    });
    let report = json!({
        "fallback": open(fallback, "How often the browser's own storage stood in."),
        "conflicts": number,
        "errors": errors,
    });
    open(
        object_with(json!({}), report),
        "Sums since the last report.",
    )
}
