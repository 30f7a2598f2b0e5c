//! Requests, as handlers want to read them.

use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, HeaderMap, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderName, HeaderValue, Method};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::response::GZIP_SUFFIX;
use super::{ApiError, Background};
use crate::context::{Caller, RateLimitKey, RequestContext};
use crate::idempotency::IdempotencyKey;
use crate::identity::{TokenError, UserId};
use crate::model::{
    ConversationId, Invalid, MessageId, Preconditions, ShareId, TagList, limits, limits::PageSize,
};
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
    context: Arc<RequestContext>,
    background: Background,
    /// What the call is known by, once somebody asked.
    key: OnceLock<IdempotencyKey>,
}

/// The most a query may hold: no parameter of ours is longer than a cursor.
const LONGEST_QUERY: usize = 4_096;

impl ApiRequest {
    pub(super) fn new(
        mut request: vercel_runtime::Request,
        context: Arc<RequestContext>,
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
            context,
            background,
            key: OnceLock::new(),
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

    /// Who is asking; `None` for a caller without a token.
    ///
    /// # Errors
    /// 401 for a token that is not valid; 503 where the auth provider cannot be asked.
    pub async fn identify(&self, app: &App) -> Result<Option<Caller>, ApiError> {
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

    /// The request's context, which outlives the request itself.
    pub fn context(&self) -> Arc<RequestContext> {
        self.context.clone()
    }

    /// A new anonymous user, asking without a token: counted among the calls of the address.
    ///
    /// # Errors
    /// `invalid_header` for an `Idempotency-Key` that is none.
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
            rate_limit_key: RateLimitKey::Address(address.clone()),
            address,
            key: self.key(app.clock.now_ms())?,
            context: self.context.clone(),
        })
    }

    /// What this call is known by: the client's `Idempotency-Key`, or a name of the service's own.
    fn key(&self, now_ms: i64) -> Result<IdempotencyKey, ApiError> {
        if let Some(key) = self.key.get() {
            return Ok(key.clone());
        }
        let name = HeaderName::from_static("idempotency-key");
        // Reading again is nothing to be recognised.
        let sent = self.headers.get(name);
        let key = match sent.filter(|_| self.method != Method::GET) {
            None => IdempotencyKey::generate(now_ms),
            Some(value) => {
                let key = value.to_str().ok().filter(|key| is_key(key));
                let key = key.ok_or_else(|| {
                    invalid_header("Idempotency-Key", "1 to 255 visible characters")
                })?;
                IdempotencyKey::from_client(key, &self.head())
            }
        };
        Ok(self.key.get_or_init(|| key).clone())
    }

    /// Method, path and query: with the body, what one key names.
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

    /// What `If-Match` and `If-None-Match` demand.
    ///
    /// # Errors
    /// `invalid_header` for what is neither `*` nor a list of entity tags.
    pub fn preconditions(&self) -> Result<Preconditions, ApiError> {
        Ok(Preconditions {
            // Strong comparison: a weak tag matches nothing.
            if_match: self.tag_list(&IF_MATCH, "If-Match", false)?,
            if_none_match: self.tag_list(&IF_NONE_MATCH, "If-None-Match", true)?,
        })
    }

    /// The versions that `If-None-Match` of a GET says the client holds. What is no list of tags holds none.
    pub fn known_versions(&self) -> Option<TagList> {
        self.tag_list(&IF_NONE_MATCH, "If-None-Match", true)
            .ok()
            .flatten()
    }

    fn tag_list(
        &self,
        header: &HeaderName,
        name: &str,
        weak: bool,
    ) -> Result<Option<TagList>, ApiError> {
        let mut sent = self.headers.get_all(header).iter().peekable();
        if sent.peek().is_none() {
            return Ok(None);
        }
        let expected = "* or a list of entity tags in double quotes, as in the ETag of an answer";
        let mut tags = Vec::new();
        for value in sent {
            let text = value.to_str().map_err(|_| invalid_header(name, expected))?;
            match parse_tags(text, weak).ok_or_else(|| invalid_header(name, expected))? {
                TagList::Any => return Ok(Some(TagList::Any)),
                TagList::Tags(more) => tags.extend(more),
            }
        }
        Ok(Some(TagList::Tags(tags)))
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
            Ok(collected) => {
                let bytes = collected.to_bytes();
                if let Some(key) = self.key.get() {
                    key.note_body(&bytes);
                }
                Ok(bytes)
            }
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

/// Reads `*`, or a list of entity tags (RFC 9110, section 8.8.3). Of weak ones, which a proxy that compresses may have
/// made, `weak` says whether they count. The tag of a compressed answer stands for the same version.
fn parse_tags(text: &str, weak: bool) -> Option<TagList> {
    if text.trim() == "*" {
        return Some(TagList::Any);
    }
    let mut tags = Vec::new();
    let mut rest = text.trim_start_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        let (is_weak, quoted) = match rest.strip_prefix("W/") {
            Some(quoted) => (true, quoted),
            None => (false, rest),
        };
        let (tag, behind) = quoted.strip_prefix('"')?.split_once('"')?;
        if weak || !is_weak {
            tags.push(tag.strip_suffix(GZIP_SUFFIX).unwrap_or(tag).to_owned());
        }
        let behind = behind.trim_start_matches([' ', '\t']);
        if !behind.is_empty() && !behind.starts_with(',') {
            return None;
        }
        rest = behind.trim_start_matches([' ', '\t', ',']);
    }
    Some(TagList::Tags(tags))
}

/// Whether a header may stand for a key: visible characters, and not very many.
fn is_key(key: &str) -> bool {
    (1..=IdempotencyKey::LONGEST).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_graphic())
}

fn invalid_header(name: &str, expected: &str) -> ApiError {
    ApiError::Invalid(Invalid::new(
        ErrorCode::InvalidHeader,
        format!("{name}: expected {expected}"),
    ))
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tags(list: &[&str]) -> Option<TagList> {
        let list = list.iter().map(|tag| (*tag).to_owned());
        Some(TagList::Tags(list.collect()))
    }

    #[test]
    fn a_list_of_entity_tags_is_read_as_the_standard_has_it() {
        assert_eq!(parse_tags("*", false), Some(TagList::Any));
        assert_eq!(parse_tags(" * ", false), Some(TagList::Any));
        assert_eq!(parse_tags(r#""a""#, false), tags(&["a"]));
        assert_eq!(
            parse_tags(r#""a", "b,c" ,"d""#, false),
            tags(&["a", "b,c", "d"])
        );
        assert_eq!(parse_tags(r#", "a",,"#, false), tags(&["a"]));
        assert_eq!(parse_tags(r#"W/"a", "b""#, false), tags(&["b"]));
        assert_eq!(parse_tags(r#"W/"a", "b""#, true), tags(&["a", "b"]));
        assert_eq!(parse_tags(r#""a-gzip""#, false), tags(&["a"]));
        for wrong in [
            "a",
            r#""a"#,
            r#""a" "b""#,
            r#""a"b"#,
            r#"w/"a""#,
            r#"*, "a""#,
        ] {
            assert_eq!(parse_tags(wrong, true), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_sent_is_read_without_a_panic(text in ".*", weak: bool) {
            parse_tags(&text, weak);
        }
    }
}
