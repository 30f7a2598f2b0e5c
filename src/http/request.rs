//! Requests, as handlers want to read them.

use std::str::FromStr;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, HeaderMap, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderName, HeaderValue, Method};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::exchange::UserNote;
use super::{ApiError, Background};
use crate::identity::{Caller, Counted, TokenError, UserId};
use crate::model::{ConversationId, Invalid, MessageId, ShareId, limits, limits::PageSize};
use crate::rate::RateCell;
use crate::secret::Secret;
use crate::store::{Cursor, CursorKind, StoreError, SyncCursor};
use crate::{App, ErrorCode};

/// A request to one of our routes.
#[derive(Debug)]
pub struct ApiRequest {
    method: Method,
    segments: Vec<String>,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: vercel_runtime::Request,
    rate: RateCell,
    noted: UserNote,
    background: Background,
}

/// The most a query may hold: no parameter of ours is longer than a cursor.
const LONGEST_QUERY: usize = 4_096;

impl ApiRequest {
    pub(super) fn new(
        mut request: vercel_runtime::Request,
        noted: UserNote,
        rate: RateCell,
        background: Background,
    ) -> Self {
        // HEAD is GET; the body of its answer is dropped by the server.
        let method = match request.method() {
            &Method::HEAD => Method::GET,
            other => other.clone(),
        };
        let query = request.uri().query().unwrap_or_default();
        let query = query.get(..LONGEST_QUERY).unwrap_or(query);
        Self {
            method,
            segments: request
                .uri()
                .path()
                .split('/')
                .skip(1)
                .map(str::to_owned)
                .collect(),
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            headers: std::mem::take(request.headers_mut()),
            body: request,
            rate,
            noted,
            background,
        }
    }

    /// Takes what goes on after the response.
    pub fn background(&self) -> Background {
        self.background.clone()
    }

    /// The method; HEAD shows as GET.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Refuses methods other than these.
    ///
    /// # Errors
    /// 405 with `Allow`.
    pub fn allow(&self, methods: &[Method]) -> Result<(), ApiError> {
        if methods.contains(&self.method) {
            return Ok(());
        }
        let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
        if methods.contains(&Method::GET) {
            names.push("HEAD");
        }
        Err(ApiError::MethodNotAllowed(names.join(", ")))
    }

    /// Who is asking, by the bearer token.
    ///
    /// # Errors
    /// 401 without a valid token; 503 where storage is switched off for this user, or where only an auth
    /// provider that cannot be asked could tell.
    pub async fn user(&self, app: &App) -> Result<Caller, ApiError> {
        let user = self.known_user(app).await?;
        if !app.is_enabled_for(&user.user) {
            return Err(ApiError::StorageDisabled);
        }
        Ok(user)
    }

    /// Who is asking, be storage switched off or not.
    ///
    /// # Errors
    /// 401 without a valid token; 503 where the auth provider cannot be asked.
    pub async fn known_user(&self, app: &App) -> Result<Caller, ApiError> {
        self.identify(app)
            .await?
            .ok_or_else(ApiError::missing_token)
    }

    /// Who is asking; `None` for somebody without a token.
    ///
    /// # Errors
    /// 401 for a token that is not valid; 503 where the auth provider cannot be asked.
    pub async fn identify(&self, app: &App) -> Result<Option<Caller>, ApiError> {
        let Some(value) = self.headers.get(AUTHORIZATION) else {
            return Ok(None);
        };
        let token = bearer(value).ok_or(TokenError::Invalid)?;
        let verified = app.verify(token).await?;
        self.noted.set(app.tokens.pseudonym(verified.user.as_str()));
        Ok(Some(Caller {
            user: verified.user,
            issued_at: verified.issued_at,
            counted_as: Counted::User,
            rate: self.rate.clone(),
        }))
    }

    /// Refuses whoever does not send this very token.
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

    /// Where the log learns who asks, when that is known only after the body was read.
    pub fn user_note(&self) -> UserNote {
        self.noted.clone()
    }

    /// `user`, asking from the caller's address without a token: counted among that address's calls.
    pub fn stranger(&self, app: &App, user: UserId) -> Caller {
        Caller {
            user,
            issued_at: app.clock.now_ms(),
            counted_as: Counted::Address(app.tokens.pseudonym(self.address())),
            rate: self.rate.clone(),
        }
    }

