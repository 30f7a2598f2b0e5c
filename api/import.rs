//! `/api/import`: the value of the frontend's localStorage key, or what an export gave, as it is.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse};
use conversation_store::import::ImportRequest;
use conversation_store::model::Timestamp;
use http::Method;
use http::header::CONTENT_TYPE;

/// Imports, with a report on each conversation. Sending it again changes nothing.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    request.allow(&[Method::POST])?;
    let user = request.user(&app).await?;
    let is_lines = request
        .header(&CONTENT_TYPE)
        .is_some_and(|media_type| media_type.contains("ndjson") || media_type.contains("jsonl"));
    // Before anything is made of what may be megabytes. They are taken in all the same: a client that is cut off while it
    // sends does not learn why.
    let admitted = app.store.for_user(&user).check_writing();
    let body = request.body().await?;
    admitted?;
    let now = Timestamp::from_ms(app.clock.now_ms());
    let import = ImportRequest::parse(&body, is_lines, now)?;
    let imported = app
        .store
        .for_user(&user)
        .import(&import.conversations)
        .await?;
    Ok(ApiResponse::ok(
        import.report(&imported.statuses, imported.clock),
    ))
}

conversation_store::function!(handle);
