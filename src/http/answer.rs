//! Answers: every response that a handler makes is built here.

use std::fmt;

use bytes::Bytes;
use futures_util::Stream;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    LOCATION, X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};
use vercel_runtime::ResponseBody;

use super::stream;

/// An answer under construction.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: ResponseBody,
}

impl Answer {
    /// 200 with a JSON body.
    pub fn ok(json: String) -> Self {
        Self::json(StatusCode::OK, json)
    }

    /// 201 with a JSON body.
    pub fn created(json: String) -> Self {
        Self::json(StatusCode::CREATED, json)
    }

    /// Any status with a JSON body. Nobody keeps a copy: it is a user's own.
    pub fn json(status: StatusCode, json: String) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
        Self {
            status,
            headers,
            body: ResponseBody::from(json),
        }
    }

    /// 200 with a body that is sent while it is made. An error in it breaks the connection off.
    pub fn stream<S, E>(media_type: &'static str, chunks: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        let mut answer = Self::ok(String::new()).with_header(CONTENT_TYPE, media_type);
        answer.body = stream::body(chunks);
        answer
    }

    /// Lets a browser keep it as a file of this name.
    #[must_use]
    pub fn attached(self, name: &str) -> Self {
        self.with_header(
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        )
    }

    /// 304: the client's copy is current.
    pub fn not_modified() -> Self {
        let mut answer = Self::json(StatusCode::NOT_MODIFIED, String::new());
        answer.headers.remove(CONTENT_TYPE);
        answer
    }

    /// Adds the `ETag` of a conversation: its revision.
    #[must_use]
    pub fn with_revision(self, revision: u64) -> Self {
        self.with_header(ETAG, format!("\"{revision}\""))
    }

    /// Lets the client, and nobody else, keep a copy, to be used after asking whether it is current.
    #[must_use]
    pub fn revalidated(self) -> Self {
        self.with_header(CACHE_CONTROL, "private, no-cache")
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

    /// The response itself.
    pub(super) fn into_response(self) -> Response<ResponseBody> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}
