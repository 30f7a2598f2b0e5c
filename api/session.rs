//! `/api/session`: who the user is, and what was open last.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::context::Caller;
use conversation_store::http::{ApiError, ApiRequest, ApiResponse};
use conversation_store::identity::Token;
use conversation_store::model::{
    ObjectWriter, SessionAction, Timestamp, parse_current, parse_session,
};
use conversation_store::secret::Secret;
use conversation_store::service::session::{self, UserSession};
use conversation_store::store::Claim;
use http::{Method, StatusCode};

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
    Ok(ApiResponse::ok(describe(&session).finish()))
}

async fn act(app: &App, request: ApiRequest) -> Result<ApiResponse, ApiError> {
    let known = request.identify(app).await?;
    let anonymous = request.anonymous_caller(app)?;
    let action = parse_session(&request.body().await?)?;
    match (action, known) {
        (SessionAction::Begin, None) => {
            let pseudonym = app.tokens.pseudonym(anonymous.user.as_str());
            anonymous.context.note_user(pseudonym);
            Ok(ApiResponse::created(begin(app, &anonymous).await?))
        }
        (SessionAction::Begin, Some(caller)) => Ok(ApiResponse::ok(begin(app, &caller).await?)),
        (SessionAction::Redeem { code }, _) => redeem(app, &code, &anonymous).await,
        (SessionAction::Link, Some(caller)) => link(app, &caller).await,
        (SessionAction::SignOutEverywhere, Some(caller)) => {
            let token = session::sign_out_everywhere(app, &caller).await?;
            let json = with_token(ObjectWriter::with_capacity(400), &token);
            Ok(ApiResponse::ok(json.finish()))
        }
        (SessionAction::Claim { token }, Some(caller)) => claim(app, &caller, &token).await,
        (
            SessionAction::Link | SessionAction::SignOutEverywhere | SessionAction::Claim { .. },
            None,
        ) => Err(ApiError::missing_token()),
    }
}

async fn begin(app: &App, caller: &Caller) -> Result<String, ApiError> {
    let (session, token) = session::begin(app, caller).await?;
    let json = describe(&session);
    Ok(match token {
        Some(token) => with_token(json, &token).finish(),
        None => json.finish(),
    })
}

async fn redeem(app: &App, code: &str, caller: &Caller) -> Result<ApiResponse, ApiError> {
    let (user, token) = session::redeem(app, code, caller).await?;
    let json = ObjectWriter::with_capacity(400).display("userId", &user);
    Ok(ApiResponse::ok(with_token(json, &token).finish()))
}

async fn link(app: &App, caller: &Caller) -> Result<ApiResponse, ApiError> {
    let code = session::link(app, caller).await?;
    let json = ObjectWriter::with_capacity(80)
        .string("code", &code.code)
        .display("expiresAt", code.expires_at);
    Ok(ApiResponse::created(json.finish()))
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

fn describe(session: &UserSession) -> ObjectWriter {
    let UserSession {
        user,
        is_enabled,
        session,
    } = session;
    let current = session.current_conversation.as_deref();
    ObjectWriter::with_capacity(512)
        .display("userId", user)
        .plain("redisEnabled", is_enabled)
        .display("createdAt", session.created)
        .display("lastSeenAt", session.last_seen)
        .optional("currentConversationId", current)
}

fn with_token(json: ObjectWriter, token: &Token) -> ObjectWriter {
    json.string("token", token.token.expose())
        .display("expiresAt", Timestamp::from_ms(token.expires_at))
}

conversation_store::function!(Session, handle);
