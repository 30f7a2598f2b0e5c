//! `/api/user`: the user's statistics, how long conversations live, and the end of all the user's data.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse, bodies};
use conversation_store::model::UserPatch;
use conversation_store::service::user;
use http::Method;

/// Statistics, the choice of a TTL, and the erasure of a user.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    match *request.method() {
        Method::GET => statistics(&app, &request).await,
        Method::PATCH => choose(&app, request).await,
        _ => erase(&app, &request).await,
    }
}

async fn statistics(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let caller = request.user(app).await?;
    let statistics = user::statistics(app, &caller).await?;
    Ok(ApiResponse::ok(bodies::user_statistics(&statistics)))
}

async fn choose(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let caller = request.user(app).await?;
    let longest = app.store.for_user(&caller).max_conversation_ttl();
    let choice = UserPatch::parse(&request.body().await?, longest)?;
    let statistics = user::choose_ttl(app, &caller, choice).await?;
    Ok(ApiResponse::ok(bodies::user_statistics(&statistics)))
}

/// Works with storage switched off too, so that existing data can be erased.
async fn erase(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let caller = request.known_user(app).await?;
    let progress = user::erase(app, &caller).await?;
    Ok(ApiResponse::progress("erased", progress))
}

conversation_store::function!(User, handle);
