//! Messages: appending some, saving one whole, changing one.

use super::ServiceError;
use crate::App;
use crate::context::Caller;
use crate::model::{
    ConversationId, MessageId, MessagePatch, Preconditions, StoredMessage, Timestamp, parse_append,
    parse_message,
};
use crate::store::Written;

/// Appends the messages that `body` has; the conversation after it, and the ids of those that were not there already.
///
/// # Errors
/// `Invalid`; the store's refusals; or the database failed.
pub async fn append(
    app: &App,
    caller: &Caller,
    id: &ConversationId,
    body: &[u8],
    preconditions: &Preconditions,
) -> Result<(Written, Vec<String>), ServiceError> {
    let messages = parse_append(body, Timestamp::from_ms(app.clock.now_ms()))?;
    let store = app.store.for_user(caller);
    Ok(store.append(id, &messages, preconditions).await?)
}

/// Saves the message whole, as `body` has it; the message afterwards, where it is still there.
///
/// # Errors
/// `Invalid`, also where the body names another id; the store's refusals; or the database failed.
pub async fn save(
    app: &App,
    caller: &Caller,
    id: &ConversationId,
    message: &MessageId,
    body: &[u8],
    preconditions: &Preconditions,
) -> Result<(Written, Option<StoredMessage>), ServiceError> {
    let now = Timestamp::from_ms(app.clock.now_ms());
    let message = parse_message(body, message, now)?;
    let store = app.store.for_user(caller);
    Ok(store.save_message(id, &message, preconditions).await?)
}

/// Changes the fields of the message that `body` names; the message afterwards, where it is still there.
///
/// # Errors
/// `Invalid`; the store's refusals; or the database failed.
pub async fn patch(
    app: &App,
    caller: &Caller,
    id: &ConversationId,
    message: &MessageId,
    body: &[u8],
    preconditions: &Preconditions,
) -> Result<(Written, Option<StoredMessage>), ServiceError> {
    let patch = MessagePatch::parse(body, message)?;
    let store = app.store.for_user(caller);
    Ok(store
        .patch_message(id, message, &patch, preconditions)
        .await?)
}
