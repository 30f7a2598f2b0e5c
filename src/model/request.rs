//! The request bodies that are neither a conversation nor a patch.

use std::time::Duration;

use super::json::{text_of, whole_number};
use crate::secret::Secret;

use super::{
    ConversationId, Invalid, MessageId, NewMessage, Object, Parent, RecoveryCode, Timestamp,
    limits, parse_messages,
};
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

/// Reads a message to be saved under this id, which the body may repeat.
///
/// # Errors
/// See [`NewMessage::parse`]; `id_mismatch`.
pub fn parse_message(json: &[u8], id: &MessageId, now: Timestamp) -> Result<NewMessage, Invalid> {
    let mut object = Object::parse(json, "body")?;
    match object.take("id") {
        Some(sent) if sent.get() == format!("\"{id}\"") => {}
        Some(_) => {
            let message = "body.id: differs from the id in the path";
            return Err(Invalid::new(ErrorCode::IdMismatch, message));
        }
        None => {}
    }
    let message = NewMessage::parse_fields(object, json.len(), id.clone(), "body", now)?;
    match message.parent {
        Parent::Message(ref parent) if *parent == *id => {
            Err(Invalid::field("body.parentId", "the id of another message"))
        }
        _ => Ok(message),
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

/// What `PATCH /api/user` sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserPatch {
    /// The TTL of unused conversations; `None` for no expiry.
    pub conversation_ttl: Option<Duration>,
}

impl UserPatch {
    /// Reads `{"conversationTtlDays": days | null}`: whole days, at least one, and no more than `longest` where there is such
    /// a bound.
    ///
    /// # Errors
    /// `invalid_field`.
    pub fn parse(json: &[u8], longest: Option<Duration>) -> Result<Self, Invalid> {
        const DAY_SECONDS: u64 = 86_400;
        let most = longest.map_or(limits::TTL_DAYS, |ttl| ttl.as_secs() / DAY_SECONDS);
        let expected = || {
            let expected = format!("a whole number of days from 1 to {most}, or null");
            Invalid::field("body.conversationTtlDays", &expected)
        };
        let mut object = Object::parse(json, "body")?;
        let raw = object.take("conversationTtlDays").ok_or_else(expected)?;
        if raw.get() == "null" {
            return Ok(Self {
                conversation_ttl: None,
            });
        }
        let days = whole_number(raw.get()).and_then(|days| u64::try_from(days).ok());
        let days = days.filter(|days| (1..=most).contains(days));
        Ok(Self {
            conversation_ttl: Some(Duration::from_secs(
                days.ok_or_else(expected)? * DAY_SECONDS,
            )),
        })
    }
}

/// What `POST /api/shares` is to share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareRequest {
    /// The conversation.
    pub conversation: ConversationId,
    /// The expiry, if the client sets one.
    pub expires: Option<Timestamp>,
}

impl ShareRequest {
    /// Reads `{"conversationId": id, "expiresAt"?: time}`; the time lies between `now` and `latest`.
    ///
    /// # Errors
    /// `invalid_id`, `invalid_field`.
    pub fn parse(json: &[u8], now: Timestamp, latest: Timestamp) -> Result<Self, Invalid> {
        let mut object = Object::parse(json, "body")?;
        let id = object
            .take("conversationId")
            .and_then(|raw| text_of(raw.get()))
            .ok_or_else(|| Invalid::id("body.conversationId"))?;
        let expires = object
            .take("expiresAt")
            .filter(|raw| raw.get() != "null")
            .map(|raw| Timestamp::parse(raw, "body.expiresAt"))
            .transpose()?;
        if expires.is_some_and(|time| time <= now || time > latest) {
            let expected = format!("a time from now to {latest}");
            return Err(Invalid::field("body.expiresAt", &expected));
        }
        Ok(Self {
            conversation: ConversationId::parse(&id, "body.conversationId")?,
            expires,
        })
    }
}

/// What `POST /api/session` is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionAction {
    /// Start a new user, or renew the caller's token.
    Begin,
    /// Create a code by which another device becomes this user.
    Link,
    /// Become the user of this code.
    Redeem {
        /// The code, in upper case and without separators.
        code: String,
    },
    /// Void every token issued before now.
    SignOutEverywhere,
    /// Create a recovery code, replacing the previous one.
    CreateRecoveryCode,
    /// Revoke that code.
    RevokeRecoveryCode,
    /// Become the user of this recovery code.
    Recover {
        /// The code.
        code: RecoveryCode,
    },
    /// Create a read token, replacing the previous one.
    CreateReadToken,
    /// Revoke that token.
    RevokeReadToken,
    /// Move what an anonymous user has into the caller's account.
    Claim {
        /// A token of the anonymous user.
        token: Secret,
    },
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
        Some("createRecoveryCode") => Ok(SessionAction::CreateRecoveryCode),
        Some("revokeRecoveryCode") => Ok(SessionAction::RevokeRecoveryCode),
        Some("createReadToken") => Ok(SessionAction::CreateReadToken),
        Some("revokeReadToken") => Ok(SessionAction::RevokeReadToken),
        Some("recover") => Ok(SessionAction::Recover {
            code: parse_recovery_code(&mut object)?,
        }),
        Some("claim") => {
            let token = object
                .take("token")
                .and_then(|token| text_of(token.get()))
                .ok_or_else(|| Invalid::field("body.token", "a token of an anonymous user"))?;
            Ok(SessionAction::Claim {
                token: Secret::new(token),
            })
        }
        _ => Err(Invalid::field(
            "body.action",
            "link, redeem, claim, signOutEverywhere, createRecoveryCode, revokeRecoveryCode, recover, createReadToken or \
             revokeReadToken",
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

fn parse_recovery_code(object: &mut Object<'_>) -> Result<RecoveryCode, Invalid> {
    let code = object.take("code").and_then(|code| text_of(code.get()));
    let code = code.and_then(|code| RecoveryCode::parse(&code));
    code.ok_or_else(|| {
        let expected =
            "a recovery code, of 7 groups of 4 letters and digits, copied without a mistake";
        Invalid::field("body.code", expected)
    })
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
    fn a_ttl_is_a_number_of_days_within_the_bound() {
        let days = |json: &str, longest: Option<u64>| {
            let longest = longest.map(|days| Duration::from_secs(days * 86_400));
            UserPatch::parse(json.as_bytes(), longest)
                .map(|patch| patch.conversation_ttl.map(|ttl| ttl.as_secs() / 86_400))
                .map_err(|error| error.code)
        };
        let field = |value: &str| format!("{{\"conversationTtlDays\":{value}}}");
        assert_eq!(days(&field("1"), None), Ok(Some(1)));
        assert_eq!(days(&field("36500"), None), Ok(Some(36_500)));
        assert_eq!(days(&field("null"), Some(100)), Ok(None));
        assert_eq!(days(&field("100"), Some(100)), Ok(Some(100)));
        for (value, longest) in [
            ("0", None),
            ("-1", None),
            ("1.5", None),
            ("36501", None),
            ("101", Some(100)),
            ("\"1\"", None),
            ("1e400", None),
        ] {
            let refused = days(&field(value), longest);
            assert_eq!(refused, Err(ErrorCode::InvalidField), "{value}");
        }
        assert_eq!(days("{}", None), Err(ErrorCode::InvalidField));
    }

    #[test]
    fn an_append_has_1_to_100_messages() {
        assert_eq!(append(0), Err(ErrorCode::InvalidField));
        assert_eq!(append(100), Ok(100));
        assert_eq!(append(101), Err(ErrorCode::TooManyMessages));
    }
}
