//! Where a request comes in and its response goes out: what every request is noted by, and what every response carries.

use std::sync::Arc;
use std::time::Duration;

use http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, Response, StatusCode};
use uuid::Uuid;
use vercel_runtime::{Request, ResponseBody};

use super::compression::accepts_gzip;
use super::{ApiError, ApiResponse, Route, cors};
use crate::config::Config;
use crate::context::{CorsOrigin, Failure, RequestContext, RequestOutcome};
use crate::log::{Log, milliseconds};
use crate::metrics::{Metrics, Observation};
use crate::rate::RateStatus;
use crate::upstash::CircuitState;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Responses are data for scripts: nothing in them is to be loaded, run or framed.
const CONTENT_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Begins with a request to `route`; a deployment that is not configured has no `config`.
pub(super) fn begin(
    route: Route,
    request: &Request,
    config: Option<&Config>,
) -> Arc<RequestContext> {
    let origins = config.map_or(&[][..], |config| &config.allowed_origins);
    let origin = CorsOrigin::from_request(request, origins);
    let (id, method) = (request_id(request), request.method().clone());
    let mut context = RequestContext::new(id, method, route.pattern(), origin);
    context.accepts_gzip = accepts_gzip(request.headers());
    context.known_etags = request.headers().get(IF_NONE_MATCH).cloned();
    Arc::new(context)
}

/// Turns the result of a request into its response, logs and counts it.
pub(super) fn finish(
    context: &Arc<RequestContext>,
    result: Result<ApiResponse, ApiError>,
    circuit: Option<CircuitState>,
    log: &Log,
    metrics: Option<&Metrics>,
) -> Response<ResponseBody> {
    let (mut response, failure) = sort(context, result);
    if context.accepts_gzip {
        response.compress();
    }
    let known = context.known_etags.as_ref();
    if let Some(known) = known.and_then(|etags| etags.to_str().ok()) {
        response.repeat_etag_of(known);
    }
    let status = response.status();
    add_headers(context, status, response.headers_mut());
    let outcome = RequestOutcome {
        status: status.as_u16(),
        duration: context.elapsed(),
        circuit,
        failure,
    };
    log.request(context, &outcome);
    if let Some(metrics) = metrics {
        metrics.observe(&Observation::new(context, &outcome));
    }
    let (log, context) = (log.clone(), context.clone());
    response
        .with_header(SERVER_TIMING, server_timing(&context, outcome.duration))
        .into_http(move |error| log.broken_off(&context, error))
}

/// Splits a result into its response and, for an error, the data for log and metrics.
fn sort(
    context: &RequestContext,
    result: Result<ApiResponse, ApiError>,
) -> (ApiResponse, Option<Failure>) {
    match result {
        Ok(response) => (response, None),
        // The refusal lists the methods there are, which is what OPTIONS asks for.
        Err(ApiError::MethodNotAllowed(methods)) if context.method == Method::OPTIONS => {
            (ApiResponse::methods(&methods), None)
        }
        Err(error) => {
            let failure = Failure {
                code: error.code(),
                text: error.log_text(),
            };
            (error.into_response(&context.id), Some(failure))
        }
    }
}

/// Adds the headers that do not depend on the route.
fn add_headers(context: &RequestContext, status: StatusCode, headers: &mut HeaderMap) {
    let fixed = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    cors::add_headers(headers, &context.origin);
    if let Some(rate) = context.rate() {
        add_rate_limit(headers, &rate);
    }
    // Whether or not it was compressed, and also on a 304: another client's copy may be compressed.
    let by_encoding = headers.contains_key(CONTENT_TYPE) || status == StatusCode::NOT_MODIFIED;
    // A response to one user must not be reused for another in the same browser.
    headers.insert(
        VARY,
        HeaderValue::from_static(match (context.origin.is_relevant, by_encoding) {
            (true, true) => "Authorization, Origin, Accept-Encoding",
            (true, false) => "Authorization, Origin",
            (false, true) => "Authorization, Accept-Encoding",
            (false, false) => "Authorization",
        }),
    );
    if let Ok(id) = HeaderValue::from_str(&context.id) {
        headers.insert(REQUEST_ID, id);
    }
}

fn add_rate_limit(headers: &mut HeaderMap, status: &RateStatus) {
    let values = [
        ("ratelimit-limit", status.limit),
        ("ratelimit-remaining", status.remaining()),
        ("ratelimit-reset", status.reset_seconds()),
    ];
    for (name, value) in values {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
}

fn server_timing(context: &RequestContext, duration: Duration) -> String {
    let requests = context.usage.requests();
    let noun = if requests == 1 { "request" } else { "requests" };
    format!(
        "upstash;dur={};desc=\"{requests} {noun}\", total;dur={}",
        milliseconds(context.usage.waited()),
        milliseconds(duration)
    )
}

/// The client's own id of this request, if it may be logged, or a new one.
fn request_id(request: &Request) -> String {
    let is_fit = |id: &&str| {
        (1..=64).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let sent = request.headers().get(REQUEST_ID);
    sent.and_then(|id| id.to_str().ok())
        .filter(is_fit)
        .map_or_else(|| Uuid::new_v4().to_string(), str::to_owned)
}
