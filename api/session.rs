//! `/api/session`: the user's identity, and the conversation opened last.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::context::Caller;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse};
use conversation_store::model::{ObjectWriter, SessionAction, parse_current, parse_session};
use conversation_store::secret::Secret;
use conversation_store::service::{recovery, session};
use conversation_store::store::Claim;
use http::Method;

/// A new identity or a new token for the same one, the session, its devices, and the current conversation.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    match *request.method() {
        Method::POST => act(&app, request).await,
        Method::GET => read(&app, &request).await,
        _ => set_current(&app, request).await,
    }
}

async fn read(app: &App, request: &ApiRequest) -> Result<ApiResponse, ApiError> {
    let caller = request.known_user(app).await?;
    let session = session::read(app, &caller).await?;
    Ok(ApiResponse::ok(session.to_json()))
}

async fn act(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let known = request.identify(app).await?;
    let anonymous = request.anonymous_caller(app)?;
    let action = parse_session(&request.body().await?)?;
    Ok(match (action, known) {
        (SessionAction::Begin, None) => {
            let pseudonym = app.tokens.pseudonym(anonymous.user.as_str());
            anonymous.context.note_user(pseudonym);
            ApiResponse::created(session::begin(app, &anonymous).await?.to_json())
        }
        (SessionAction::Begin, Some(caller)) => {
            ApiResponse::ok(session::begin(app, &caller).await?.to_json())
        }
        (SessionAction::Redeem { code }, _) => {
            ApiResponse::ok(session::redeem(app, &code, &anonymous).await?.to_json())
        }
        (SessionAction::Recover { code }, _) => {
            ApiResponse::ok(recovery::redeem(app, &code, &anonymous).await?.to_json())
        }
        (SessionAction::CreateRecoveryCode, Some(caller)) => {
            ApiResponse::created(recovery::create(app, &caller).await?.to_json())
        }
        (SessionAction::RevokeRecoveryCode, Some(caller)) => {
            recovery::revoke(app, &caller).await?;
            let json = ObjectWriter::with_capacity(40).raw("recoveryCodeCreatedAt", "null");
            ApiResponse::ok(json.finish())
        }
        (SessionAction::CreateReadToken, Some(caller)) => {
            ApiResponse::created(session::create_read_token(app, &caller).await?.to_json())
        }
        (SessionAction::RevokeReadToken, Some(caller)) => {
            session::revoke_read_token(app, &caller).await?;
            let json = ObjectWriter::with_capacity(32).raw("readTokenCreatedAt", "null");
            ApiResponse::ok(json.finish())
        }
        (SessionAction::Link, Some(caller)) => {
            ApiResponse::created(session::link(app, &caller).await?.to_json())
        }
        (SessionAction::SignOutEverywhere, Some(caller)) => {
            let token = session::sign_out_everywhere(app, &caller).await?;
            ApiResponse::ok(token.to_json())
        }
        (SessionAction::Claim { token }, Some(caller)) => claim(app, &caller, &token).await?,
        (
            SessionAction::Link
            | SessionAction::SignOutEverywhere
            | SessionAction::CreateRecoveryCode
            | SessionAction::RevokeRecoveryCode
            | SessionAction::CreateReadToken
            | SessionAction::RevokeReadToken
            | SessionAction::Claim { .. },
            None,
        ) => return Err(ApiError::missing_token()),
    })
}

async fn claim(app: &App, caller: &Caller, token: &Secret) -> Result<ApiResponse, ApiError> {
    Ok(match session::claim(app, caller, token).await? {
        Claim::Complete { moved } => {
            let json = ObjectWriter::with_capacity(64).plain("claimed", true);
            ApiResponse::ok(json.plain("conversations", moved).finish())
        }
        Claim::Unfinished { remaining } => ApiResponse::unfinished("claimed", remaining),
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

conversation_store::function!(Session, handle);
