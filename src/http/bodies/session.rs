//! Users, their tokens and codes.

use crate::identity::Token;
use crate::model::{ConversationId, ObjectWriter, Timestamp};
use crate::service::recovery::NewRecoveryCode;
use crate::service::session::{DeviceCode, LinkedDevice, NewReadToken, UserSession};

/// A user, the user's session, and the fresh token where one was issued.
pub fn user_session(session: &UserSession) -> String {
    let UserSession {
        user,
        is_enabled,
        session,
        token,
    } = session;
    let json = ObjectWriter::with_capacity(512)
        .display("userId", user)
        .plain("redisEnabled", is_enabled)
        .display("createdAt", session.created)
        .display("lastSeenAt", session.last_seen)
        .optional(
            "currentConversationId",
            session.current_conversation.as_deref(),
        );
    match token {
        Some(token) => with_token(json, token).finish(),
        None => json.finish(),
    }
}

/// The user that a device has become, and its token.
pub fn linked_device(device: &LinkedDevice) -> String {
    let json = ObjectWriter::with_capacity(400).display("userId", &device.user);
    with_token(json, &device.token).finish()
}

/// A token alone.
pub fn token(token: &Token) -> String {
    with_token(ObjectWriter::with_capacity(400), token).finish()
}

fn with_token(json: ObjectWriter, token: &Token) -> ObjectWriter {
    json.string("token", token.token.expose())
        .display("expiresAt", Timestamp::from_ms(token.expires_at))
}

/// A code for another device.
pub fn device_code(code: &DeviceCode) -> String {
    ObjectWriter::with_capacity(80)
        .string("code", &code.code)
        .display("expiresAt", code.expires_at)
        .finish()
}

/// A new recovery code.
pub fn recovery_code(new: &NewRecoveryCode) -> String {
    ObjectWriter::with_capacity(120)
        .string("recoveryCode", &new.code.expose())
        .display("createdAt", new.created)
        .finish()
}

/// There is no recovery code anymore.
pub fn revoked_recovery_code() -> String {
    let json = ObjectWriter::with_capacity(40);
    json.raw("recoveryCodeCreatedAt", "null").finish()
}

/// A new token that only reads.
pub fn read_token(new: &NewReadToken) -> String {
    ObjectWriter::with_capacity(320)
        .string("readToken", new.token.expose())
        .display("createdAt", new.created)
        .finish()
}

/// There is no such token anymore.
pub fn revoked_read_token() -> String {
    let json = ObjectWriter::with_capacity(32);
    json.raw("readTokenCreatedAt", "null").finish()
}

/// A claim that is complete, and how many conversations it has moved.
pub fn claimed(moved: u64) -> String {
    let json = ObjectWriter::with_capacity(64).plain("claimed", true);
    json.plain("conversations", moved).finish()
}

/// The conversation that was opened last, if there is one.
pub fn current_conversation(id: Option<&ConversationId>) -> String {
    let id = id.map(ConversationId::as_str);
    let json = ObjectWriter::with_capacity(80);
    json.optional("currentConversationId", id).finish()
}
