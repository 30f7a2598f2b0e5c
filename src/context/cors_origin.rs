//! The origin of a cross-origin request, sorted into what responses depend on.

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN};
use http::{Method, Request};

/// The page that a request comes from, as far as its response depends on it.
#[derive(Debug, Default)]
pub struct CorsOrigin {
    /// The origin, where it is one of those configured.
    pub allowed: Option<HeaderValue>,
    /// Whether it is an origin that is not configured.
    pub is_unlisted: bool,
    /// Whether the browser asks what it may send.
    pub is_preflight: bool,
    /// Whether any origins are configured: then caches have to tell responses by origin.
    pub is_relevant: bool,
}

impl CorsOrigin {
    /// Reads it from a request; `allowed` are the origins configured.
    pub fn from_request<B>(request: &Request<B>, allowed: &[String]) -> Self {
        let headers: &HeaderMap = request.headers();
        let sent = headers.get(ORIGIN);
        let is_allowed = |origin: &&HeaderValue| allowed.iter().any(|known| *known == **origin);
        Self {
            allowed: sent.filter(is_allowed).cloned(),
            is_unlisted: sent.is_some_and(|origin| !is_allowed(&origin)),
            is_preflight: request.method() == Method::OPTIONS
                && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD),
            is_relevant: !allowed.is_empty(),
        }
    }
}
