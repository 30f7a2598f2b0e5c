//! `/api/conversations/{id}/messages/{messageId}`: one message.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse};
use conversation_store::model::{MessagePatch, ObjectWriter};
use conversation_store::store::Written;
use http::Method;

/// Changing it, and deleting it; with `?andAfter=true` all that follows too.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    match *request.method() {
        Method::PATCH => patch(&app, request).await,
        _ => delete(&app, &request).await,
    }
}

async fn patch(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let (user, id) = (request.user(app).await?, request.conversation_id()?);
    let (message, preconditions) = (request.message_id()?, request.preconditions()?);
    let patch = MessagePatch::parse(&request.body().await?, &message)?;
    let store = app.store.for_user(&user);
    let (written, stored) = store
        .patch_message(&id, &message, &patch, &preconditions)
        .await?;
    // To a repeat of a change whose message is gone by now there is nothing to show.
    let json = stored.map_or_else(|| "null".to_owned(), |stored| stored.to_json());
    let json = ObjectWriter::with_capacity(4_096).raw("message", &json);
    Ok(respond(json, &written))
}

async fn delete(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let (user, id) = (request.user(app).await?, request.conversation_id()?);
    let (message, preconditions) = (request.message_id()?, request.preconditions()?);
    let and_after = request.choice("andAfter", &["true", "false"])? == Some("true");
    let store = app.store.for_user(&user);
    let truncation = store
        .delete_message(&id, &message, and_after, &preconditions)
        .await?;
    let json = ObjectWriter::with_capacity(1_024).display_array("deleted", &truncation.ids);
    Ok(respond(json, &truncation.written))
}

fn respond(json: ObjectWriter, written: &Written) -> ApiResponse {
    let json = json.raw("conversation", &written.summary.to_object(0).finish());
    ApiResponse::written(written, written.change_sequence.write_to(json), false)
}

conversation_store::function!(Message, handle);
