//! `/api/session`: the user's identity, and the conversation opened last.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::context::Caller;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse, bodies};
use conversation_store::model::{SessionAction, parse_current, parse_session};
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
    Ok(ApiResponse::ok(bodies::user_session(&session)))
}

async fn act(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let known = request.identify(app).await?;
    let anonymous = request.anonymous_caller(app)?;
    let action = parse_session(&request.body().await?)?;
    Ok(match (action, known) {
        (SessionAction::Begin, None) => {
            let pseudonym = app.tokens.pseudonym(anonymous.user.as_str());
            anonymous.context.note_user(pseudonym);
            let session = session::begin(app, &anonymous).await?;
            ApiResponse::created(bodies::user_session(&session))
        }
        (SessionAction::Begin, Some(caller)) => {
            let session = session::begin(app, &caller).await?;
            ApiResponse::ok(bodies::user_session(&session))
        }
        (SessionAction::Redeem { code }, _) => {
            let device = session::redeem(app, &code, &anonymous).await?;
            ApiResponse::ok(bodies::linked_device(&device))
        }
        (SessionAction::Recover { code }, _) => {
            let device = recovery::redeem(app, &code, &anonymous).await?;
            ApiResponse::ok(bodies::linked_device(&device))
        }
        (SessionAction::CreateRecoveryCode, Some(caller)) => {
            let code = recovery::create(app, &caller).await?;
            ApiResponse::created(bodies::recovery_code(&code))
        }
        (SessionAction::RevokeRecoveryCode, Some(caller)) => {
            recovery::revoke(app, &caller).await?;
            ApiResponse::ok(bodies::revoked_recovery_code())
        }
        (SessionAction::CreateReadToken, Some(caller)) => {
            let token = session::create_read_token(app, &caller).await?;
            ApiResponse::created(bodies::read_token(&token))
        }
        (SessionAction::RevokeReadToken, Some(caller)) => {
            session::revoke_read_token(app, &caller).await?;
            ApiResponse::ok(bodies::revoked_read_token())
        }
        (SessionAction::Link, Some(caller)) => {
            let code = session::link(app, &caller).await?;
            ApiResponse::created(bodies::device_code(&code))
        }
        (SessionAction::SignOutEverywhere, Some(caller)) => {
            let token = session::sign_out_everywhere(app, &caller).await?;
            ApiResponse::ok(bodies::token(&token))
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
        Claim::Complete { moved } => ApiResponse::ok(bodies::claimed(moved)),
        Claim::Unfinished { remaining } => ApiResponse::unfinished("claimed", remaining),
    })
}

async fn set_current(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let caller = request.user(app).await?;
    let id = parse_current(&request.body().await?)?;
    app.store.for_user(&caller).set_current(id.as_ref()).await?;
    Ok(ApiResponse::ok(bodies::current_conversation(id.as_ref())))
}

conversation_store::function!(Session, handle);
