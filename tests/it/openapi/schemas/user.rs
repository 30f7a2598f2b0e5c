//! Statistics, erasures, what agents ask, health, and what clients report.

use conversation_store::metrics::{MOST_REPORTED, MOST_REPORTED_ERRORS};
use conversation_store::model::limits;
use serde_json::{Map, Value, json};

use super::message::counted;
use super::session::user_id;
use super::{count, described, join, object, object_with, open, reference};

pub fn schemas() -> Map<String, Value> {
    [
        ("Statistics", statistics()),
        ("UserPatch", user_patch()),
        ("Emptied", object(json!({ "emptied": { "const": true } }))),
        ("EmptyingUnderWay", emptying_under_way()),
        ("Erased", object(json!({ "erased": { "const": true } }))),
        ("ErasureUnderWay", erasure_under_way()),
        ("AgentMessage", agent_message()),
        ("AgentResponse", agent_response()),
        ("AgentRefusal", agent_refusal()),
        ("Health", health()),
        ("ClientReport", client_report()),
        ("Accepted", object(json!({ "accepted": { "const": true } }))),
    ]
    .into_iter()
    .map(|(name, schema)| (name.to_owned(), schema))
    .collect()
}

/// Unknown members are accepted, since the protocol grows.
fn agent_message() -> Value {
    json!({
        "type": "object",
        "required": ["jsonrpc"],
        "properties": {
            "jsonrpc": { "const": "2.0" },
            "id": { "type": ["string", "number"] },
            "method": { "type": "string" },
            "params": {},
            "result": {},
            "error": {},
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
            "error": agent_error(),
        },
        "oneOf": [{ "required": ["result"] }, { "required": ["error"] }],
    })
}

/// Without an id where it could not be read.
fn agent_refusal() -> Value {
    json!({
        "type": "object",
        "required": ["jsonrpc", "error"],
        "properties": {
            "jsonrpc": { "const": "2.0" },
            "id": { "type": ["string", "number"] },
            "error": agent_error(),
        },
    })
}

fn agent_error() -> Value {
    json!({
        "type": "object",
        "required": ["code", "message"],
        "properties": {
            "code": { "type": "integer" },
            "message": { "type": "string" },
            "data": { "type": "object" },
        },
    })
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
            "current": described(totals.clone(), "Current totals."),
            "lifetime": described(totals, "All-time totals, including deleted data and the copies in forks."),
        })),
        "bytes": described(count(), "The size of all data in the database."),
        "conversationTtlDays": described(
            json!({ "type": ["integer", "null"], "minimum": 1 }),
            "The TTL of conversations that are neither read nor written; null if they never expire.",
        ),
        "expiringSoon": described(count(), "Conversations that expire within 14 days."),
        "trash": object(json!({
            "conversations": described(count(), "Conversations that can be restored."),
            "bytes": described(count(), "Their size, as a part of `bytes`."),
        })),
        "recoveryCodeCreatedAt": {
            "anyOf": [reference("Timestamp"), { "type": "null" }],
            "description": "When the user's recovery code was made; null if there is none.",
        },
        "readTokenCreatedAt": {
            "anyOf": [reference("Timestamp"), { "type": "null" }],
            "description": "When the user's read token was made; null if there is none.",
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
        "Null means forever, or as long as the deployment allows. It applies to each conversation when that is next used, \
         and a longer one for all, soon.",
    );
    open(object(json!({ "conversationTtlDays": days })), "")
}

fn erasure_under_way() -> Value {
    let erasure = object(json!({
        "erased": { "const": false },
        "remaining": described(count(), "Remaining conversations."),
    }));
    described(erasure, "The time did not suffice: repeat the request.")
}

fn emptying_under_way() -> Value {
    let emptying = object(json!({
        "emptied": { "const": false },
        "remaining": described(count(), "Remaining conversations."),
    }));
    described(emptying, "The time did not suffice: repeat the request.")
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
        "items": open(error, "An error code of the API, `network` or `local_storage`; any other counts as `other`."),
    });
    let report = json!({
        "fallback": open(fallback, "How often the browser's own storage was used instead."),
        "conflicts": number,
        "errors": errors,
    });
    open(
        object_with(json!({}), report),
        "Sums since the last report.",
    )
}
