//! `/api/export`: everything of the user, or one conversation, to keep or to read.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse};
use conversation_store::service::export::{Export, ExportFormat};

/// Lines of JSON that an import takes back, streamed; of one conversation also JSON or Markdown.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let user = request.user(&app).await?;
    let Some(id) = request.conversation_parameter()? else {
        request.choice("format", &["ndjson"])?;
        let export = Export::all(app, user).begin().await?;
        return Ok(
            ApiResponse::stream("application/x-ndjson", export).attached("conversations.ndjson")
        );
    };
    let (format, media_type, extension) =
        match request.choice("format", &["json", "markdown", "ndjson"])? {
            Some("markdown") => (ExportFormat::Markdown, "text/markdown; charset=utf-8", "md"),
            Some("ndjson") => (ExportFormat::Lines, "application/x-ndjson", "ndjson"),
            _ => (ExportFormat::Json, "application/json", "json"),
        };
    let name = format!("conversation-{id}.{extension}");
    let export = Export::one(app, user, id, format).begin().await?;
    Ok(ApiResponse::stream(media_type, export).attached(&name))
}

conversation_store::function!(Export, handle);
