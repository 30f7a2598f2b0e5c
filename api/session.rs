//! `/api/session`: who the user is, and what he had open.

use std::sync::Arc;

use conversation_store::App;
use conversation_store::http::{Answer, ApiError, ApiRequest};
use conversation_store::identity::{Caller, Counted, UserId, random_code};
use conversation_store::model::{
    Invalid, ObjectWriter, SessionAction, Timestamp, parse_current, parse_session,
};
use conversation_store::store::{CODE_LIFE, Redeemed, Session};
use http::Method;

/// The plan's phase 3: a new identity (or a new token for the same one), the session, and the current
/// conversation.
pub async fn handle(app: Arc<App>, request: ApiRequest) -> Result<Answer, ApiError> {
    request.allow(&[Method::GET, Method::POST, Method::PATCH])?;
    match *request.method() {
        Method::POST => act(&app, request).await,
        Method::GET => read(&app, &request).await,
        _ => set_current(&app, request).await,
    }
}

async fn act(app: &App, request: ApiRequest) -> Result<Answer, ApiError> {
    let known = request.identify(app).await?;
    let stranger = request.stranger(app, UserId::anonymous());
    match parse_session(&request.body().await?)? {
        SessionAction::Begin => begin(app, known, stranger).await,
        SessionAction::Redeem { code } => redeem(app, &code, stranger).await,
        SessionAction::Link => link(app, &with_our_token(known)?).await,
        SessionAction::SignOutEverywhere => {
            let caller = with_our_token(known)?;
            app.store
                .of(&caller)
                .sign_out_everywhere(app.config.token_life)
                .await?;
            Ok(Answer::ok(with_token(
                app,
                ObjectWriter::with_capacity(400),
                &caller.user,
            )))
        }
    }
}

/// Users of an auth provider sign in and out there: a token of ours would outlive a logout or a ban.
fn with_our_token(known: Option<Caller>) -> Result<Caller, ApiError> {
    let caller = known.ok_or_else(ApiError::missing_token)?;
    if caller.user.is_of_provider() {
        let message = "This user signs in and out at the auth provider.";
        return Err(Invalid::new("use_provider", message).into());
    }
    Ok(caller)
}

/// Without a token a new user, with one a fresh token for the same user.
async fn begin(app: &App, known: Option<Caller>, stranger: Caller) -> Result<Answer, ApiError> {
    let is_new = known.is_none();
    let caller = known.unwrap_or(stranger);
    let session = app.store.of(&caller).open_session().await?;
    if caller.user.is_of_provider() {
        return Ok(Answer::ok(describe(app, &caller.user, &session).finish()));
    }
    let json = with_token(app, describe(app, &caller.user, &session), &caller.user);
    Ok(if is_new {
        Answer::created(json)
    } else {
        Answer::ok(json)
    })
}

/// A code by which another device becomes this user, once, within 10 minutes.
async fn link(app: &App, caller: &Caller) -> Result<Answer, ApiError> {
    let code = random_code().map_err(|_| ApiError::Internal)?;
    // Two of a million million codes alike is no reason for a loop: the client asks again.
    if !app
        .store
        .of(caller)
        .keep_code(&app.tokens.pseudonym(&code))
        .await?
    {
        return Err(ApiError::Internal);
    }
    let life = i64::try_from(CODE_LIFE.as_millis()).unwrap_or_default();
    let json = ObjectWriter::with_capacity(80)
        .string("code", &code)
        .display("expiresAt", Timestamp::from_ms(app.clock.now_ms() + life));
    Ok(Answer::created(json.finish()))
}

async fn redeem(app: &App, code: &str, stranger: Caller) -> Result<Answer, ApiError> {
    let Counted::Address(address) = &stranger.counted_as else {
        return Err(ApiError::Internal);
    };
    let attempt = stranger.user.to_string();
    let code = app.tokens.pseudonym(code);
    match app
        .store
        .of(&stranger)
        .redeem_code(&code, address, &attempt)
        .await?
    {
        Redeemed::As(user) => {
            let json = ObjectWriter::with_capacity(400).display("userId", &user);
            Ok(Answer::ok(with_token(app, json, &user)))
        }
        Redeemed::Wrong => Err(ApiError::WrongCode),
        Redeemed::Blocked => Err(ApiError::TooManyCodes),
    }
}

fn with_token(app: &App, json: ObjectWriter, user: &UserId) -> String {
    let token = app.tokens.issue(user);
    json.string("token", token.token.expose())
        .display("expiresAt", Timestamp::from_ms(token.expires_at))
        .finish()
}

async fn read(app: &App, request: &ApiRequest) -> Result<Answer, ApiError> {
    let user = request.known_user(app).await?;
    let session = app.store.of(&user).open_session().await?;
    Ok(Answer::ok(describe(app, &user.user, &session).finish()))
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
