//! One request, from its token to its response.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use hyper::body::{Body as _, Incoming};
use hyper::{Method, Request, Response, StatusCode};

use super::auth::{Access, Tokens};
use super::body::{self, BodyError, MAX_REQUEST_BYTES};
use super::call::Call;
use super::counters::Counters;
use super::events;
use super::faults::{Fault, Faults, Scheduled};
use super::gate::{Gate, Shortage, not_permitted};
use super::json::{self, Encoding};
use super::response::{self, Body};
use crate::backend::Backend;
use crate::kind::Kind;
use crate::reply::{Command, Reply, Unavailable};
use crate::rules::{Full, Rules, ScriptFailure};

/// The connection is to be closed without a response.
#[derive(Debug)]
pub struct Disconnect;

impl fmt::Display for Disconnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is closed without a response")
    }
}

impl std::error::Error for Disconnect {}

/// Serves the requests of all connections.
pub struct Service {
    backend: Backend,
    tokens: Tokens,
    faults: Faults,
    counters: Arc<Counters>,
    /// Requests that may have written, for the sync token.
    writes: AtomicU64,
}

/// How a request proceeds under its fault.
enum FaultOutcome {
    /// It does not run, and this is the response.
    Respond(Response<Body>),
    /// It runs.
    Run(Injected),
}

/// What is injected into a request that runs.
#[derive(Default)]
struct Injected {
    shortage: Option<Shortage>,
    script: Option<ScriptFailure>,
    disconnect: bool,
}

impl Service {
    pub fn new(backend: Backend, tokens: Tokens, faults: Faults, counters: Arc<Counters>) -> Self {
        Self {
            backend,
            tokens,
            faults,
            counters,
            writes: AtomicU64::new(0),
        }
    }

