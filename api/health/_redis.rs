//! `/api/health/redis`: whether Redis responds. With its underscore, the file is no function: that of `/api/metrics` serves this
//! route too.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse};
use conversation_store::model::ObjectWriter;
use http::StatusCode;

/// 200 `healthy` or 503 `unhealthy`, as of some seconds ago at most. Open to anybody, so it says nothing of where
/// Redis is.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let context = request.context();
    let check = app
        .health
        .check(&app.store, &app.clock, &context.usage)
        .await;
    let (status, word) = match &check.result {
        Ok(_) => (StatusCode::OK, "healthy"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "unhealthy"),
    };
    let json = ObjectWriter::with_capacity(160)
        .string("status", word)
        .display("timestamp", check.timestamp)
        .string("circuit", app.store.circuit().as_str());
    let json = match check.result {
        Ok(latency) => json.plain("latencyMs", format!("{:.1}", latency.as_secs_f64() * 1e3)),
        Err(error) => json.string("error", &error),
    };
    Ok(ApiResponse::json(status, json.finish()))
}
