//! `/api/session`: who the user is, and what he had open.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{Answer, ApiError, ApiRequest};
use conversation_store::identity::UserId;
use conversation_store::model::{ObjectWriter, Timestamp, parse_current, parse_session};
use conversation_store::store::Session;
use http::Method;

/// The plan's phase 3: a new identity (or a new token for the same one), the session, and the current
/// conversation.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<Answer, ApiError> {
    request.allow(&[Method::GET, Method::POST, Method::PATCH])?;
    match *request.method() {
        Method::POST => issue(&app, request).await,
        Method::GET => read(&app, &request).await,
        _ => set_current(&app, request).await,
    }
}

/// Without a token a new user, with one a fresh token for the same user.
async fn issue(app: &App, request: ApiRequest) -> Result<Answer, ApiError> {
    let known = request.identify(app)?;
    let is_new = known.is_none();
    let caller = known.unwrap_or_else(|| request.stranger(app, UserId::anonymous()));
    parse_session(&request.body().await?)?;
    let session = app.store.of(&caller).open_session().await?;
    let token = app.tokens.issue(&caller.user);
    let json = describe(app, &caller.user, &session)
        .string("token", token.token.expose())
        .display("expiresAt", Timestamp::from_ms(token.expires_at))
        .finish();
    Ok(if is_new {
        Answer::created(json)
    } else {
        Answer::ok(json)
    })
}

async fn read(app: &App, request: &ApiRequest) -> Result<Answer, ApiError> {
    let user = request.known_user(app)?;
    let session = app.store.of(&user).open_session().await?;
    Ok(Answer::ok(describe(app, &user.user, &session).finish()))
}

async fn set_current(app: &App, request: ApiRequest) -> Result<Answer, ApiError> {
    let user = request.user(app)?;
    let id = parse_current(&request.body().await?)?;
    app.store.of(&user).set_current(id.as_ref()).await?;
    let current = id.as_ref().map(|id| id.as_str());
    let json = ObjectWriter::with_capacity(80).optional("currentConversationId", current);
    Ok(Answer::ok(json.finish()))
}

fn describe(app: &App, user: &UserId, session: &Session) -> ObjectWriter {
    ObjectWriter::with_capacity(512)
        .display("userId", user)
        .plain("redisEnabled", app.is_enabled_for(user))
        .display("createdAt", session.created)
        .display("lastSeenAt", session.last_seen)
        .optional(
            "currentConversationId",
            session.current_conversation.as_deref(),
        )
}

conversation_store::function!(handle);
