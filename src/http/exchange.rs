//! One request and its answer: what every answer carries, and the line that the log gets.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, Response, StatusCode};
use serde::Serialize;
use uuid::Uuid;
use vercel_runtime::{Request, ResponseBody};

use super::compression::accepts_gzip;
use super::origin::Origin;
use super::route::route_of;
use super::{Answer, ApiError};
use crate::ErrorCode;
use crate::config::Config;
use crate::log::Log;
use crate::metrics::{Metrics, Observation};
use crate::rate::{RateCell, RateStatus};
use crate::upstash::{CircuitState, Usage};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Answers are data for scripts: nothing in them is to be loaded, run or framed.
const CONTENT_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// What is noted of a request while it is answered.
#[derive(Debug)]
pub(super) struct Exchange {
    id: String,
    method: Method,
    route: &'static str,
    started: Instant,
    origin: Origin,
    takes_gzip: bool,
    /// `If-None-Match`, as sent.
    known_etags: Option<HeaderValue>,
    /// What it costs at Upstash.
    pub(super) usage: Arc<Usage>,
    /// Who asks.
    pub(super) user: UserNote,
    /// Where he stands in the rate limit's window, once the store has said.
    pub(super) rate: RateCell,
}

/// What the log is told of the user, once a handler has established who it is.
#[derive(Clone, Debug, Default)]
pub struct UserNote(Arc<OnceLock<String>>);

impl UserNote {
    /// Notes the user's pseudonym: keyed, because otherwise whoever knows an id could find its lines.
    pub fn set(&self, pseudonym: String) {
        // The first note holds: a request has one user.
        let _ = self.0.set(pseudonym);
    }
}

/// A line of the log. No text, token, id or query of anybody's has a place in it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    request_id: &'a str,
    route: &'static str,
    method: &'a str,
    status: u16,
    duration_ms: f64,
    upstash_requests: u32,
    upstash_ms: f64,
    /// Billed, as far as answers told.
    commands: u32,
    retries: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    circuit: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_hash: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
    /// What a failure of ours was, in our own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// The line of an answer that ended before its end.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BrokenOff<'a> {
    request_id: &'a str,
    route: &'static str,
    error_code: &'static str,
    error: &'a str,
}

/// What went wrong, for the log.
struct Failure {
    code: ErrorCode,
    text: Option<String>,
}

impl Exchange {
    /// Begins with a request; a deployment that is not configured has no `config`.
    pub(super) fn begin(request: &Request, config: Option<&Config>) -> Self {
        let origins = config.map_or(&[][..], |config| &config.allowed_origins);
        Self {
            id: request_id(request),
            method: request.method().clone(),
            route: route_of(request.uri().path()),
            started: Instant::now(),
            origin: Origin::of(request, origins),
            takes_gzip: accepts_gzip(request.headers()),
            known_etags: request.headers().get(IF_NONE_MATCH).cloned(),
            usage: Arc::default(),
            user: UserNote::default(),
            rate: RateCell::default(),
        }
    }

    /// Makes the response of what came of it, and logs it.
    pub(super) fn finish(
        self,
        result: Result<Answer, ApiError>,
        circuit: Option<CircuitState>,
        log: &Log,
        metrics: Option<&Metrics>,
    ) -> Response<ResponseBody> {
        let (mut answer, failure) = self.answer(result);
        if self.takes_gzip {
            answer.compress();
        }
        if let Some(known) = self
            .known_etags
            .as_ref()
            .and_then(|etags| etags.to_str().ok())
        {
            answer.repeat_etag_of(known);
        }
        let status = answer.status();
        self.describe(status, answer.headers_mut());
        let took = self.started.elapsed();
        let timing = self.server_timing(took);
        log.write(&self.line(status, took, circuit, failure.as_ref()));
        if let Some(metrics) = metrics {
            metrics.observe(&self.observation(status, took, failure.as_ref()));
        }
        let answer = answer.with_header(SERVER_TIMING, timing);
        answer.into_response(self.broken_off(log.clone()))
    }

