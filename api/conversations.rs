//! `/api/conversations`: the list of the user's conversations, new ones, and the trash.

use std::sync::Arc;
use std::time::Duration;

use conversation_store::http::{ApiError, ApiRequest, ApiResponse};
use conversation_store::model::{
    ConversationId, Invalid, NewConversation, ObjectWriter, Preconditions, Timestamp,
    UnknownParent, limits,
};
use conversation_store::store::{CursorKind, Emptying, Outcome, SaveMode};
use conversation_store::{App, ErrorCode};
use http::Method;

/// How long one request goes on emptying the trash: with the longest call after it, still inside the 30 seconds that
/// `vercel.json` gives a function.
const EMPTYING_BUDGET: Duration = Duration::from_secs(20);

/// The list, without messages, the creation of a conversation, and the end of what is in the trash.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    match *request.method() {
        Method::GET if request.flag("trash")? => trash(&app, &request).await,
        Method::GET => list(&app, &request).await,
        Method::DELETE => empty_trash(&app, &request).await,
        _ => create(&app, request).await,
    }
}

async fn list(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let user = request.user(app).await?;
    let cursor = request.cursor(CursorKind::Conversations)?;
    let filter = request.conversation_filter()?;
    let (store, limit) = (
        app.store.for_user(&user),
        request.limit(limits::CONVERSATION_PAGE)?,
    );
    let list = match filter.is_empty() {
        true => store.list(limit, cursor.as_ref()).await?,
        false => store.filtered_list(&filter, limit, cursor.as_ref()).await?,
    };
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
    let page = match (filter.is_empty(), list.count) {
        (true, _) => page,
        (false, Some(count)) => page.plain("count", count),
        (false, None) => page.raw("count", "null"),
    };
    Ok(ApiResponse::ok(page.finish()))
}

async fn trash(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let user = request.user(app).await?;
    let cursor = request.cursor(CursorKind::Trash)?;
    if !request.conversation_filter()?.is_empty() {
        let message = "trash: expected no filter beside it";
        return Err(Invalid::new(ErrorCode::InvalidQuery, message).into());
    }
    let limit = request.limit(limits::CONVERSATION_PAGE)?;
    let store = app.store.for_user(&user);
    let page = store.trash(limit, cursor.as_ref()).await?;
    let summaries = page.conversations.iter().map(|trashed| {
        let summary = trashed.summary.to_object(40);
        summary.display("deletedAt", trashed.deleted).finish()
    });
    let next = page.next.map(|cursor| cursor.encode(CursorKind::Trash));
    let json = ObjectWriter::with_capacity(16_384)
        .array("data", summaries)
        .optional("nextCursor", next.as_deref())
        .plain("clock", page.change_sequence);
    Ok(ApiResponse::ok(json.finish()))
}

/// Only what is in the trash can be deleted all at once.
async fn empty_trash(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let user = request.user(app).await?;
    if !request.flag("trash")? {
        let message = "trash: expected true";
        return Err(Invalid::new(ErrorCode::InvalidQuery, message).into());
    }
    let store = app.store.for_user(&user);
    Ok(match store.empty_trash(EMPTYING_BUDGET).await? {
        Emptying::Complete => {
            let json = ObjectWriter::with_capacity(48).plain("emptied", true);
            ApiResponse::ok(json.finish())
        }
        Emptying::Unfinished { remaining } => ApiResponse::unfinished("emptied", remaining),
    })
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
