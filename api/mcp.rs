//! `/api/mcp`: agents read the user's conversations, by the Model Context Protocol over Streamable HTTP, without sessions.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse};
use conversation_store::service::mcp::{self, VERSIONS};
use http::HeaderName;

const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

/// Takes a message and returns one; 202 if none is expected.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let caller = request.read_only_user(&app).await?;
    check_version(request.header(&VERSION))?;
    let response = mcp::respond(&app, &caller, &request.body().await?).await?;
    Ok(match response {
        Some(json) => ApiResponse::ok(json),
        None => ApiResponse::accepted(),
    })
}

/// The version that a client and the service have agreed on.
fn check_version(named: Option<&str>) -> Result<(), ApiError> {
    match named {
        Some(named) if !VERSIONS.contains(&named) => {
            let expected = format!("one of {}", VERSIONS.join(", "));
            Err(ApiError::invalid_header("MCP-Protocol-Version", &expected))
        }
        _ => Ok(()),
    }
}

conversation_store::function!(Mcp, handle);
