//! Conversations as a whole: listing, creating, saving, changing, and emptying the trash.

use super::{BUDGET, ServiceError};
use crate::context::Caller;
use crate::model::{
    ConversationFilter, ConversationId, ConversationPatch, Invalid, NewConversation, Preconditions,
    Timestamp, UnknownParent, is_restoration,
};
use crate::store::{ConversationList, Cursor, Progress, SaveMode, Written};
use crate::{App, ErrorCode};

/// A page of `caller`'s conversations that fit `filter`, last changed first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    app: &App,
    caller: &Caller,
    filter: &ConversationFilter,
    limit: usize,
    after: Option<&Cursor>,
) -> Result<ConversationList, ServiceError> {
    let store = app.store.for_user(caller);
    Ok(match filter.is_empty() {
        true => store.list(limit, after).await?,
        false => store.filtered_list(filter, limit, after).await?,
    })
}

/// Makes the conversation that `body` describes, or a fork. Where the body names no id, the same `key` makes the same one.
///
/// # Errors
/// `Invalid`; the store's refusals; or the database failed.
pub async fn create(
    app: &App,
    caller: &Caller,
    body: &[u8],
    key: Option<&str>,
) -> Result<(ConversationId, Written), ServiceError> {
    let conversation = parse(app, if body.is_empty() { b"{}" } else { body })?;
    let id = conversation.id.clone();
    let id = id.unwrap_or_else(|| ConversationId::generate(key));
    let (store, none) = (app.store.for_user(caller), Preconditions::default());
    let written = match &conversation.fork {
        Some(_) if !conversation.messages.is_empty() => {
            let expected = "no messages: a fork has those of what it is a fork of";
            return Err(Invalid::field("body.messages", expected).into());
        }
        Some(fork) => store.fork(&id, fork, &conversation).await?,
        None => {
            let mode = SaveMode::Create;
            store.save(&id, &conversation, mode, &none).await?
        }
    };
    Ok((id, written))
}

/// Saves the conversation whole, as `body` has it.
///
/// # Errors
/// `Invalid`, also where the body names another id; the store's refusals; or the database failed.
pub async fn save(
    app: &App,
    caller: &Caller,
    id: &ConversationId,
    body: &[u8],
    preconditions: &Preconditions,
) -> Result<Written, ServiceError> {
    let conversation = parse(app, body)?;
    if conversation.id.as_ref().is_some_and(|sent| sent != id) {
        let message = "body.id: differs from the id in the path";
        return Err(Invalid::new(ErrorCode::IdMismatch, message).into());
    }
    let store = app.store.for_user(caller);
    let mode = SaveMode::Replace;
    Ok(store.save(id, &conversation, mode, preconditions).await?)
}

/// Changes the metadata that `body` names, switches the branch, or takes the conversation out of the trash.
///
/// # Errors
/// `Invalid`; the store's refusals; or the database failed.
pub async fn patch(
    app: &App,
    caller: &Caller,
    id: &ConversationId,
    body: &[u8],
    preconditions: &Preconditions,
) -> Result<Written, ServiceError> {
    let store = app.store.for_user(caller);
    if is_restoration(body)? {
        return Ok(store.restore(id, preconditions).await?);
    }
    let patch = ConversationPatch::parse(body, id)?;
    Ok(store.patch_conversation(id, &patch, preconditions).await?)
}

/// Empties the trash, as far as one request gets.
///
/// # Errors
/// When the database fails.
pub async fn empty_trash(app: &App, caller: &Caller) -> Result<Progress, ServiceError> {
    Ok(app.store.for_user(caller).empty_trash(BUDGET).await?)
}

fn parse(app: &App, body: &[u8]) -> Result<NewConversation, Invalid> {
    let now = Timestamp::from_ms(app.clock.now_ms());
    NewConversation::parse(body, "body", now)?.arranged(UnknownParent::Refuse, "body")
}
