//! `/api/conversations/{id}/messages/{messageId}`: one message.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse, bodies};
use conversation_store::service::message;
use http::Method;

/// Saving it whole, changing it, and deleting it; with `?andAfter=true` all that follows too.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    match *request.method() {
        Method::PUT => save(&app, request).await,
        Method::PATCH => patch(&app, request).await,
        _ => delete(&app, &request).await,
    }
}

async fn save(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let (user, id) = (request.user(app).await?, request.conversation_id()?);
    let (message, preconditions) = (request.message_id()?, request.preconditions()?);
    let body = request.body().await?;
    let (written, stored) = message::save(app, &user, &id, &message, &body, &preconditions).await?;
    let body = bodies::written_message(&written, stored.as_ref());
    Ok(ApiResponse::written(&written, body))
}

async fn patch(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let (user, id) = (request.user(app).await?, request.conversation_id()?);
    let (message, preconditions) = (request.message_id()?, request.preconditions()?);
    let body = request.body().await?;
    let (written, stored) =
        message::patch(app, &user, &id, &message, &body, &preconditions).await?;
    let body = bodies::written_message(&written, stored.as_ref());
    Ok(ApiResponse::written(&written, body))
}

async fn delete(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let (user, id) = (request.user(app).await?, request.conversation_id()?);
    let (message, preconditions) = (request.message_id()?, request.preconditions()?);
    let and_after = request.flag("andAfter")?;
    let store = app.store.for_user(&user);
    let truncation = store
        .delete_message(&id, &message, and_after, &preconditions)
        .await?;
    let body = bodies::deleted_messages(&truncation);
    Ok(ApiResponse::written(&truncation.written, body))
}

conversation_store::function!(Message, handle);
