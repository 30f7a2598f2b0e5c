//! Every response that a handler makes is built here; `bodies` writes the JSON in it.

use std::fmt;

use bytes::Bytes;
use futures_util::Stream;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderName, HeaderValue, LOCATION,
};
use http::{Response, StatusCode};
use vercel_runtime::ResponseBody;

use super::chunks::Chunks;
use super::compression::{WORTH_IT, gzip};
use super::{Background, bodies, events};
use crate::service::stream::ChangeStream;
use crate::store::{Outcome, Progress, Written};

/// The suffix of the entity tag of a compressed response, which stands for the same version and is strong.
pub(super) const GZIP_SUFFIX: &str = "-gzip";

/// The entity tag of the compressed form of a response with this one.
fn compressed_tag(etag: &str) -> String {
    format!("{}{GZIP_SUFFIX}\"", etag.trim_end_matches('"'))
}

/// A response under construction.
#[derive(Debug)]
pub struct ApiResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Payload,
}

/// What is sent behind the headers.
#[derive(Debug)]
enum Payload {
    /// All of it, known now.
    Whole(Bytes),
    /// Events, as they happen.
    Events(ResponseBody),
    /// Something that is sent while it is made.
    Chunks(Chunks),
}

impl ApiResponse {
    /// 200 with a JSON body.
    pub fn ok(json: String) -> Self {
        Self::json(StatusCode::OK, json)
    }

    /// 201 with a JSON body.
    pub fn created(json: String) -> Self {
        Self::json(StatusCode::CREATED, json)
    }

