//! Errors of the document, made of the table of codes that the service itself goes by.

use std::collections::BTreeMap;

use conversation_store::ErrorCode;
use serde_json::{Map, Value, json};

/// Of every request with a token.
pub const TOKEN: [ErrorCode; 6] = [
    ErrorCode::MissingToken,
    ErrorCode::InvalidToken,
    ErrorCode::ExpiredToken,
    ErrorCode::SignedOut,
    ErrorCode::ReadToken,
    ErrorCode::IdentityUnavailable,
];

/// Of every request that reaches the database.
pub const STORE: [ErrorCode; 8] = [
    ErrorCode::RateLimited,
    ErrorCode::InternalError,
    ErrorCode::StorageMalformed,
    ErrorCode::StorageUnavailable,
    ErrorCode::StorageBusy,
    ErrorCode::StorageQuota,
    ErrorCode::StorageTimeout,
    ErrorCode::StorageFull,
];

/// Of every request that only reads.
pub const READ: [ErrorCode; 1] = [ErrorCode::ServicePaused];

/// Of every request that writes.
pub const WRITE: [ErrorCode; 3] = [
    ErrorCode::InvalidHeader,
    ErrorCode::RequestTooOld,
    ErrorCode::IdempotencyKeyReused,
];

/// Of every request that writes and does not only delete.
pub const GROW: [ErrorCode; 3] = [
    ErrorCode::TooMuchFromAddress,
    ErrorCode::WritesPaused,
    ErrorCode::ServicePaused,
];

/// Of every request with a body.
pub const BODY: [ErrorCode; 3] = [
    ErrorCode::InvalidJson,
    ErrorCode::BodyIncomplete,
    ErrorCode::BodyTooLarge,
];

/// Of every request that saves a whole conversation.
pub const NEW_CONVERSATION: [ErrorCode; 10] = [
    ErrorCode::InvalidField,
    ErrorCode::InvalidId,
    ErrorCode::DuplicateId,
    ErrorCode::MessageTooLarge,
    ErrorCode::MetadataTooLarge,
    ErrorCode::ConversationDeleted,
    ErrorCode::ConversationTooLong,
    ErrorCode::TooManyConversationsKept,
    ErrorCode::TooMuchTextKept,
    ErrorCode::ClaimUnfinished,
];

/// Of every request that writes to the conversation in its path.
pub const CONVERSATION: [ErrorCode; 4] = [
    ErrorCode::InvalidId,
    ErrorCode::IdMismatch,
    ErrorCode::RevisionMismatch,
    ErrorCode::ClaimUnfinished,
];

/// Headers that any response may have.
const COMMON_HEADERS: [&str; 5] = [
    "X-Request-Id",
    "Vary",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
];

/// References to headers of the components, those that any response may have included.
pub fn headers(names: &[&str]) -> Map<String, Value> {
    let all = COMMON_HEADERS.iter().chain(names);
    all.map(|name| {
        let reference = format!("#/components/headers/{name}");
        ((*name).to_owned(), json!({ "$ref": reference }))
    })
    .collect()
}

pub fn by_status(codes: &[ErrorCode]) -> BTreeMap<u16, Vec<ErrorCode>> {
    let mut found: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
    for code in ErrorCode::ALL.iter().filter(|code| codes.contains(code)) {
        found.entry(code.status().as_u16()).or_default().push(*code);
    }
    found
}

/// Errors that many operations share: named, so that the document says each once.
const SHARED: [(&str, &[ErrorCode]); 14] = [
    (
        "Unauthorized",
        &[
            ErrorCode::MissingToken,
            ErrorCode::InvalidToken,
            ErrorCode::ExpiredToken,
            ErrorCode::SignedOut,
        ],
    ),
    ("NoConversation", &[ErrorCode::ConversationNotFound]),
    ("RevisionMismatch", &[ErrorCode::RevisionMismatch]),
    ("BodyTooLarge", &[ErrorCode::BodyTooLarge]),
    ("KeyReused", &[ErrorCode::IdempotencyKeyReused]),
    ("RateLimited", &[ErrorCode::RateLimited]),
    (
        "WritesLimited",
        &[ErrorCode::RateLimited, ErrorCode::TooMuchFromAddress],
    ),
    ("InternalError", &[ErrorCode::InternalError]),
    ("StorageMalformed", &[ErrorCode::StorageMalformed]),
    (
        "Unavailable",
        &[
            ErrorCode::IdentityUnavailable,
            ErrorCode::StorageUnavailable,
            ErrorCode::StorageBusy,
            ErrorCode::StorageQuota,
            ErrorCode::StorageDisabled,
        ],
    ),
    (
        "ReadsUnavailable",
        &[
            ErrorCode::IdentityUnavailable,
            ErrorCode::StorageUnavailable,
            ErrorCode::StorageBusy,
            ErrorCode::StorageQuota,
            ErrorCode::StorageDisabled,
            ErrorCode::ServicePaused,
        ],
    ),
    (
        "WritesUnavailable",
        &[
            ErrorCode::IdentityUnavailable,
            ErrorCode::StorageUnavailable,
            ErrorCode::StorageBusy,
            ErrorCode::StorageQuota,
            ErrorCode::StorageDisabled,
            ErrorCode::WritesPaused,
            ErrorCode::ServicePaused,
        ],
    ),
    ("StorageTimeout", &[ErrorCode::StorageTimeout]),
    ("StorageFull", &[ErrorCode::StorageFull]),
];

/// The responses of the components.
pub fn shared() -> Map<String, Value> {
    SHARED
        .iter()
        .map(|(name, codes)| ((*name).to_owned(), own_response(codes)))
        .collect()
}

/// A response with one of these codes, which share a status.
pub fn response(codes: &[ErrorCode]) -> Value {
    match SHARED.iter().find(|(_, shared)| *shared == codes) {
        Some((name, _)) => json!({ "$ref": format!("#/components/responses/{name}") }),
        None => own_response(codes),
    }
}

/// The same, to be added to.
pub fn own_response(codes: &[ErrorCode]) -> Value {
    let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let meanings: Vec<String> = codes
        .iter()
        .map(|code| format!("- `{code}`: {}", code.meaning()))
        .collect();
    // Beside the reference: one describes errors in general, the other lists these.
    let schema = json!({
        "$ref": "#/components/schemas/Error",
        "properties": { "error": { "properties": { "code": { "enum": names } } } },
    });
    json!({
        "description": meanings.join("\n"),
        "headers": headers(own_headers(codes[0])),
        "content": { "application/json": { "schema": schema } },
    })
}

fn own_headers(code: ErrorCode) -> &'static [&'static str] {
    match code.status().as_u16() {
        401 => &["WWW-Authenticate"],
        412 => &["ETag"],
        429 | 500..=599 => &["Retry-After"],
        _ => &[],
    }
}
