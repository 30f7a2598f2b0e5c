//! `/api/conversations/{id}/messages/{messageId}`: one message.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{Answer, ApiError, ApiRequest};
use conversation_store::model::{MessagePatch, ObjectWriter};
use conversation_store::store::Written;
use http::Method;

/// The plan's updateMessage, and deletion; with `?andAfter=true` of all that follows too.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<Answer, ApiError> {
    request.allow(&[Method::PATCH, Method::DELETE])?;
    match *request.method() {
        Method::PATCH => patch(&app, request).await,
        _ => delete(&app, &request).await,
    }
}

async fn patch(app: &App, request: ApiRequest) -> Result<Answer, ApiError> {
    let (user, id) = (request.user(app).await?, request.conversation_id()?);
    let (message, expected) = (request.message_id()?, request.if_match()?);
    let patch = MessagePatch::parse(&request.body().await?, &message)?;
    let store = app.store.of(&user);
    let (written, stored) = store.patch_message(&id, &message, &patch, expected).await?;
    let json = ObjectWriter::with_capacity(4_096).raw("message", &stored.to_json());
    Ok(answer(json, &written))
}

async fn delete(app: &App, request: &ApiRequest) -> Result<Answer, ApiError> {
    let (user, id) = (request.user(app).await?, request.conversation_id()?);
    let (message, expected) = (request.message_id()?, request.if_match()?);
    let and_after = request.choice("andAfter", &["true", "false"])? == Some("true");
    let store = app.store.of(&user);
    let truncation = store
        .delete_message(&id, &message, and_after, expected)
        .await?;
    let ids = truncation.ids.iter().map(|id| format!("\"{id}\""));
    let json = ObjectWriter::with_capacity(1_024).array("deleted", ids);
    Ok(answer(json, &truncation.written))
}

fn answer(json: ObjectWriter, written: &Written) -> Answer {
    let json = json.raw("conversation", &written.summary.to_object(0).finish());
    Answer::ok(written.clocks.write_to(json).finish())
        .with_revision(written.summary.counters.revision)
}

conversation_store::function!(handle);
