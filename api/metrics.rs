//! `/api/metrics`: the service's metrics, for Prometheus, and reports of browsers. The function serves
//! `/api/health/redis` too, by a rewrite in `vercel.json`: Vercel's Hobby plan takes twelve functions.

#[path = "health/_redis.rs"]
mod health;

use std::sync::Arc;

use conversation_store::http::{ApiError, ApiRequest, ApiResponse, bodies};
use conversation_store::metrics::{ClientReport, exposition};
use conversation_store::{App, ErrorCode};
use http::{Method, StatusCode};

/// Prometheus's text requires its own token; a report requires a user's.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    match *request.method() {
        Method::GET => read(&app, &request).await,
        _ => report(&app, request).await,
    }
}

async fn read(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let token = app
        .config
        .metrics_token
        .as_ref()
        .ok_or(ApiError::Refused(ErrorCode::NoRoute))?;
    request.require_token(token)?;
    let (stored, mut gauges) = app.store.read_metrics(&request.context().usage).await?;
    gauges.limit = app.config.database_limit;
    Ok(ApiResponse::text(
        "text/plain; version=0.0.4; charset=utf-8",
        exposition(&stored, &gauges),
    ))
}

/// Accepted is not written yet: it goes where all metrics go, with the next batch.
async fn report(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let user = request.user(app).await?;
    let report = ClientReport::parse(&request.body().await?)?;
    if let Some(metrics) = &app.metrics {
        app.store.for_user(&user).check().await?;
        metrics.report(&report);
    }
    Ok(ApiResponse::json(StatusCode::ACCEPTED, bodies::accepted()))
}

conversation_store::function!(Metrics, handle; Health, health::handle);
