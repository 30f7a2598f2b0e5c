//! Cross-origin requests: whose pages may ask, and how browsers are told (CORS).

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ALLOW,
    HeaderMap, HeaderName, HeaderValue, ORIGIN,
};
use http::{Method, Request};

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What pages may send.
const REQUEST_HEADERS: &str = "authorization, content-type, if-match, if-none-match, \
                               idempotency-key, last-event-id, x-request-id";

/// What pages may read of an answer, beside what they always may.
const EXPOSED: &str = "ETag, Location, Retry-After, RateLimit, RateLimit-Policy, RateLimit-Limit, \
                       RateLimit-Remaining, RateLimit-Reset, Server-Timing, X-Request-Id";

/// Where a request comes from, as far as its answer depends on it.
#[derive(Debug)]
pub(super) struct Origin {
    /// The origin, where it is one of those configured.
    allowed: Option<HeaderValue>,
    is_preflight: bool,
    /// Whether there are any: if so, an answer to one origin is not one to another.
    matters: bool,
}

impl Origin {
    pub(super) fn of<B>(request: &Request<B>, allowed: &[String]) -> Self {
        let headers = request.headers();
        let sent = headers.get(ORIGIN);
        let is_allowed = |origin: &&HeaderValue| allowed.iter().any(|known| *known == **origin);
        Self {
            allowed: sent.filter(is_allowed).cloned(),
            is_preflight: request.method() == Method::OPTIONS
                && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD),
            matters: !allowed.is_empty(),
        }
    }

    /// Whether caches have to tell answers by origin.
    pub(super) fn matters(&self) -> bool {
        self.matters
    }

    /// Adds what the browser wants to know. An origin that is not listed learns nothing, and its browser
    /// keeps the answer from the page.
    ///
    /// Tokens travel in a header that the page itself sets, never in cookies: no credentials are allowed.
    pub(super) fn describe(&self, headers: &mut HeaderMap) {
        let Some(origin) = &self.allowed else {
            headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
            return;
        };
        headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if !self.is_preflight {
            let exposed = HeaderValue::from_static(EXPOSED);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
            return;
        }
        if let Some(methods) = headers.get(ALLOW).cloned() {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        }
        let accepted = HeaderValue::from_static(REQUEST_HEADERS);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, accepted);
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    }
}
