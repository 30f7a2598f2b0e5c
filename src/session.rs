//! Who one is, on how many devices, and until when. Each function answers JSON.

use std::time::Duration;

use crate::context::{Caller, RateLimitKey};
use crate::http::ApiError;
use crate::identity::{UserId, random_code};
use crate::model::{Invalid, ObjectWriter, Timestamp};
use crate::secret::Secret;
use crate::store::{CODE_LIFE, Claim, Redeemed, Session};
use crate::{App, ErrorCode};

/// The session of `caller`, with a fresh token; but none for the user of an auth provider: ours would
/// outlive a logout or a ban there.
///
/// # Errors
/// When the database fails.
pub async fn begin(app: &App, caller: &Caller) -> Result<String, ApiError> {
    let store = app.store.for_user(caller);
    let session = match caller.rate_limit_key {
        RateLimitKey::User => store.read_session().await?,
        RateLimitKey::Address(_) | RateLimitKey::Reader(_) => store.begin_session().await?,
    };
    let json = describe(app, &caller.user, &session);
    if caller.user.is_of_provider() {
        return Ok(json.finish());
    }
    Ok(with_token(app, json, &caller.user, app.clock.now_ms()))
}

/// The session of `caller`.
///
/// # Errors
/// When the database fails.
pub async fn read(app: &App, caller: &Caller) -> Result<String, ApiError> {
    let session = app.store.for_user(caller).read_session().await?;
    Ok(describe(app, &caller.user, &session).finish())
}

/// A code by which another device becomes this user, once, within 10 minutes.
///
/// # Errors
/// `use_provider`; or the database failed.
pub async fn link(app: &App, caller: &Caller) -> Result<String, ApiError> {
    refuse_provider(caller)?;
    // In the user's database: whoever redeems the code knows nothing else to look by.
    let named = app.store.generate_colocated(&caller.user, || {
        let code = random_code()?;
        let pseudonym = app.tokens.pseudonym(&code);
        Ok::<_, getrandom::Error>(((code, pseudonym.clone()), pseudonym))
    });
    let (code, pseudonym) = named.map_err(|_| ApiError::Internal)?;
    let store = app.store.for_user(caller);
    // Two of a million million codes alike is no reason for a loop: the client asks again.
    if !store.keep_code(&pseudonym).await? {
        return Err(ApiError::Internal);
    }
    let life = i64::try_from(CODE_LIFE.as_millis()).unwrap_or_default();
    let json = ObjectWriter::with_capacity(80)
        .string("code", &code)
        .display("expiresAt", Timestamp::from_ms(app.clock.now_ms() + life));
    Ok(json.finish())
}

/// Makes the caller, who sends `code`, the user whose it is.
///
/// # Errors
/// `wrong_code`; `too_many_codes`; or the database failed.
pub async fn redeem(app: &App, code: &str, caller: &Caller) -> Result<String, ApiError> {
    let code = app.tokens.pseudonym(code);
    let Redeemed { user, since } = app.store.for_user(caller).redeem_code(&code).await?;
    let json = ObjectWriter::with_capacity(400).display("userId", &user);
    // As old as the code: a sign-out everywhere after the code was made voids this token too.
    Ok(with_token(app, json, &user, since))
}

/// Voids every token issued before now, and answers a new one.
///
/// # Errors
/// `use_provider`; or the database failed.
pub async fn sign_out_everywhere(app: &App, caller: &Caller) -> Result<String, ApiError> {
    refuse_provider(caller)?;
    let store = app.store.for_user(caller);
    let at = store.sign_out_everywhere(app.config.token_life).await?;
    // As old as the sign-out, so that a later one voids what a repeat of this one is answered.
    let json = ObjectWriter::with_capacity(400);
    Ok(with_token(app, json, &caller.user, at))
}

/// How long one request goes on moving: with the longest call after it, still inside the 30 seconds that
/// `vercel.json` gives a function.
const CLAIM_BUDGET: Duration = Duration::from_secs(20);

/// Moves what an anonymous user has into the account of `caller`, once and for all: the token, and every
/// other of that user, is void from then on.
///
/// # Errors
/// `wrong_token`; `already_claimed` by another account; a quota; `storage_disabled`; or the database failed.
pub async fn claim(app: &App, caller: &Caller, token: &Secret) -> Result<Claim, ApiError> {
    if !app.is_enabled_for(&caller.user) {
        return Err(ApiError::StorageDisabled);
    }
    let verified = app.tokens.verify(token.expose());
    let source = verified.map_err(|_| ApiError::WrongToken)?;
    if source.user == caller.user {
        return Err(Invalid::field("body.token", "the token of another user").into());
    }
    let store = app.store.for_user(caller);
    Ok(store
        .claim(&source, app.config.token_life, CLAIM_BUDGET)
        .await?)
}

/// Users of an auth provider sign in and out there.
fn refuse_provider(caller: &Caller) -> Result<(), ApiError> {
    if caller.user.is_of_provider() {
        let message = "This user signs in and out at the auth provider.";
        return Err(Invalid::new(ErrorCode::UseProvider, message).into());
    }
    Ok(())
}

fn with_token(app: &App, json: ObjectWriter, user: &UserId, issued_at: i64) -> String {
    let token = app.tokens.issue_as_of(user, issued_at);
    json.string("token", token.token.expose())
        .display("expiresAt", Timestamp::from_ms(token.expires_at))
        .finish()
}

fn describe(app: &App, user: &UserId, session: &Session) -> ObjectWriter {
    let current = session.current_conversation.as_deref();
    ObjectWriter::with_capacity(512)
        .display("userId", user)
        .plain("redisEnabled", app.is_enabled_for(user))
        .display("createdAt", session.created)
        .display("lastSeenAt", session.last_seen)
        .optional("currentConversationId", current)
}
