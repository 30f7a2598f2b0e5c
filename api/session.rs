//! `/api/session`: who the user is, and what was open last.

use std::sync::Arc;

use conversation_store::context::Caller;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse};
use conversation_store::model::{ObjectWriter, SessionAction, parse_current, parse_session};
use conversation_store::secret::Secret;
use conversation_store::store::Claim;
use conversation_store::{App, session};
use http::{Method, StatusCode};

/// A new identity or a new token for the same one, the session, its devices, and the current conversation.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    request.allow(&[Method::GET, Method::POST, Method::PATCH])?;
    match *request.method() {
        Method::POST => act(&app, request).await,
        Method::GET => {
            let caller = request.known_user(&app).await?;
            Ok(ApiResponse::ok(session::read(&app, &caller).await?))
        }
        _ => set_current(&app, request).await,
    }
}

async fn act(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let known = request.identify(app).await?;
    let anonymous = request.anonymous_caller(app)?;
    let context = request.context();
    let action = parse_session(&request.body().await?)?;
    match (action, known) {
        (SessionAction::Begin, None) => {
            context.note_user(app.tokens.pseudonym(anonymous.user.as_str()));
            Ok(ApiResponse::created(session::begin(app, &anonymous).await?))
        }
        (SessionAction::Begin, Some(caller)) => {
            Ok(ApiResponse::ok(session::begin(app, &caller).await?))
        }
        (SessionAction::Redeem { code }, _) => Ok(ApiResponse::ok(
            session::redeem(app, &code, &anonymous).await?,
        )),
        (SessionAction::Link, Some(caller)) => {
            Ok(ApiResponse::created(session::link(app, &caller).await?))
        }
        (SessionAction::SignOutEverywhere, Some(caller)) => Ok(ApiResponse::ok(
            session::sign_out_everywhere(app, &caller).await?,
        )),
        (SessionAction::Claim { token }, Some(caller)) => claim(app, &caller, &token).await,
        (
            SessionAction::Link | SessionAction::SignOutEverywhere | SessionAction::Claim { .. },
            None,
        ) => Err(ApiError::missing_token()),
    }
}

/// 200 where all is moved, 202 where the time did not suffice: to be asked again.
async fn claim(app: &App, caller: &Caller, token: &Secret) -> Result<ApiResponse, ApiError> {
    let json = ObjectWriter::with_capacity(64);
    Ok(match session::claim(app, caller, token).await? {
        Claim::Complete { moved } => {
            let json = json.plain("claimed", true).plain("conversations", moved);
            ApiResponse::ok(json.finish())
        }
        Claim::Unfinished { remaining } => {
            let json = json.plain("claimed", false).plain("remaining", remaining);
            ApiResponse::json(StatusCode::ACCEPTED, json.finish())
        }
    })
}

async fn set_current(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let caller = request.user(app).await?;
    let id = parse_current(&request.body().await?)?;
    app.store.for_user(&caller).set_current(id.as_ref()).await?;
    let current = id.as_ref().map(|id| id.as_str());
    let json = ObjectWriter::with_capacity(80).optional("currentConversationId", current);
    Ok(ApiResponse::ok(json.finish()))
}

conversation_store::function!(handle);