    /// Any status with a JSON body. No cache keeps a copy: it is a user's own.
    pub fn json(status: StatusCode, json: String) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
        Self {
            status,
            headers,
            body: Payload::Whole(json.into()),
        }
    }

    /// 200 where what may take more than one request is `done`; 202 where the time did not suffice, and the client asks again.
    pub fn progress(done: &str, progress: Progress) -> Self {
        match progress {
            Progress::Complete => Self::ok(bodies::complete(done)),
            Progress::Unfinished { remaining } => Self::unfinished(done, remaining),
        }
    }

    /// 202 where the time did not suffice: `done` is false, and the client asks again.
    pub fn unfinished(done: &str, remaining: u64) -> Self {
        Self::json(StatusCode::ACCEPTED, bodies::unfinished(done, remaining))
    }

    /// 200 with a text.
    pub fn text(media_type: &'static str, text: String) -> Self {
        Self::ok(text).with_header(CONTENT_TYPE, media_type)
    }

    /// 200 with server-sent events: the stream runs from here on, until it has ended or its client is gone.
    pub fn events(stream: ChangeStream, background: &Background) -> Self {
        let mut response = Self::empty(StatusCode::OK);
        if let Some(place) = stream.place() {
            response = response.with_header(HeaderName::from_static("stream-place"), place);
        }
        response.body = Payload::Events(events::body(stream, background));
        response
            .with_header(CONTENT_TYPE, "text/event-stream")
            .with_header(CACHE_CONTROL, "private, no-store, no-transform")
            // Proxies that gather a response before they pass it on would hold every event back.
            .with_header(HeaderName::from_static("x-accel-buffering"), "no")
    }

    /// 200 with a body that is sent while it is made. An error in it breaks the connection off.
    pub fn stream<S, E>(media_type: &'static str, chunks: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        let mut response = Self::ok(String::new()).with_header(CONTENT_TYPE, media_type);
        response.body = Payload::Chunks(Chunks::new(chunks));
        response
    }

    /// Lets a browser keep it as a file of this name.
    #[must_use]
    pub fn attached(self, name: &str) -> Self {
        self.with_header(
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        )
    }

    /// 304: the client's copy, which has this entity tag, is current.
    pub fn not_modified(etag: Option<&str>) -> Self {
        Self::empty(StatusCode::NOT_MODIFIED).revalidated(etag)
    }

    /// After a write to a conversation: 201 where what was written is new.
    pub fn written(written: &Written, json: String) -> Self {
        Self::after(written, written.outcome == Outcome::Created, json)
    }

    /// After an append to a conversation: 201 where anything was appended.
    pub fn appended(written: &Written, json: String) -> Self {
        Self::after(written, written.outcome != Outcome::Unchanged, json)
    }

    /// After a write, with the conversation's new entity tag.
    fn after(written: &Written, is_created: bool, json: String) -> Self {
        let status = match is_created {
            true => StatusCode::CREATED,
            false => StatusCode::OK,
        };
        Self::json(status, json).with_etag(written.summary.etag.as_deref())
    }

    /// 204: the methods that a route takes, as OPTIONS asks for them.
    pub(super) fn methods(names: &str) -> Self {
        Self::empty(StatusCode::NO_CONTENT).with_header(ALLOW, names)
    }

    /// 202 without a body: received.
    pub fn accepted() -> Self {
        Self::empty(StatusCode::ACCEPTED)
    }

    fn empty(status: StatusCode) -> Self {
        let mut response = Self::json(status, String::new());
        response.headers.remove(CONTENT_TYPE);
        response
    }

    /// Adds an `ETag`, given without quotes, where there is one.
    #[must_use]
    pub fn with_etag(self, etag: Option<&str>) -> Self {
        match etag {
            Some(etag) => self.with_header(ETAG, format!("\"{etag}\"")),
            None => self,
        }
    }

    /// Lets the client alone keep a copy, to be used after asking by its entity tag whether it is current.
    #[must_use]
    pub fn revalidated(self, etag: Option<&str>) -> Self {
        self.with_etag(etag)
            .with_header(CACHE_CONTROL, "private, no-cache")
    }

    /// Adds where the thing created is.
    #[must_use]
    pub fn with_location(self, path: impl fmt::Display) -> Self {
        self.with_header(LOCATION, path)
    }

    /// Sets a header. A value that no header can hold is left out.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: impl fmt::Display) -> Self {
        if let Ok(value) = HeaderValue::from_str(&value.to_string()) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Compresses JSON if that saves bytes. The result is the same content in other bytes, so it has its own `ETag`.
    pub(super) fn compress(&mut self) {
        let is_json = self
            .headers
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind == "application/json");
        let Payload::Whole(body) = &self.body else {
            return;
        };
        if !is_json || body.len() < WORTH_IT {
            return;
        }
        if let Some(packed) = gzip(body) {
            self.body = Payload::Whole(packed.into());
            self.headers
                .insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            self.mark_etag();
        }
    }

    /// A copy is confirmed under the very `ETag` it has: a cache may look for no other.
    pub(super) fn repeat_etag_of(&mut self, known: &str) {
        let etag = self.headers.get(ETAG).and_then(|etag| etag.to_str().ok());
        if self.status == StatusCode::NOT_MODIFIED
            && etag.is_some_and(|etag| known.contains(&compressed_tag(etag)))
        {
            self.mark_etag();
        }
    }

    fn mark_etag(&mut self) {
        let etag = self.headers.get(ETAG).and_then(|etag| etag.to_str().ok());
        let marked = etag.and_then(|etag| HeaderValue::from_str(&compressed_tag(etag)).ok());
        if let Some(marked) = marked {
            self.headers.insert(ETAG, marked);
        }
    }

    /// The status.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    pub(super) fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    /// The response itself; `broken_off` is called where it ends before its end.
    pub(super) fn into_http<F>(self, broken_off: F) -> Response<ResponseBody>
    where
        F: Fn(&str) + Send + 'static,
    {
        let body = match self.body {
            Payload::Whole(bytes) => ResponseBody::from(bytes),
            Payload::Events(events) => events,
            Payload::Chunks(chunks) => chunks.into_body(broken_off),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}
