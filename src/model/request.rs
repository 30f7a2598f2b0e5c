//! The request bodies that are neither a conversation nor a patch.

use super::json::text_of;
use super::{ConversationId, Invalid, NewMessage, Object, Timestamp, limits, parse_messages};
use crate::ErrorCode;

/// Reads `{"messages":[...]}`: 1 to 100 messages to append.
///
/// # Errors
/// See [`NewMessage::parse`]; `too_many_messages`.
pub fn parse_append(json: &[u8], now: Timestamp) -> Result<Vec<NewMessage>, Invalid> {
    let messages = Object::parse(json, "body")?
        .take("messages")
        .ok_or_else(|| Invalid::field("body.messages", "an array of messages"))?;
    let messages = parse_messages(messages, "body.messages", now)?;
    match messages.len() {
        0 => Err(Invalid::field("body.messages", "at least one message")),
        1..=limits::APPEND => Ok(messages),
        _ => Err(Invalid::new(
            ErrorCode::TooManyMessages,
            format!("body.messages: at most {} messages at once", limits::APPEND),
        )),
    }
}

/// What `PATCH /api/session` sets: a conversation, or none.
pub type CurrentConversation = Option<ConversationId>;

/// Reads `{"currentConversationId": id | null}`.
///
/// # Errors
/// `invalid_field`, `invalid_id`.
pub fn parse_current(json: &[u8]) -> Result<CurrentConversation, Invalid> {
    const PATH: &str = "body.currentConversationId";
    let mut object = Object::parse(json, "body")?;
    let raw = object
        .take("currentConversationId")
        .ok_or_else(|| Invalid::field(PATH, "an id, or null"))?;
    if raw.get() == "null" {
        return Ok(None);
    }
    let id = text_of(raw.get()).ok_or_else(|| Invalid::id(PATH))?;
    ConversationId::parse(&id, PATH).map(Some)
}

/// What `POST /api/session` is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionAction {
    /// Begin with a new user, or renew the token of the one who asks.
    Begin,
    /// Give out a code by which another device becomes this user.
    Link,
    /// Become the user whose code this is.
    Redeem {
        /// The code, in upper case and without separators.
        code: String,
    },
    /// Void every token issued before now.
    SignOutEverywhere,
}

/// Reads the body of `POST /api/session`: nothing, or `{"action": ...}`.
///
/// # Errors
/// `invalid_json`, `invalid_field`.
pub fn parse_session(json: &[u8]) -> Result<SessionAction, Invalid> {
    let mut object = match json {
        [] => return Ok(SessionAction::Begin),
        _ => Object::parse(json, "body")?,
    };
    let Some(action) = object.take("action") else {
        return match object.is_empty() {
            true => Ok(SessionAction::Begin),
            false => Err(Invalid::field("body", "nothing, or an action")),
        };
    };
    match text_of(action.get()).as_deref() {
        Some("link") => Ok(SessionAction::Link),
        Some("signOutEverywhere") => Ok(SessionAction::SignOutEverywhere),
        Some("redeem") => Ok(SessionAction::Redeem {
            code: parse_code(&mut object)?,
        }),
        _ => Err(Invalid::field(
            "body.action",
            "link, redeem or signOutEverywhere",
        )),
    }
}

/// A code as a person types it: any case, with or without spaces and dashes.
fn parse_code(object: &mut Object<'_>) -> Result<String, Invalid> {
    let expected = || Invalid::field("body.code", "a code of 8 letters and digits");
    let code = object
        .take("code")
        .and_then(|code| text_of(code.get()))
        .ok_or_else(expected)?;
    let code: String = code
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let is_code = code.len() == limits::CODE && code.chars().all(|c| c.is_ascii_alphanumeric());
    is_code.then_some(code).ok_or_else(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(count: usize) -> Result<usize, ErrorCode> {
        let messages: Vec<String> = (0..count)
            .map(|index| format!("{{\"id\":\"{index}\",\"type\":\"user\",\"content\":\"\"}}"))
            .collect();
        let json = format!("{{\"messages\":[{}]}}", messages.join(","));
        parse_append(json.as_bytes(), Timestamp::from_ms(0))
            .map(|messages| messages.len())
            .map_err(|error| error.code)
    }

    #[test]
    fn an_append_has_1_to_100_messages() {
        assert_eq!(append(0), Err(ErrorCode::InvalidField));
        assert_eq!(append(100), Ok(100));
        assert_eq!(append(101), Err(ErrorCode::TooManyMessages));
    }
}
