//! `/api/import`: the value of the frontend's localStorage key, or what an export gave, as it is.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse};
use conversation_store::model::ObjectWriter;
use conversation_store::service::import::{ImportOutcome, ImportReport, ImportResult, import};
use http::header::CONTENT_TYPE;

/// Imports, with a report on each conversation. Sending it again changes nothing.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let user = request.user(&app).await?;
    let is_lines = request
        .header(&CONTENT_TYPE)
        .is_some_and(|media_type| media_type.contains("ndjson") || media_type.contains("jsonl"));
    // Before anything is made of what may be megabytes. They are taken in all the same: a client that is cut off while it
    // sends does not learn why.
    let admitted = app.store.for_user(&user).check_writing();
    let body = request.body().await?;
    admitted?;
    let report = import(&app, &user, &body, is_lines).await?;
    Ok(ApiResponse::ok(describe(report)))
}

fn describe(report: ImportReport) -> String {
    let (mut imported, mut unchanged, mut rejected) = (0, 0, 0);
    let mut results = Vec::with_capacity(report.results.len());
    for (index, result) in report.results.into_iter().enumerate() {
        let ImportResult { id, outcome } = result;
        let json = ObjectWriter::with_capacity(120)
            .plain("index", index)
            .optional("id", id.as_deref());
        let json = match outcome {
            ImportOutcome::Imported => {
                imported += 1;
                json.string("status", "imported")
            }
            ImportOutcome::Unchanged => {
                unchanged += 1;
                json.string("status", "unchanged")
            }
            ImportOutcome::Rejected(error) => {
                rejected += 1;
                let (code, message) = ApiError::from(error).describe();
                json.string("status", "rejected")
                    .string("code", code.as_str())
                    .string("message", &message)
            }
        };
        results.push(json.finish());
    }
    ObjectWriter::with_capacity(results.len() * 100 + 100)
        .plain("imported", imported)
        .plain("unchanged", unchanged)
        .plain("rejected", rejected)
        .array("results", results)
        .plain("clock", report.clock)
        .finish()
}

conversation_store::function!(Import, handle);
