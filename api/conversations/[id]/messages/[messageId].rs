//! `/api/conversations/{id}/messages/{messageId}`: one message.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse};
use conversation_store::model::{
    MessagePatch, ObjectWriter, StoredMessage, Timestamp, parse_message,
};
use conversation_store::store::{Outcome, Written};
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
    let now = Timestamp::from_ms(app.clock.now_ms());
    let message = parse_message(&request.body().await?, &message, now)?;
    let store = app.store.for_user(&user);
    let (written, stored) = store.save_message(&id, &message, &preconditions).await?;
    Ok(respond(describe(stored), &written))
}

async fn patch(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let (user, id) = (request.user(app).await?, request.conversation_id()?);
    let (message, preconditions) = (request.message_id()?, request.preconditions()?);
    let patch = MessagePatch::parse(&request.body().await?, &message)?;
    let store = app.store.for_user(&user);
    let (written, stored) = store
        .patch_message(&id, &message, &patch, &preconditions)
        .await?;
    Ok(respond(describe(stored), &written))
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

/// To a repeat of a change whose message is gone by now there is nothing to show.
fn describe(stored: Option<StoredMessage>) -> ObjectWriter {
    let json = stored.map_or_else(|| "null".to_owned(), |stored| stored.to_json());
    ObjectWriter::with_capacity(json.len() + 1_024).raw("message", &json)
}

fn respond(json: ObjectWriter, written: &Written) -> ApiResponse {
    let json = json.raw("conversation", &written.summary.to_object(0).finish());
    let is_created = written.outcome == Outcome::Created;
    ApiResponse::written(written, written.change_sequence.write_to(json), is_created)
}

conversation_store::function!(Message, handle);