    /// Whoever asks for a share, from the caller's address.
    pub fn reader(&self, app: &App) -> Caller {
        let mut caller = self.stranger(app, UserId::anonymous());
        caller.counted_as = Counted::Reader(app.tokens.pseudonym(self.address()));
        caller
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

    /// The conversation id of `/api/conversations/{id}/...`.
    ///
    /// # Errors
    /// `invalid_id`; `id_mismatch` where the query names another one.
    pub fn conversation_id(&self) -> Result<ConversationId, ApiError> {
        Ok(ConversationId::parse(self.path_parameter(2, "id")?, "id")?)
    }

    /// The message id of `/api/conversations/{id}/messages/{messageId}`.
    ///
    /// # Errors
    /// `invalid_id`; `id_mismatch` where the query names another one.
    pub fn message_id(&self) -> Result<MessageId, ApiError> {
        Ok(MessageId::parse(
            self.path_parameter(4, "messageId")?,
            "messageId",
        )?)
    }

    /// Vercel repeats path parameters in the query, but so may a client: only the path counts, and a
    /// query that says otherwise is an error rather than a choice.
    fn path_parameter(&self, segment: usize, name: &str) -> Result<&str, ApiError> {
        let value = self.segments.get(segment).ok_or(ApiError::NoRoute)?;
        if self
            .query
            .iter()
            .any(|(key, other)| key == name && other != value)
        {
            return Err(ApiError::Invalid(Invalid::new(
                ErrorCode::IdMismatch,
                format!("{name}: the query differs from the path"),
            )));
        }
        Ok(value)
    }

    /// A query parameter that is one of `values`.
    ///
    /// # Errors
    /// `invalid_query`.
    pub fn choice(
        &self,
        name: &str,
        values: &[&'static str],
    ) -> Result<Option<&'static str>, ApiError> {
        let Some(sent) = self.parameter(name) else {
            return Ok(None);
        };
        let found = values.iter().find(|value| **value == sent);
        found
            .map(|value| Some(*value))
            .ok_or_else(|| invalid_query(name, &format!("one of {}", values.join(", "))))
    }

    /// `?conversation=`.
    ///
    /// # Errors
    /// `invalid_id`.
    pub fn conversation_parameter(&self) -> Result<Option<ConversationId>, ApiError> {
        let id = self.parameter("conversation");
        Ok(id
            .map(|id| ConversationId::parse(id, "conversation"))
            .transpose()?)
    }

    /// `?id=` of a share.
    ///
    /// # Errors
    /// `share_not_found` for what cannot be the id of one.
    pub fn share_parameter(&self) -> Result<Option<ShareId>, ApiError> {
        let id = self.parameter("id");
        id.map(|id| ShareId::parse(id).ok_or(ApiError::Store(StoreError::NoShare)))
            .transpose()
    }

    /// `?cursor=` of a share: the number of a part.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub fn part(&self) -> Result<u32, ApiError> {
        let Some(cursor) = self.parameter("cursor") else {
            return Ok(0);
        };
        digits(cursor).ok_or_else(|| {
            let message = "cursor: not one that this share has given out";
            Invalid::new(ErrorCode::InvalidCursor, message).into()
        })
    }

    /// `?limit=`, within the bounds of `size`.
    ///
    /// # Errors
    /// `invalid_query`.
    pub fn limit(&self, size: PageSize) -> Result<usize, ApiError> {
        let Some(sent) = self.parameter("limit") else {
            return Ok(size.default);
        };
        digits(sent)
            .filter(|limit| (1..=size.most).contains(limit))
            .ok_or_else(|| {
                let expected = format!("a whole number from 1 to {}", size.most);
                invalid_query("limit", &expected)
            })
    }

    /// `?cursor=`.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub fn cursor(&self, kind: CursorKind) -> Result<Option<Cursor>, ApiError> {
        let cursor = self.parameter("cursor");
        Ok(cursor.map(|text| Cursor::decode(text, kind)).transpose()?)
    }

    /// How far the client of a sync has come: `Last-Event-ID`, as a stream that reconnects sends it, or
    /// `?cursor=`.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub fn sync_cursor(&self) -> Result<Option<SyncCursor>, ApiError> {
        let last_event = self.header(&HeaderName::from_static("last-event-id"));
        // The one that does not count has to be in order all the same.
        let cursor = self.parameter("cursor");
        let cursor = cursor.map(SyncCursor::decode).transpose()?;
        let last_event = last_event.map(SyncCursor::decode).transpose()?;
        Ok(last_event.or(cursor))
    }

    /// Whether the client wants a stream of events.
    pub fn wants_events(&self) -> bool {
        self.header(&ACCEPT)
            .is_some_and(|accept| accept.contains("text/event-stream"))
    }

    /// The revision that `If-Match` demands.
    ///
    /// # Errors
    /// `invalid_header` for anything but one revision in double quotes.
    pub fn if_match(&self) -> Result<Option<u64>, ApiError> {
        let Some(value) = self.headers.get(IF_MATCH) else {
            return Ok(None);
        };
        let revision = value.to_str().ok().and_then(parse_etag);
        revision.map(Some).ok_or_else(|| {
            ApiError::Invalid(Invalid::new(
                ErrorCode::InvalidHeader,
                "If-Match: expected one revision in double quotes, as in the ETag of an answer",
            ))
        })
    }

    /// The revision that `If-None-Match` says the client holds.
    pub fn if_none_match(&self) -> Option<u64> {
        let value = self.headers.get(IF_NONE_MATCH)?.to_str().ok()?;
        value.split(',').find_map(|etag| parse_etag(etag.trim()))
    }

    /// What the client calls this request, so that sending it again is recognised.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.header(&HeaderName::from_static("idempotency-key"))
    }

    /// A header as text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The whole body.
    ///
    /// # Errors
    /// 413 above [`limits::BODY`]; 400 where the connection breaks.
    pub async fn body(self) -> Result<Bytes, ApiError> {
        let body = Limited::new(self.body.into_body(), limits::BODY);
        match body.collect().await {
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(ApiError::BodyTooLarge),
            Err(_) => Err(ApiError::BodyIncomplete),
        }
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The token of `Bearer <token>`.
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then(|| token.trim())
}

/// `"5"`, or `W/"5"`, as a proxy that compresses makes of it.
fn parse_etag(etag: &str) -> Option<u64> {
    let etag = etag.strip_prefix("W/").unwrap_or(etag);
    digits(etag.strip_prefix('"')?.strip_suffix('"')?)
}

/// A number written in digits alone: the standard parser would take a plus before them.
fn digits<T: FromStr>(text: &str) -> Option<T> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

fn invalid_query(name: &str, expected: &str) -> ApiError {
    ApiError::Invalid(Invalid::new(
        ErrorCode::InvalidQuery,
        format!("{name}: expected {expected}"),
    ))
}
