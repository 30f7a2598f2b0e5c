//! Who sent a request, by token or by address, and the name of the call.

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue, Method};

use super::{ApiError, ApiRequest};
use crate::context::{Caller, RateLimitKey};
use crate::idempotency::IdempotencyKey;
use crate::identity::{Scope, TokenError, UserId};
use crate::secret::Secret;
use crate::{App, ErrorCode};

impl ApiRequest {
    /// The caller, by the bearer token.
    ///
    /// # Errors
    /// 401 without a valid token; 503 where storage is switched off for this user, or where only an auth
    /// provider that cannot be asked could tell.
    pub async fn user(&self, app: &App) -> Result<Caller, ApiError> {
        self.enabled(app, self.known_user(app).await?)
    }

    /// The caller of a read, for which a read token is enough.
    ///
    /// # Errors
    /// As [`ApiRequest::user`].
    pub async fn read_only_user(&self, app: &App) -> Result<Caller, ApiError> {
        let caller = self.caller(app).await?;
        self.enabled(app, caller.ok_or_else(ApiError::missing_token)?)
    }

    fn enabled(&self, app: &App, user: Caller) -> Result<Caller, ApiError> {
        if !app.is_enabled_for(&user.user) {
            return Err(ApiError::Refused(ErrorCode::StorageDisabled));
        }
        Ok(user)
    }

    /// The caller, whether or not storage is switched on.
    ///
    /// # Errors
    /// 401 without a valid token; 503 where the auth provider cannot be asked.
    pub async fn known_user(&self, app: &App) -> Result<Caller, ApiError> {
        self.identify(app)
            .await?
            .ok_or_else(ApiError::missing_token)
    }

    /// The caller; `None` without a token.
    ///
    /// # Errors
    /// 401 for a token that is not valid; 403 for one that only reads; 503 where the auth provider cannot be asked.
    pub async fn identify(&self, app: &App) -> Result<Option<Caller>, ApiError> {
        match self.caller(app).await? {
            Some(caller) if caller.scope != Scope::All => {
                Err(ApiError::Refused(ErrorCode::ReadToken))
            }
            caller => Ok(caller),
        }
    }

    async fn caller(&self, app: &App) -> Result<Option<Caller>, ApiError> {
        let Some(value) = self.headers.get(AUTHORIZATION) else {
            return Ok(None);
        };
        let token = bearer(value).ok_or(TokenError::Invalid)?;
        let verified = app.verify(token).await?;
        let pseudonym = app.tokens.pseudonym(verified.user.as_str());
        self.context.note_user(pseudonym);
        Ok(Some(Caller {
            user: verified.user,
            issued_at: verified.issued_at,
            scope: verified.scope,
            rate_limit_key: RateLimitKey::User,
            ..self.caller_without_token(app, UserId::anonymous())?
        }))
    }

    /// Refuses a caller who does not send this very token.
    ///
    /// # Errors
    /// 401.
    pub fn require_token(&self, token: &Secret) -> Result<(), ApiError> {
        let sent = self.headers.get(AUTHORIZATION);
        let sent = sent.ok_or_else(ApiError::missing_token)?;
        bearer(sent)
            .filter(|sent| token.is(sent))
            .map(|_| ())
            .ok_or_else(|| TokenError::Invalid.into())
    }

    /// A new anonymous user, without a token: its calls count towards the address.
    ///
    /// # Errors
    /// `invalid_header` for an invalid `Idempotency-Key`.
    pub fn anonymous_caller(&self, app: &App) -> Result<Caller, ApiError> {
        self.caller_without_token(app, UserId::anonymous())
    }

    /// A caller who asks for a share.
    ///
    /// # Errors
    /// As [`ApiRequest::anonymous_caller`].
    pub fn reader(&self, app: &App) -> Result<Caller, ApiError> {
        let caller = self.anonymous_caller(app)?;
        Ok(Caller {
            rate_limit_key: RateLimitKey::Reader(caller.address.clone()),
            ..caller
        })
    }

    fn caller_without_token(&self, app: &App, user: UserId) -> Result<Caller, ApiError> {
        let address = app.tokens.pseudonym(self.address());
        Ok(Caller {
            user,
            issued_at: app.clock.now_ms(),
            scope: Scope::All,
            rate_limit_key: RateLimitKey::Address(address.clone()),
            address,
            key: self.key(app.clock.now_ms())?,
            context: self.context.clone(),
        })
    }

    /// The name of this call: the client's `Idempotency-Key`, or one of the service.
    fn key(&self, now_ms: i64) -> Result<IdempotencyKey, ApiError> {
        if let Some(key) = self.key.get() {
            return Ok(key.clone());
        }
        let name = HeaderName::from_static("idempotency-key");
        // Repeated reads need not be recognised.
        let sent = self.headers.get(name);
        let key = match sent.filter(|_| self.method != Method::GET) {
            None => IdempotencyKey::generate(now_ms),
            Some(value) => {
                let key = value.to_str().ok().filter(|key| is_key(key));
                let key = key.ok_or_else(|| {
                    ApiError::invalid_header("Idempotency-Key", "1 to 255 visible characters")
                })?;
                IdempotencyKey::from_client(key, &self.head())
            }
        };
        Ok(self.key.get_or_init(|| key).clone())
    }

    /// Method, path and query, which together with the body identify the request of a key.
    fn head(&self) -> String {
        let query = self
            .query
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let query: Vec<String> = query.collect();
        format!(
            "{} /{}?{}",
            self.method,
            self.segments.join("/"),
            query.join("&")
        )
    }

    /// The client's address. Vercel sets these headers itself, whatever the client sent.
    fn address(&self) -> &str {
        let named = ["x-real-ip", "x-forwarded-for"]
            .into_iter()
            .find_map(|name| self.header(&HeaderName::from_static(name)));
        named
            .and_then(|list| list.split(',').next())
            .unwrap_or("")
            .trim()
    }
}

/// The token of `Bearer <token>`.
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then(|| token.trim())
}

/// Whether a header may stand for a key: visible characters, and not very many.
fn is_key(key: &str) -> bool {
    (1..=IdempotencyKey::LONGEST).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_graphic())
}
