//! `/api/import`: the value of the frontend's localStorage key, an export, or another system's history, unchanged.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse, bodies};
use conversation_store::service::import::{Format, ImportOptions, import};
use http::header::CONTENT_TYPE;

/// Imports, with a report on each conversation. Sending it again changes nothing.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let user = request.user(&app).await?;
    let options = options(&request)?;
    // Before megabytes are parsed. They are still received: a client that is cut off while sending does not learn why.
    let admitted = app.store.for_user(&user).check_writing();
    let body = request.body().await?;
    admitted?;
    let report = import(&app, &user, &body, &options).await?;
    Ok(ApiResponse::ok(bodies::import_report(report)?))
}

fn options(request: &ApiRequest) -> Result<ImportOptions, ApiError> {
    let is_lines = request
        .header(&CONTENT_TYPE)
        .is_some_and(|media_type| media_type.contains("ndjson") || media_type.contains("jsonl"));
    let format = request.choice("format", &Format::ALL.map(Format::name))?;
    Ok(ImportOptions {
        is_lines,
        format: format.and_then(Format::from_name),
        name: request.file_name()?,
        is_followed: request.flag("follow")?,
        is_portion: request.flag("portion")?,
    })
}

conversation_store::function!(Import, handle);