    /// The response to a request.
    ///
    /// A sync token in the request can be ignored: there is one replica, and it has every write.
    pub async fn serve(
        self: &Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Disconnect> {
        let began = Instant::now();
        let mut response = self.respond(request).await?;
        let bytes = response.body().size_hint().exact().unwrap_or(0);
        self.counters.responded(bytes, began.elapsed());
        response::set_sync_token(&mut response, self.writes.load(Relaxed));
        Ok(response)
    }

    async fn respond(
        self: &Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Disconnect> {
        let allowed = [Method::POST, Method::GET, Method::PUT, Method::HEAD];
        if !allowed.contains(request.method()) {
            return Ok(response::method_not_allowed());
        }
        let Some(access) = self.tokens.access(&request) else {
            return Ok(response::unauthorized());
        };
        match events::channels(request.uri().path()) {
            Some(channels) => self.subscribe(channels, access).await,
            None => self.command_request(request, access).await,
        }
    }

    async fn subscribe(
        &self,
        channels: Vec<Vec<u8>>,
        access: Access,
    ) -> Result<Response<Body>, Disconnect> {
        if access == Access::ReadOnly {
            let text = not_permitted(b"subscribe");
            return Ok(response::error(StatusCode::BAD_REQUEST, &text));
        }
        self.counters.subscription();
        let scheduled = self.faults.take_for_subscribe();
        match self.apply_fault(scheduled, Duration::ZERO).await? {
            FaultOutcome::Respond(response) => Ok(response),
            FaultOutcome::Run(Injected {
                disconnect: true, ..
            }) => Err(Disconnect),
            FaultOutcome::Run(_) => Ok(match events::stream(&self.backend, channels).await {
                Ok(stream) => response::events(stream),
                Err(_) => response::unavailable(),
            }),
        }
    }

    async fn command_request(
        self: &Arc<Self>,
        request: Request<Incoming>,
        access: Access,
    ) -> Result<Response<Body>, Disconnect> {
        let (parts, body) = request.into_parts();
        let body = match body::read(body).await {
            Ok(body) => body,
            Err(BodyError::TooLarge(actual)) => {
                return Ok(response::too_large(MAX_REQUEST_BYTES, actual));
            }
            Err(BodyError::Broken) => return Err(Disconnect),
        };
        self.counters.received(body.len());
        let call = match Call::parse(parts.uri.path(), parts.uri.query(), &body) {
            Ok(call) => call,
            Err(text) => return Ok(response::error(StatusCode::BAD_REQUEST, text)),
        };
        let encoding = match parts.headers.get("upstash-encoding") {
            Some(value) if value == "base64" => Encoding::Base64,
            _ => Encoding::Text,
        };
        self.counters.request();
        self.execute(call, access, encoding).await
    }

    /// Runs the call with whatever is scheduled for it. A held call outlives its connection, like a request that is
    /// delayed between client and store.
    async fn execute(
        self: &Arc<Self>,
        call: Call,
        access: Access,
        encoding: Encoding,
    ) -> Result<Response<Body>, Disconnect> {
        let scheduled = self.faults.take();
        if scheduled.held.is_none() {
            return self.execute_with(scheduled, call, access, encoding).await;
        }
        let service = Arc::clone(self);
        let held = async move {
            service
                .execute_with(scheduled, call, access, encoding)
                .await
        };
        tokio::spawn(held).await.unwrap_or(Err(Disconnect))
    }

    async fn execute_with(
        &self,
        scheduled: Scheduled,
        call: Call,
        access: Access,
        encoding: Encoding,
    ) -> Result<Response<Body>, Disconnect> {
        let injected = match self.apply_fault(scheduled, self.faults.latency()).await? {
            FaultOutcome::Respond(response) => return Ok(response),
            FaultOutcome::Run(injected) => injected,
        };
        let writes = call.commands().iter().any(|c| Kind::of(c).writes());
        let full = self.faults.full();
        let per_command = full
            .filter(|full| *full == Full::EveryCommand)
            .map(|_| Shortage::CapacityPerCommand);
        let gate = Gate {
            access,
            shortage: injected.shortage.or(per_command),
            backend: &self.backend,
        };
        let mut rules = Rules {
            full,
            failure: injected.script,
            fired: false,
        };
        let response = self.run(call, gate, &mut rules, encoding).await;
        if rules.fired {
            self.faults.set_fired();
        }
        if writes {
            self.writes.fetch_add(1, Relaxed);
        }
        if injected.disconnect {
            return Err(Disconnect);
        }
        Ok(response.unwrap_or_else(|_| response::unavailable()))
    }

    /// Waits for the latency, the hold and the delay, then says how the fault lets the request proceed.
    async fn apply_fault(
        &self,
        scheduled: Scheduled,
        latency: Duration,
    ) -> Result<FaultOutcome, Disconnect> {
        let Scheduled { fault, held } = scheduled;
        if let Some(held) = held {
            held.wait().await;
        }
        let delay = match fault {
            Some(Fault::Delay(delay)) => latency.saturating_add(delay),
            _ => latency,
        };
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if fault.is_some() {
            self.counters.fault();
        }
        let short_of = |shortage| Injected {
            shortage: Some(shortage),
            ..Injected::default()
        };
        let injected = match fault {
            None | Some(Fault::Delay(_)) => Injected::default(),
            Some(Fault::CutAfter) => Injected {
                disconnect: true,
                ..Injected::default()
            },
            Some(Fault::ScriptCommand { nth, error }) => Injected {
                script: Some(ScriptFailure { nth, error }),
                ..Injected::default()
            },
            Some(Fault::CapacityError) => short_of(Shortage::Capacity),
            Some(Fault::QuotaError) => short_of(Shortage::DailyRequests),
            Some(Fault::MonthlyQuotaError) => short_of(Shortage::MonthlyRequests),
            Some(Fault::CutBefore) => return Err(Disconnect),
            Some(Fault::Garbage) => return Ok(FaultOutcome::Respond(response::garbage())),
            Some(Fault::Status { code, retry_after }) => {
                let response = response::gateway_error(code, retry_after);
                return Ok(FaultOutcome::Respond(response));
            }
        };
        Ok(FaultOutcome::Run(injected))
    }

    async fn run(
        &self,
        call: Call,
        gate: Gate<'_>,
        rules: &mut Rules,
        encoding: Encoding,
    ) -> Result<Response<Body>, Unavailable> {
        match call {
            Call::Single(command) => {
                let mut replies = self.pipeline(vec![command], gate, rules).await?;
                let reply = replies.pop().unwrap_or(Reply::Nil);
                Ok(entry(&reply, encoding))
            }
            Call::Pipeline(commands) => {
                let replies = self.pipeline(commands, gate, rules).await?;
                Ok(entries(&replies, encoding))
            }
            Call::Transaction(commands) => match self.transaction(&commands, gate, rules).await? {
                Ok(replies) => Ok(entries(&replies, encoding)),
                Err(discarded) => Ok(entry(&discarded, encoding)),
            },
        }
    }

    async fn transaction(
        &self,
        commands: &[Command],
        gate: Gate<'_>,
        rules: &mut Rules,
    ) -> Result<Result<Vec<Reply>, Reply>, Unavailable> {
        if let Some(text) = gate.transaction_refusal(commands) {
            return Ok(Err(Reply::Error(text)));
        }
        let outcome = self.backend.transaction_under(commands, rules).await?;
        if let Ok(replies) = &outcome {
            self.keep_for_next(replies, rules);
        }
        Ok(outcome)
    }

    /// Runs the commands that are not refused, and inserts the refusals at their positions.
    async fn pipeline(
        &self,
        mut commands: Vec<Command>,
        gate: Gate<'_>,
        rules: &mut Rules,
    ) -> Result<Vec<Reply>, Unavailable> {
        let mut refusals = Vec::new();
        let mut position = 0;
        commands.retain(|command| {
            let refusal = gate.refusal(command);
            let runs = refusal.is_none();
            refusals.extend(refusal.map(|text| (position, text)));
            position += 1;
            runs
        });
        let replies = self.backend.pipeline_under(&commands, rules).await?;
        self.keep_for_next(&replies, rules);
        if refusals.is_empty() {
            return Ok(replies);
        }
        Ok(merged(position, replies, refusals))
    }

    /// After NOSCRIPT a client sends the script itself, so the failure is kept for that request.
    fn keep_for_next(&self, replies: &[Reply], rules: &mut Rules) {
        let is_unknown =
            |reply: &Reply| matches!(reply, Reply::Error(text) if text.starts_with("NOSCRIPT"));
        if replies.iter().any(is_unknown)
            && let Some(failure) = rules.failure.take()
        {
            self.faults.put_back(failure);
        }
    }
}

/// `total` replies, the refusals at their positions.
fn merged(total: usize, replies: Vec<Reply>, refusals: Vec<(usize, String)>) -> Vec<Reply> {
    let mut replies = replies.into_iter();
    let mut refusals = refusals.into_iter().peekable();
    let next = |position| match refusals.next_if(|(at, _)| *at == position) {
        Some((_, text)) => Some(Reply::Error(text)),
        None => replies.next(),
    };
    (0..total).filter_map(next).collect()
}

fn entry(reply: &Reply, encoding: Encoding) -> Response<Body> {
    let status = match reply {
        Reply::Error(_) => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    };
    let mut body = Vec::with_capacity(64);
    json::write_entry(&mut body, reply, encoding);
    response::json(status, body)
}

fn entries(replies: &[Reply], encoding: Encoding) -> Response<Body> {
    let mut body = Vec::with_capacity(replies.len() * 32);
    json::write_entries(&mut body, replies, encoding);
    response::json(StatusCode::OK, body)
}
