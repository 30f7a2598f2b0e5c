//! `/api/conversations/{id}`: one conversation.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse, bodies};
use conversation_store::model::limits;
use conversation_store::service::conversation;
use conversation_store::store::{Deletion, Order, PageQuery};
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
        size: limits::PAGE,
        after: None,
        order: Order::Descending,
        known: request.known_versions(),
    };
    let store = app.store.for_user(&user);
    let page = store.page(&request.conversation_id()?, &query).await?;
    let etag = page.summary.etag.as_deref();
    Ok(match bodies::opened_conversation(&page) {
        Some(json) => ApiResponse::ok(json).revalidated(etag),
        None => ApiResponse::not_modified(etag),
    })
}

async fn save(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let (user, id) = (request.user(app).await?, request.conversation_id()?);
    let preconditions = request.preconditions()?;
    let body = request.body().await?;
    let written = conversation::save(app, &user, &id, &body, &preconditions).await?;
    let body = bodies::written_conversation(&written);
    Ok(ApiResponse::written(&written, body))
}

async fn patch(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let (user, id) = (request.user(app).await?, request.conversation_id()?);
    let preconditions = request.preconditions()?;
    let body = request.body().await?;
    let written = conversation::patch(app, &user, &id, &body, &preconditions).await?;
    let body = bodies::written_conversation(&written);
    Ok(ApiResponse::written(&written, body))
}

async fn delete(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let (user, id) = (request.user(app).await?, request.conversation_id()?);
    let deletion = Deletion {
        is_permanent: request.flag("permanent")?,
        trashed: request.time("deletedAt")?,
    };
    let deleted = app
        .store
        .for_user(&user)
        .delete_conversation(&id, &deletion, &request.preconditions()?)
        .await?;
    Ok(ApiResponse::ok(bodies::deleted_conversation(&id, &deleted)))
}

conversation_store::function!(Conversation, handle);
