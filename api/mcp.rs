//! `/api/mcp`: agents read the user's conversations, by the Model Context Protocol over Streamable HTTP, without sessions.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{AgentHeaders, ApiError, ApiRequest, ApiResponse};
use conversation_store::service::mcp;

/// Takes a message and returns one; 202 if none is expected.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    if let Some(refusal) = request.forbidden_page() {
        return Ok(refusal);
    }
    let caller = request.read_only_user(&app).await?;
    let headers = AgentHeaders::of(&request);
    let message = headers.read(&request.body().await?);
    let response = mcp::respond(&app, &caller, message).await?;
    Ok(ApiResponse::agent(response))
}

conversation_store::function!(Mcp, handle);
