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

/// Without a token a new user, with one a fresh token for the same user. Users of an auth provider get
/// none: theirs would outlive what the provider decides, a logout or a ban.
async fn issue(app: &App, request: ApiRequest) -> Result<Answer, ApiError> {
    let known = request.identify(app).await?;
    parse_session(&request.body().await?)?;
    let is_new = known.is_none();
    let user = known.unwrap_or_else(UserId::anonymous);
    let session = app.store.of(&user).open_session().await?;
    if user.is_of_provider() {
        return Ok(Answer::ok(describe(app, &user, &session).finish()));
    }
    let token = app.tokens.issue(&user);
    let json = describe(app, &user, &session)
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
    let user = request.known_user(app).await?;
    let session = app.store.of(&user).open_session().await?;
    Ok(Answer::ok(describe(app, &user, &session).finish()))
}

async fn set_current(app: &App, request: ApiRequest) -> Result<Answer, ApiError> {
    let user = request.user(app).await?;
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
