//! The functions of `api/`, mounted at the paths that Vercel gives them.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{Registry, respond};
use http::Response;
use vercel_runtime::{Request, ResponseBody};

// The very files that Vercel builds, one function each.
#[path = "../../api/conversations/[id].rs"]
pub mod conversation;
#[path = "../../api/conversations.rs"]
pub mod conversations;
#[path = "../../api/export.rs"]
pub mod export;
#[path = "../../api/health/redis.rs"]
pub mod health;
#[path = "../../api/import.rs"]
pub mod import;
#[path = "../../api/conversations/[id]/messages/[messageId].rs"]
pub mod message;
#[path = "../../api/conversations/[id]/messages.rs"]
pub mod messages;
#[path = "../../api/metrics.rs"]
pub mod metrics;
#[path = "../../api/session.rs"]
pub mod session;
#[path = "../../api/shares.rs"]
pub mod shares;
#[path = "../../api/sync.rs"]
pub mod sync;
#[path = "../../api/user.rs"]
pub mod user;

/// The function that a path belongs to, or `None` where Vercel would look for a file.
pub async fn call(
    app: Arc<App>,
    request: Request,
    registry: Registry,
) -> Result<Response<ResponseBody>, Request> {
    let path = request.uri().path().to_owned();
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match segments.as_slice() {
        ["api", "conversations"] => {
            Ok(respond(app, request, registry, conversations::handle).await)
        }
        ["api", "conversations", _] => {
            Ok(respond(app, request, registry, conversation::handle).await)
        }
        ["api", "conversations", _, "messages"] => {
            Ok(respond(app, request, registry, messages::handle).await)
        }
        ["api", "conversations", _, "messages", _] => {
            Ok(respond(app, request, registry, message::handle).await)
        }
        ["api", "export"] => Ok(respond(app, request, registry, export::handle).await),
        ["api", "health", "redis"] => Ok(respond(app, request, registry, health::handle).await),
        ["api", "import"] => Ok(respond(app, request, registry, import::handle).await),
        ["api", "metrics"] => Ok(respond(app, request, registry, metrics::handle).await),
        ["api", "session"] => Ok(respond(app, request, registry, session::handle).await),
        ["api", "shares"] => Ok(respond(app, request, registry, shares::handle).await),
        ["api", "sync"] => Ok(respond(app, request, registry, sync::handle).await),
        ["api", "user"] => Ok(respond(app, request, registry, user::handle).await),
        _ => Err(request),
    }
}
