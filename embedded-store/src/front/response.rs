//! The HTTP responses of the front, all built here.

use std::convert::Infallible;

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{Either, Full};
use hyper::body::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

use super::json::write_error;

/// The header that carries the sync token.
const SYNC_TOKEN: HeaderName = HeaderName::from_static("upstash-sync-token");

/// A body: whole, or a stream of events.
pub type Body = Either<Full<Bytes>, UnsyncBoxBody<Bytes, Infallible>>;

/// A JSON response.
pub fn json(status: StatusCode, body: Vec<u8>) -> Response<Body> {
    whole(status, HeaderValue::from_static("application/json"), body)
}

/// `{"error":"..."}`.
pub fn error(status: StatusCode, text: &str) -> Response<Body> {
    let mut body = Vec::with_capacity(text.len() + 16);
    write_error(&mut body, text);
    json(status, body)
}

/// 401 for a missing or wrong token.
pub fn unauthorized() -> Response<Body> {
    error(
        StatusCode::UNAUTHORIZED,
        "WRONGPASS invalid or missing auth token. See \
         https://upstash.com/docs/redis/troubleshooting/http_unauthorized for details.",
    )
}

/// 405 with the methods that are allowed.
pub fn method_not_allowed() -> Response<Body> {
    let mut response = error(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    let allowed = HeaderValue::from_static("HEAD, GET, POST, PUT");
    response.headers_mut().insert(ALLOW, allowed);
    response
}

/// 413 for a request of `actual` bytes, if that is known.
pub fn too_large(limit: u64, actual: Option<u64>) -> Response<Body> {
    let actual = actual.map_or_else(String::new, |bytes| format!(", Actual: {bytes} bytes"));
    let text = format!(
        "ERR max request size exceeded. Limit: {limit} bytes{actual}. See \
         https://upstash.com/docs/redis/troubleshooting/max_request_size_exceeded for details"
    );
    error(StatusCode::PAYLOAD_TOO_LARGE, &text)
}

/// 503 when the store sent no reply. The cause is not disclosed.
pub fn unavailable() -> Response<Body> {
    error(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
}

/// A short plain-text response, as a gateway in front of the store would send.
pub fn gateway_error(code: u16, retry_after_secs: Option<u64>) -> Response<Body> {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let text = status.canonical_reason().unwrap_or("Error");
    let plain = HeaderValue::from_static("text/plain");
    let mut response = whole(status, plain, text.as_bytes().to_vec());
    if let Some(seconds) = retry_after_secs {
        let headers = response.headers_mut();
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// 200 with a body that claims to be JSON and is cut off in the middle.
pub fn garbage() -> Response<Body> {
    json(StatusCode::OK, b"{\"result\":\"gar\xff\x00".to_vec())
}

/// 200 with a stream of events.
pub fn events(stream: UnsyncBoxBody<Bytes, Infallible>) -> Response<Body> {
    let mut response = Response::new(Either::Right(stream));
    let headers = response.headers_mut();
    let event_stream = HeaderValue::from_static("text/event-stream");
    headers.insert(CONTENT_TYPE, event_stream);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Adds the sync token, which grows with the number of writes.
pub fn set_sync_token(response: &mut Response<Body>, writes: u64) {
    // Fixed width, so that it grows as text too.
    let token = Bytes::from(format!("{writes:016x}"));
    if let Ok(value) = HeaderValue::from_maybe_shared(token) {
        response.headers_mut().insert(SYNC_TOKEN, value);
    }
}

fn whole(status: StatusCode, content_type: HeaderValue, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::new(Bytes::from(body))));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
