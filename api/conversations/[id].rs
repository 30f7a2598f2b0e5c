//! `/api/conversations/{id}`: one conversation.

use std::sync::Arc;

use conversation_store::http::{ApiError, ApiRequest, ApiResponse};
use conversation_store::model::{
    ConversationPatch, Invalid, NewConversation, ObjectWriter, Timestamp, UnknownParent,
    is_restoration, limits,
};
use conversation_store::store::{CursorKind, Order, Outcome, PageQuery, SaveMode, Written};
use conversation_store::{App, ErrorCode};
use http::Method;

/// Opening, saving whole, changing metadata, deleting, restoring.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    match *request.method() {
        Method::GET => open(&app, &request).await,
        Method::PUT => save(&app, request).await,
        Method::PATCH => patch(&app, request).await,
        _ => delete(&app, &request).await,
    }
}

/// Metadata and the newest page of messages, oldest first; `nextCursor` leads to the older ones.
async fn open(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let user = request.user(app).await?;
    let query = PageQuery {
        limit: request.limit(limits::MESSAGE_PAGE)?,
        after: None,
        order: Order::Descending,
        known: request.known_versions(),
    };
    let page = app
        .store
        .for_user(&user)
        .page(&request.conversation_id()?, &query)
        .await?;
    let etag = page.summary.etag.as_deref();
    let Some(messages) = page.messages else {
        return Ok(ApiResponse::not_modified(etag));
    };
    let messages: Vec<String> = messages
        .iter()
        .rev()
        .map(|message| message.to_json())
        .collect();
    let size = messages.iter().map(|json| json.len() + 1).sum();
    let next = page.next.map(|cursor| cursor.encode(CursorKind::Messages));
    let json = page.summary.to_object(size).array("messages", messages);
    let json = json.optional("nextCursor", next.as_deref());
    Ok(ApiResponse::ok(json.finish()).revalidated(etag))
}

async fn save(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let (user, id) = (request.user(app).await?, request.conversation_id()?);
    let preconditions = request.preconditions()?;
    let body = request.body().await?;
    let now = Timestamp::from_ms(app.clock.now_ms());
    let conversation =
        NewConversation::parse(&body, "body", now)?.arranged(UnknownParent::Refuse, "body")?;
    if conversation.id.as_ref().is_some_and(|sent| *sent != id) {
        let message = "body.id: differs from the id in the path";
        return Err(Invalid::new(ErrorCode::IdMismatch, message).into());
    }
    let store = app.store.for_user(&user);
    let written = store
        .save(&id, &conversation, SaveMode::Replace, &preconditions)
        .await?;
    Ok(respond(&written))
}

async fn patch(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let (user, id) = (request.user(app).await?, request.conversation_id()?);
    let preconditions = request.preconditions()?;
    let body = request.body().await?;
    let store = app.store.for_user(&user);
    if is_restoration(&body)? {
        return Ok(respond(&store.restore(&id, &preconditions).await?));
    }
    let patch = ConversationPatch::parse(&body, &id)?;
    let written = store
        .patch_conversation(&id, &patch, &preconditions)
        .await?;
    Ok(respond(&written))
}

async fn delete(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let (user, id) = (request.user(app).await?, request.conversation_id()?);
    let deleted = app
        .store
        .for_user(&user)
        .delete_conversation(&id, request.flag("permanent")?, &request.preconditions()?)
        .await?;
    let json = ObjectWriter::with_capacity(80)
        .display("id", &id)
        .plain("deleted", true);
    Ok(ApiResponse::ok(
        deleted.change_sequence.write_to(json).finish(),
    ))
}

fn respond(written: &Written) -> ApiResponse {
    let is_created = written.outcome == Outcome::Created;
    ApiResponse::written(written, written.to_object(), is_created)
}

conversation_store::function!(Conversation, handle);
