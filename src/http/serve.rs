//! From a request to its response, whatever the handler does.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response, StatusCode};
use uuid::Uuid;
use vercel_runtime::{Request, ResponseBody, service_fn};

use super::{Answer, ApiError, ApiRequest};
use crate::clock::Clock;
use crate::rate::{RateCell, RateStatus};
use crate::{App, Config};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers one request with `handler`. Errors and panics become error bodies; nothing else gets out.
pub async fn respond<H, F>(app: Arc<App>, request: Request, handler: H) -> Response<ResponseBody>
where
    H: FnOnce(Arc<App>, ApiRequest) -> F,
    F: Future<Output = Result<Answer, ApiError>>,
{
    let request_id = request_id(&request);
    let is_preflight = request.method() == Method::OPTIONS;
    let rate = RateCell::default();
    let work = handler(app, ApiRequest::new(request, rate.clone()));
    let result = AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .unwrap_or(Err(ApiError::Internal));
    let mut response = finish(result, &request_id);
    if let Some(status) = rate.get() {
        add_rate_headers(response.headers_mut(), &status);
    }
    if is_preflight && response.status() == StatusCode::METHOD_NOT_ALLOWED {
        // The refusal lists the methods there are, which is what OPTIONS asks for.
        *response.status_mut() = StatusCode::NO_CONTENT;
        *response.body_mut() = ResponseBody::from("");
    }
    response
}

/// Runs a function on Vercel: what `main` of every file under `api/` does.
///
/// # Errors
/// When the runtime cannot listen.
pub async fn run<H, F>(handler: H) -> Result<(), vercel_runtime::Error>
where
    H: Fn(Arc<App>, ApiRequest) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Answer, ApiError>> + Send + 'static,
{
    let app = load_app();
    let service = service_fn(move |request: Request| {
        let (app, handler) = (app.clone(), handler.clone());
        async move {
            let response = match app {
                Some(app) => respond(app, request, handler).await,
                None => finish(Err(ApiError::Internal), &request_id(&request)),
            };
            Ok::<_, vercel_runtime::Error>(response)
        }
    });
    vercel_runtime::run(service).await
}

/// A deployment that lacks a variable answers 500 to everything, and its log says which.
fn load_app() -> Option<Arc<App>> {
    let config = Config::from_env().map_err(|error| error.to_string());
    let app = config
        .and_then(|config| App::new(config, Clock::default()).map_err(|error| error.to_string()));
    match app {
        Ok(app) => Some(Arc::new(app)),
        Err(error) => {
            eprintln!("configuration: {error}");
            None
        }
    }
}

fn finish(result: Result<Answer, ApiError>, request_id: &str) -> Response<ResponseBody> {
    let answer = result.unwrap_or_else(|error| {
        if let Some(text) = error.log_text() {
            eprintln!(
                "{}",
                serde_json::json!({ "requestId": request_id, "error": text })
            );
        }
        error.into_answer(request_id)
    });
    let mut response = answer.into_response();
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

fn add_rate_headers(headers: &mut HeaderMap, status: &RateStatus) {
    let values = [
        ("ratelimit-limit", status.limit),
        ("ratelimit-remaining", status.remaining()),
        ("ratelimit-reset", status.reset_seconds()),
    ];
    for (name, value) in values {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
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

/// Makes a file under `api/` a function: `function!(handle);`.
#[macro_export]
macro_rules! function {
    ($handler:path) => {
        /// Runs this route as a Vercel function.
        ///
        /// # Errors
        /// When the runtime cannot listen.
        #[tokio::main]
        pub async fn main() -> Result<(), vercel_runtime::Error> {
            conversation_store::http::run($handler).await
        }
    };
}
