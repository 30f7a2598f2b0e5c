//! `/api/health/redis`: whether Redis responds. With its underscore, the file is no function: that of `/api/metrics` serves this
//! route too.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse, bodies};
use http::StatusCode;

/// 200 `healthy` or 503 `unhealthy`, as of some seconds ago at most. Open to anybody.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let context = request.context();
    let check = app
        .health
        .check(&app.store, &app.clock, &context.usage)
        .await;
    let status = match check.result {
        Ok(_) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let body = bodies::health(&check, app.store.circuit());
    Ok(ApiResponse::json(status, body))
}
