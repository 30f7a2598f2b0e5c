//! `/api/shares`: read-only links to snapshots of conversations.

use std::sync::Arc;

use conversation_store::http::{ApiError, ApiRequest, ApiResponse, bodies};
use conversation_store::model::ShareId;
use conversation_store::service::share;
use conversation_store::{App, ErrorCode};
use http::{HeaderName, Method};

/// Shares, lists what is shared, revokes; and shows a share to anybody who has its id.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    match *request.method() {
        Method::POST => share(&app, request).await,
        Method::GET => read(&app, &request).await,
        _ => revoke(&app, &request).await,
    }
}

async fn share(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let caller = request.user(app).await?;
    let share = share::share(app, &caller, &request.body().await?).await?;
    let location = format!("/api/shares?id={}", share.id);
    Ok(ApiResponse::created(bodies::share(&share)).with_location(location))
}

/// An invalid cursor is refused in any case: without an id it would go unnoticed.
async fn read(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let part = request.part()?;
    match request.share_parameter()? {
        Some(id) => open(app, request, &id, part).await,
        None => list(app, request).await,
    }
}

async fn list(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let user = request.user(app).await?;
    let shares = app.store.for_user(&user).shares().await?;
    Ok(ApiResponse::ok(bodies::share_list(&shares)))
}

/// No token is needed or checked. Search engines must not index it: a link is meant for those who were given it.
async fn open(
    app: &App,
    request: &ApiRequest,
    id: &ShareId,
    part: u32,
) -> Result<ApiResponse, ApiError> {
    if !app.config.redis_enabled {
        return Err(ApiError::Refused(ErrorCode::StorageDisabled));
    }
    let page = app
        .store
        .for_user(&request.reader(app)?)
        .open_share(id, part)
        .await?;
    Ok(ApiResponse::ok(bodies::shared_page(id, &page))
        .with_header(HeaderName::from_static("x-robots-tag"), "noindex"))
}

/// Works with storage switched off too, so that shares can still be revoked.
async fn revoke(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let user = request.known_user(app).await?;
    let id = request
        .share_parameter()?
        .ok_or_else(|| ApiError::invalid_query("id", "the id of a share"))?;
    app.store.for_user(&user).unshare(&id).await?;
    Ok(ApiResponse::ok(bodies::deleted_share(&id)))
}

conversation_store::function!(Shares, handle);
