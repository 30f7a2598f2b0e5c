//! `/api/conversations`: the list of the user's conversations, and new ones.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse};
use conversation_store::model::{
    ConversationId, Invalid, NewConversation, ObjectWriter, Preconditions, Timestamp,
    UnknownParent, limits,
};
use conversation_store::store::{CursorKind, Outcome, SaveMode};
use http::Method;

/// The list, without messages, and the creation of a conversation.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    match *request.method() {
        Method::GET => list(&app, &request).await,
        _ => create(&app, request).await,
    }
}

async fn list(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let user = request.user(app).await?;
    let cursor = request.cursor(CursorKind::Conversations)?;
    let list = app
        .store
        .for_user(&user)
        .list(request.limit(limits::CONVERSATION_PAGE)?, cursor.as_ref())
        .await?;
    let summaries = list
        .conversations
        .iter()
        .map(|summary| summary.to_object(0).finish());
    let next = list
        .next
        .map(|cursor| cursor.encode(CursorKind::Conversations));
    let page = ObjectWriter::with_capacity(16_384)
        .array("data", summaries)
        .optional("nextCursor", next.as_deref())
        .plain("clock", list.change_sequence);
    Ok(ApiResponse::ok(page.finish()))
}

async fn create(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let user = request.user(app).await?;
    let key = request.idempotency_key().map(str::to_owned);
    let body = request.body().await?;
    let body: &[u8] = if body.is_empty() { b"{}" } else { &body };
    let now = Timestamp::from_ms(app.clock.now_ms());
    let conversation =
        NewConversation::parse(body, "body", now)?.arranged(UnknownParent::Refuse, "body")?;
    let id = conversation.id.clone();
    let id = id.unwrap_or_else(|| ConversationId::generate(key.as_deref()));
    let (store, none) = (app.store.for_user(&user), Preconditions::default());
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
    let is_created = written.outcome == Outcome::Created;
    let response = ApiResponse::written(&written, written.to_object(), is_created);
    Ok(response.with_location(format!("/api/conversations/{id}")))
}

conversation_store::function!(Conversations, handle);
