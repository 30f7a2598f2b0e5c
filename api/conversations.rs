//! `/api/conversations`: the list of the user's conversations, the search in them, new ones, and the trash.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse, bodies};
use conversation_store::model::limits;
use conversation_store::service::{conversation, search};
use conversation_store::store::CursorKind;
use http::Method;

/// Lists conversations without their messages, creates one, and empties the trash.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    match *request.method() {
        Method::GET if request.flag("trash")? => trash(&app, &request).await,
        Method::GET if request.searches()? => find(&app, &request).await,
        Method::GET => list(&app, &request).await,
        Method::DELETE => empty_trash(&app, &request).await,
        _ => create(&app, request).await,
    }
}

async fn list(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let user = request.user(app).await?;
    let cursor = request.cursor(CursorKind::Conversations)?;
    let filter = request.conversation_filter()?;
    let limit = request.limit(limits::CONVERSATION_PAGE)?;
    if let Some(sessions) = request.session_filter()? {
        if !filter.is_empty() {
            return Err(ApiError::invalid_query("kind", "no other filter beside it"));
        }
        let store = app.store.for_user(&user);
        let list = store
            .agent_sessions(&sessions, limit, cursor.as_ref())
            .await?;
        return Ok(ApiResponse::ok(bodies::conversation_list(&list, false)));
    }
    let list = conversation::list(app, &user, &filter, limit, cursor.as_ref()).await?;
    let is_filtered = !filter.is_empty();
    Ok(ApiResponse::ok(bodies::conversation_list(
        &list,
        is_filtered,
    )))
}

async fn find(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let user = request.user(app).await?;
    let query = request.search_query()?;
    let page = search::search(app, &user, &query).await?;
    Ok(ApiResponse::ok(bodies::search_page(&page)))
}

async fn trash(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let user = request.user(app).await?;
    let cursor = request.cursor(CursorKind::Trash)?;
    let is_filtered = !request.conversation_filter()?.is_empty();
    if request.searches()? || is_filtered || request.session_filter()?.is_some() {
        return Err(ApiError::invalid_query("trash", "no filter beside it"));
    }
    let limit = request.limit(limits::CONVERSATION_PAGE)?;
    let store = app.store.for_user(&user);
    let trash = store.trash(limit, cursor.as_ref()).await?;
    Ok(ApiResponse::ok(bodies::trash(&trash)))
}

/// Only what is in the trash can be deleted all at once.
async fn empty_trash(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let user = request.user(app).await?;
    if !request.flag("trash")? {
        return Err(ApiError::invalid_query("trash", "true"));
    }
    let progress = conversation::empty_trash(app, &user).await?;
    Ok(ApiResponse::progress("emptied", progress))
}

async fn create(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let user = request.user(app).await?;
    let key = request.idempotency_key().map(str::to_owned);
    let body = request.body().await?;
    let (id, written) = conversation::create(app, &user, &body, key.as_deref()).await?;
    let location = format!("/api/conversations/{id}");
    let body = bodies::written_conversation(&written);
    Ok(ApiResponse::written(&written, body).with_location(location))
}

conversation_store::function!(Conversations, handle);
