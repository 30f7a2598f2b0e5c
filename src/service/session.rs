//! A user's identity, devices and tokens.

use super::{BUDGET, ServiceError};
use crate::context::{Caller, RateLimitKey};
use crate::identity::{Scope, Token, UserId};
use crate::model::{Invalid, Timestamp};
use crate::secret::Secret;
use crate::store::{CODE_TTL, Claim, Redeemed, Session};
use crate::{App, ErrorCode};

/// A user and the user's session.
#[derive(Debug)]
pub struct UserSession {
    /// The user.
    pub user: UserId,
    /// Whether storage is switched on for the user.
    pub is_enabled: bool,
    /// The session.
    pub session: Session,
    /// A fresh token, where one was issued.
    pub token: Option<Token>,
}

/// A code by which another device becomes the same user.
#[derive(Debug)]
pub struct DeviceCode {
    /// What is typed on the other device.
    pub code: String,
    /// Until when it can be redeemed.
    pub expires_at: Timestamp,
}

/// A device that has become the user whose code it sent.
#[derive(Debug)]
pub struct LinkedDevice {
    /// That user.
    pub user: UserId,
    /// The device's own token.
    pub token: Token,
}

/// A token that only reads, as only this one response shows it.
#[derive(Debug)]
pub struct NewReadToken {
    /// The token.
    pub token: Secret,
    /// When it was made.
    pub created: Timestamp,
}

/// The session of `caller`, with a fresh token; but none for the user of an auth provider: a token of this service
/// would outlive a logout or a ban there.
///
/// # Errors
/// When the database fails.
pub async fn begin(app: &App, caller: &Caller) -> Result<UserSession, ServiceError> {
    let store = app.store.for_user(caller);
    let session = match caller.rate_limit_key {
        RateLimitKey::User => store.read_session().await?,
        RateLimitKey::Address(_) | RateLimitKey::Reader(_) => store.begin_session().await?,
    };
    let is_ours = !caller.user.is_of_provider();
    // No older than the one that was accepted, which a clock that is ahead may have issued.
    let issued = app.clock.now_ms().max(caller.issued_at);
    let token = is_ours.then(|| app.tokens.issue_as_of(&caller.user, issued));
    Ok(session_of(app, &caller.user, session, token))
}

/// A token that only reads, for an agent, in the place of the one before. A repeat of the call shows the same one.
///
/// # Errors
/// When the database fails.
pub async fn create_read_token(app: &App, caller: &Caller) -> Result<NewReadToken, ServiceError> {
    let created = app.store.for_user(caller).create_read_token().await?;
    Ok(NewReadToken {
        token: app.tokens.read_token(&caller.user, created),
        created: Timestamp::from_ms(created),
    })
}

/// Revokes that token, if there is one.
///
/// # Errors
/// When the database fails.
pub async fn revoke_read_token(app: &App, caller: &Caller) -> Result<(), ServiceError> {
    Ok(app.store.for_user(caller).revoke_read_token().await?)
}

/// The session of `caller`.
///
/// # Errors
/// When the database fails.
pub async fn read(app: &App, caller: &Caller) -> Result<UserSession, ServiceError> {
    let session = app.store.for_user(caller).read_session().await?;
    Ok(session_of(app, &caller.user, session, None))
}

/// A code by which another device becomes this user, once, within 10 minutes. A repeat of the call shows the same one.
///
/// # Errors
/// `UseProvider`; `NoSecret`; or the database failed.
pub async fn link(app: &App, caller: &Caller) -> Result<DeviceCode, ServiceError> {
    refuse_provider(caller)?;
    let mut attempt = 0;
    // In the user's database: the code is all that the redeeming device knows.
    let (code, pseudonym) = app.store.generate_colocated(&caller.user, || {
        attempt += 1;
        let code = app
            .tokens
            .device_code(&caller.user, caller.key.name(), attempt);
        let pseudonym = app.tokens.pseudonym(&code);
        Ok::<_, ServiceError>(((code, pseudonym.clone()), pseudonym))
    })?;
    let store = app.store.for_user(caller);
    // Two equal codes among a trillion do not justify a loop: the next call gets another.
    if !store.keep_code(&pseudonym).await? {
        return Err(ServiceError::NoSecret);
    }
    let ttl = i64::try_from(CODE_TTL.as_millis()).unwrap_or_default();
    let expires_at = Timestamp::from_ms(app.clock.now_ms() + ttl);
    Ok(DeviceCode { code, expires_at })
}

/// Makes the caller the user of `code`.
///
/// # Errors
/// `WrongCode`; `TooManyCodes`; or the database failed.
pub async fn redeem(app: &App, code: &str, caller: &Caller) -> Result<LinkedDevice, ServiceError> {
    let code = app.tokens.pseudonym(code);
    let Redeemed { user, since } = app.store.for_user(caller).redeem_code(&code).await?;
    // As old as the code: a sign-out everywhere after the code was made voids this token too.
    let token = app.tokens.issue_as_of(&user, since);
    Ok(LinkedDevice { user, token })
}

/// Voids every token issued before now, and issues a new one.
///
/// # Errors
/// `UseProvider`; or the database failed.
pub async fn sign_out_everywhere(app: &App, caller: &Caller) -> Result<Token, ServiceError> {
    refuse_provider(caller)?;
    let store = app.store.for_user(caller);
    let at = store.sign_out_everywhere(app.config.token_ttl).await?;
    // As old as the sign-out, so that a later one voids the token that a repeat of this one gets.
    Ok(app.tokens.issue_as_of(&caller.user, at))
}

/// Moves what an anonymous user has into the account of `caller`, once and for all: the token, and every
/// other of that user, is void from then on.
///
/// # Errors
/// `WrongToken`; `AlreadyClaimed` by another account; a quota; `StorageDisabled`; or the database failed.
pub async fn claim(app: &App, caller: &Caller, token: &Secret) -> Result<Claim, ServiceError> {
    if !app.is_enabled_for(&caller.user) {
        return Err(ServiceError::Refused(ErrorCode::StorageDisabled));
    }
    let verified = app.tokens.verify(token.expose());
    let source = verified.map_err(|_| ServiceError::Refused(ErrorCode::WrongToken))?;
    if source.scope != Scope::All {
        return Err(ServiceError::Refused(ErrorCode::WrongToken));
    }
    if source.user == caller.user {
        return Err(Invalid::field("body.token", "the token of another user").into());
    }
    let store = app.store.for_user(caller);
    Ok(store.claim(&source, app.config.token_ttl, BUDGET).await?)
}

/// Users of an auth provider sign in and out there.
pub(super) fn refuse_provider(caller: &Caller) -> Result<(), ServiceError> {
    match caller.user.is_of_provider() {
        true => Err(ServiceError::Refused(ErrorCode::UseProvider)),
        false => Ok(()),
    }
}

fn session_of(app: &App, user: &UserId, session: Session, token: Option<Token>) -> UserSession {
    UserSession {
        user: user.clone(),
        is_enabled: app.is_enabled_for(user),
        session,
        token,
    }
}
