//! Requests, in the form that handlers need.

use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::header::{ACCEPT, HeaderMap, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderName, Method};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::entity_tags::parse_tags;
use super::{ApiError, Background};
use crate::ErrorCode;
use crate::context::RequestContext;
use crate::idempotency::IdempotencyKey;
use crate::model::{
    ConversationId, Invalid, MessageId, Preconditions, ShareId, TagList, Timestamp, limits,
    limits::PageSize,
};
use crate::store::{Cursor, CursorKind, SyncCursor, TakenPlace};

/// A request to one of the routes.
#[derive(Debug)]
pub struct ApiRequest {
    pub(super) method: Method,
    pub(super) segments: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    body: vercel_runtime::Request,
    pub(super) context: Arc<RequestContext>,
    background: Background,
    /// The name of the call, once it was requested.
    pub(super) key: OnceLock<IdempotencyKey>,
}

/// The most a query may hold: no parameter of the API is longer than a cursor.
const LONGEST_QUERY: usize = 4_096;

impl ApiRequest {
    pub(super) fn new(
        mut request: vercel_runtime::Request,
        context: Arc<RequestContext>,
        background: Background,
    ) -> Self {
        // HEAD is GET; the server drops the body of its response.
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

    /// The request's context, which outlives the request itself.
    pub fn context(&self) -> Arc<RequestContext> {
        self.context.clone()
    }

    /// The method; HEAD shows as GET.
    pub fn method(&self) -> &Method {
        &self.method
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
        let value = self
            .segments
            .get(segment)
            .ok_or(ApiError::Refused(ErrorCode::NoRoute))?;
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
            .ok_or_else(|| ApiError::invalid_query(name, &format!("one of {}", values.join(", "))))
    }

    /// Whether a parameter says `true`.
    ///
    /// # Errors
    /// `invalid_query` for anything but `true` and `false`.
    pub fn flag(&self, name: &str) -> Result<bool, ApiError> {
        Ok(self.choice(name, &["true", "false"])? == Some("true"))
    }

    /// A time, as timestamps are sent: ISO 8601, or ms.
    ///
    /// # Errors
    /// `invalid_query`.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        let parse = |sent: &str| {
            let expected = "an ISO 8601 date and time with its zone, or epoch milliseconds";
            Timestamp::from_query(sent).ok_or_else(|| ApiError::invalid_query(name, expected))
        };
        self.parameter(name).map(parse).transpose()
    }

    /// The name of the file that is sent: `?name=`, at most 255 characters.
    ///
    /// # Errors
    /// `invalid_query`.
    pub fn file_name(&self) -> Result<Option<String>, ApiError> {
        const LONGEST: usize = 255;
        let name = self.parameter("name").map(str::to_owned);
        if name
            .as_ref()
            .is_some_and(|name| name.chars().count() > LONGEST)
        {
            return Err(ApiError::invalid_query("name", "at most 255 characters"));
        }
        Ok(name)
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
        id.map(|id| ShareId::parse(id).ok_or(ApiError::Refused(ErrorCode::ShareNotFound)))
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
                ApiError::invalid_query("limit", &expected)
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
        // The one that is not used has to be valid all the same.
        let cursor = self.parameter("cursor");
        let cursor = cursor.map(SyncCursor::decode).transpose()?;
        let last_event = last_event.map(SyncCursor::decode).transpose()?;
        Ok(last_event.or(cursor))
    }

    /// `?place=`: of the client's last stream.
    ///
    /// # Errors
    /// `invalid_query` for what no stream has given out.
    pub fn stream_place(&self) -> Result<Option<TakenPlace>, ApiError> {
        let Some(sent) = self.parameter("place") else {
            return Ok(None);
        };
        let place = TakenPlace::decode(sent);
        place
            .map(Some)
            .ok_or_else(|| ApiError::invalid_query("place", "what a stream has given out"))
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

    /// The versions that the client holds according to `If-None-Match` of a GET; none for an invalid header.
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
        let expected = "* or a list of entity tags in double quotes, as in the ETag of a response";
        let mut tags = Vec::new();
        for value in sent {
            let text = value
                .to_str()
                .map_err(|_| ApiError::invalid_header(name, expected))?;
            match parse_tags(text, weak).ok_or_else(|| ApiError::invalid_header(name, expected))? {
                TagList::Any => return Ok(Some(TagList::Any)),
                TagList::Tags(more) => tags.extend(more),
            }
        }
        Ok(Some(TagList::Tags(tags)))
    }

    /// The client's name for this request, by which a repeat is recognised.
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
            Err(_) => Err(ApiError::Refused(ErrorCode::BodyIncomplete)),
        }
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A number written in digits alone: the standard parser would take a plus before them.
pub(super) fn digits<T: FromStr>(text: &str) -> Option<T> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}
