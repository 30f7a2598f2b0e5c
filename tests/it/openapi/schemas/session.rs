//! Sessions: who the user is, codes and tokens, and what was open last.

use conversation_store::model::{RecoveryCode, limits};
use serde_json::{Map, Value, json};

use super::{count, described, join, object, open, reference};

pub fn schemas() -> Map<String, Value> {
    [
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
    ]
    .into_iter()
    .map(|(name, schema)| (name.to_owned(), schema))
    .collect()
}

pub fn user_id() -> Value {
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
        "code": described(code, "As typed: in any case, with or without spaces and dashes."),
    }));
    let recover = object(json!({
        "action": { "const": "recover" },
        "code": described(
            json!({ "type": "string", "minLength": RecoveryCode::LENGTH, "maxLength": 100 }),
            "As typed: in any case, with or without spaces and dashes, with O for 0, and I or L for 1. Its last two \
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
            open(redeem, "Become the user of the code."),
            described(
                action("createRecoveryCode"),
                "A code that restores this user, as long as the user has data. It replaces the previous one.",
            ),
            described(action("revokeRecoveryCode"), "Revoke the recovery code."),
            open(recover, "Become the user of the recovery code."),
            described(
                action("createReadToken"),
                "A read-only token for `POST /api/mcp`. It replaces the previous one, and does not expire.",
            ),
            described(action("revokeReadToken"), "Revoke the read token."),
            open(
                object(json!({ "action": { "const": "claim" }, "token": { "type": "string" } })),
                "Move all data of the anonymous user of this token into the caller's account, once.",
            ),
            described(action("signOutEverywhere"), "Void every token issued before now; responds with a new one."),
        ],
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

pub fn current_id() -> Value {
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

fn claim_under_way() -> Value {
    let claim = object(json!({
        "claimed": { "const": false },
        "remaining": described(count(), "Remaining conversations."),
    }));
    described(claim, "The time did not suffice: repeat the request.")
}
