//! `/api/conversations/{id}/messages/{messageId}`: one message.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse};
use conversation_store::model::{ObjectWriter, StoredMessage};
use conversation_store::service::message;
use conversation_store::store::Written;
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
    Ok(respond(stored, &written))
}

async fn patch(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let (user, id) = (request.user(app).await?, request.conversation_id()?);
    let (message, preconditions) = (request.message_id()?, request.preconditions()?);
    let body = request.body().await?;
    let (written, stored) =
        message::patch(app, &user, &id, &message, &body, &preconditions).await?;
    Ok(respond(stored, &written))
}

async fn delete(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let (user, id) = (request.user(app).await?, request.conversation_id()?);
    let (message, preconditions) = (request.message_id()?, request.preconditions()?);
    let and_after = request.flag("andAfter")?;
    let store = app.store.for_user(&user);
    let truncation = store
        .delete_message(&id, &message, and_after, &preconditions)
        .await?;
    let json = ObjectWriter::with_capacity(1_024).display_array("deleted", &truncation.ids);
    Ok(ApiResponse::written_part(&truncation.written, json))
}

/// To a repeat of a change whose message is gone by now there is nothing to show.
fn respond(stored: Option<StoredMessage>, written: &Written) -> ApiResponse {
    let json = stored.map_or_else(|| "null".to_owned(), |stored| stored.to_json());
    let message = ObjectWriter::with_capacity(json.len() + 1_024).raw("message", &json);
    ApiResponse::written_part(written, message)
}

conversation_store::function!(Message, handle);
