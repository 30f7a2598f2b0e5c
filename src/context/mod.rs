//! The context of one request: created at the HTTP edge, passed down to the store and to the database client, and
//! read by log, metrics and response.

mod caller;
mod cors_origin;

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderValue, Method};

pub use caller::{Caller, RateLimitKey};
pub use cors_origin::CorsOrigin;

use crate::ErrorCode;
use crate::rate::RateStatus;
use crate::upkeep::Task;
use crate::upstash::{CircuitState, Usage};

/// Data about a request, including what is learned while it is served.
#[derive(Debug)]
pub struct RequestContext {
    /// The client's own id of the request, or a new one.
    pub id: String,
    /// The method, as sent.
    pub method: Method,
    /// The pattern of the route, which holds no id.
    pub route: &'static str,
    /// The page that the request comes from, as far as the response depends on it.
    pub origin: CorsOrigin,
    /// Whether the client takes gzip.
    pub accepts_gzip: bool,
    /// `If-None-Match`, as sent.
    pub known_etags: Option<HeaderValue>,
    /// What the request costs at Upstash.
    pub usage: Usage,
    started: Instant,
    user: OnceLock<String>,
    rate: Mutex<Option<RateStatus>>,
    upkeep: Mutex<Vec<Task>>,
}

impl RequestContext {
    /// Begins a request to `route`, now.
    pub fn new(id: String, method: Method, route: &'static str, origin: CorsOrigin) -> Self {
        Self {
            id,
            method,
            route,
            origin,
            accepts_gzip: false,
            known_etags: None,
            usage: Usage::default(),
            started: Instant::now(),
            user: OnceLock::new(),
            rate: Mutex::default(),
            upkeep: Mutex::default(),
        }
    }

    /// The method as log and metrics name it. A nonstandard method is client-controlled text, so it is not named.
    pub fn method_name(&self) -> &'static str {
        match self.method {
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

    /// Time since the request came in.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Notes the user's pseudonym. The first note holds: a request has one user.
    pub fn note_user(&self, pseudonym: String) {
        let _ = self.user.set(pseudonym);
    }

    /// The user's pseudonym, once the user is known. Keyed, so that an id does not lead to its log lines.
    pub fn user(&self) -> Option<&str> {
        self.user.get().map(String::as_str)
    }

    /// Records the caller's state in the rate limit's window.
    pub fn note_rate(&self, status: RateStatus) {
        *lock(&self.rate) = Some(status);
    }

    /// The caller's state in the rate limit's window, once the store has returned it.
    pub fn rate(&self) -> Option<RateStatus> {
        *lock(&self.rate)
    }

    /// Notes something to be done after the response. One request has conversations prepared for searching at most once.
    pub fn add_upkeep(&self, task: Task) {
        let mut tasks = lock(&self.upkeep);
        let is_prepared = task.is_indexing() && tasks.iter().any(Task::is_indexing);
        if !is_prepared && !tasks.contains(&task) {
            tasks.push(task);
        }
    }

    /// Takes what is to be done after the response.
    pub fn take_upkeep(&self) -> Vec<Task> {
        std::mem::take(&mut *lock(&self.upkeep))
    }
}

/// How a request ended.
#[derive(Debug)]
pub struct RequestOutcome {
    /// The response's status.
    pub status: u16,
    /// Until the response's head was made.
    pub duration: Duration,
    /// The circuit breaker at that time, where there is a database.
    pub circuit: Option<CircuitState>,
    /// What went wrong, if anything.
    pub failure: Option<Failure>,
}

/// Why a request was refused, or failed.
#[derive(Debug)]
pub struct Failure {
    /// The code that clients get.
    pub code: ErrorCode,
    /// What to log about a failure of the service; `None` if the client is at fault.
    pub text: Option<String>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