    /// Sorts a result into its answer and, where it is none that was wanted, what the log says of it.
    fn answer(&self, result: Result<Answer, ApiError>) -> (Answer, Option<Failure>) {
        match result {
            Ok(answer) => (answer, None),
            // The refusal lists the methods there are, which is what OPTIONS asks for.
            Err(ApiError::MethodNotAllowed(methods)) if self.method == Method::OPTIONS => {
                (Answer::methods(&methods), None)
            }
            Err(error) => {
                let failure = Failure {
                    code: error.code(),
                    text: error.log_text(),
                };
                (error.into_answer(&self.id), Some(failure))
            }
        }
    }

    /// Adds what does not depend on the route.
    fn describe(&self, status: StatusCode, headers: &mut HeaderMap) {
        let fixed = [
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "no-referrer"),
            (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
        ];
        for (name, value) in fixed {
            headers.insert(name, HeaderValue::from_static(value));
        }
        self.origin.describe(headers);
        if let Some(rate) = self.rate.get() {
            describe_rate(headers, &rate);
        }
        // Whether it was compressed or not, and for a copy that is confirmed too: another client's may be.
        let by_encoding = headers.contains_key(CONTENT_TYPE) || status == StatusCode::NOT_MODIFIED;
        // What one user is answered is no answer to another, though they share a browser.
        headers.insert(
            VARY,
            HeaderValue::from_static(match (self.origin.matters(), by_encoding) {
                (true, true) => "Authorization, Origin, Accept-Encoding",
                (true, false) => "Authorization, Origin",
                (false, true) => "Authorization, Accept-Encoding",
                (false, false) => "Authorization",
            }),
        );
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            headers.insert(REQUEST_ID, id);
        }
    }

    fn server_timing(&self, took: Duration) -> String {
        let requests = self.usage.requests();
        let noun = if requests == 1 { "request" } else { "requests" };
        format!(
            "upstash;dur={};desc=\"{requests} {noun}\", total;dur={}",
            milliseconds(self.usage.waited()),
            milliseconds(took)
        )
    }

    fn line(
        &self,
        status: StatusCode,
        took: Duration,
        circuit: Option<CircuitState>,
        failure: Option<&Failure>,
    ) -> String {
        let line = Line {
            request_id: &self.id,
            route: self.route,
            method: method_name(&self.method),
            status: status.as_u16(),
            duration_ms: milliseconds(took),
            upstash_requests: self.usage.requests(),
            upstash_ms: milliseconds(self.usage.waited()),
            commands: self.usage.commands(),
            retries: self.usage.retries(),
            circuit: circuit.map(CircuitState::as_str),
            user_hash: self.user.0.get().map(String::as_str),
            error_code: failure.map(|failure| failure.code.as_str()),
            error: failure.and_then(|failure| failure.text.as_deref()),
        };
        serde_json::to_string(&line).unwrap_or_default()
    }

    /// What logs an answer that ended before its end, under the id that its first line has.
    fn broken_off(&self, log: Log) -> impl Fn(&str) + Send + 'static {
        let (id, route) = (self.id.clone(), self.route);
        move |error| {
            let line = BrokenOff {
                request_id: &id,
                route,
                error_code: "broken_off",
                error,
            };
            log.write(&serde_json::to_string(&line).unwrap_or_default());
        }
    }

    fn observation(
        &self,
        status: StatusCode,
        took: Duration,
        failure: Option<&Failure>,
    ) -> Observation {
        Observation {
            route: self.route,
            method: method_name(&self.method),
            status: status.as_u16(),
            code: failure.map(|failure| failure.code.as_str()),
            took,
            waited: self.usage.waited(),
            requests: self.usage.requests(),
            retries: self.usage.retries(),
            commands: self.usage.commands(),
        }
    }
}

fn describe_rate(headers: &mut HeaderMap, status: &RateStatus) {
    let values = [
        ("ratelimit-limit", status.limit),
        ("ratelimit-remaining", status.remaining()),
        ("ratelimit-reset", status.reset_seconds()),
    ];
    for (name, value) in values {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
}

/// A method of the client's own making is text of his.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// To a tenth.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

/// The caller's own id of this request, where it is fit to be logged, or a new one.
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
