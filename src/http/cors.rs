//! Cross-origin responses: how browsers are told whose pages may read them (CORS).

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, HeaderMap, HeaderName,
    HeaderValue,
};

use crate::context::CorsOrigin;

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What pages may send.
const REQUEST_HEADERS: &str = "authorization, content-type, if-match, if-none-match, \
                               idempotency-key, last-event-id, x-request-id, \
                               mcp-protocol-version, mcp-method, mcp-name";

/// Response headers that pages may read, besides those that are always readable.
const EXPOSED: &str = "ETag, Location, Retry-After, RateLimit-Limit, RateLimit-Remaining, \
                       RateLimit-Reset, Server-Timing, Stream-Place, X-Request-Id";

/// Adds the CORS headers. An origin that is not listed gets none, and its browser withholds the response from the
/// page.
///
/// Tokens travel in a header that the page itself sets, never in cookies: no credentials are allowed.
pub(super) fn add_headers(headers: &mut HeaderMap, origin: &CorsOrigin) {
    let Some(allowed) = &origin.allowed else {
        headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
        return;
    };
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed.clone());
    if !origin.is_preflight {
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
