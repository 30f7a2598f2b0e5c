//! The HTTP client: TLS, retries, and errors in terms of a command.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode, Url};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use uuid::{Builder, Uuid};

use crate::account::{Account, Accounts};
use crate::clock::now_ms;
use crate::failure::Failure;
use crate::options::Options;

/// A caller of a service.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    api: String,
    token: Option<String>,
    patience: Duration,
}

/// Whether a request may be sent again when its response was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// It changes nothing, or a repeat is recognised.
    Allowed,
    /// It works once only.
    Never,
}

/// A request.
struct Request<'a> {
    method: Method,
    path: &'a str,
    body: Option<String>,
    key: Option<Uuid>,
}

/// Why an attempt did not succeed.
enum Refusal {
    /// Trying again may help, after the delay that the service may have stated.
    Later(Option<Duration>, String),
    /// There were too many requests: the time to wait.
    TooMany(Duration, String),
    /// The service has an error code for it.
    Final(StatusCode, Value),
}

impl Client {
    /// A caller without a token.
    pub fn anonymous(api: &str, patience: Duration) -> Result<Self, Failure> {
        check_address(api)?;
        Ok(Self {
            http: http()?,
            api: api.to_owned(),
            token: None,
            patience,
        })
    }

    /// The signed-in user of the service that the options select. An old token is renewed.
    pub async fn signed_in(options: &Options) -> Result<(Self, Account), Failure> {
        let accounts = Accounts::load()?;
        let account = accounts.get(&accounts.api(options.api.as_deref())?)?;
        let mut client = Self::anonymous(&account.api, options.patience())?;
        client.token = Some(account.token.clone());
        if account.wants_renewal() {
            client.renew(&account).await;
        }
        Ok((client, account))
    }

    /// Renews the token. If that fails, the old one is still good for now.
    async fn renew(&mut self, account: &Account) {
        let response = self
            .once()
            .post("/api/session", String::new(), Repeat::Never)
            .await;
        let renewed = response
            .ok()
            .and_then(|response| Account::of_response(&self.api, &response));
        if let Some(renewed) = renewed.filter(|renewed| renewed.user_id == account.user_id)
            && Accounts::renew(&renewed).is_ok()
        {
            self.token = Some(renewed.token);
        }
    }

    /// How long it retries.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// The same, without patience.
    pub fn once(&self) -> Self {
        Self {
            patience: Duration::ZERO,
            ..self.clone()
        }
    }

    /// Reads JSON.
    pub async fn get(&self, path: &str) -> Result<Value, Failure> {
        json(self.open(path).await?).await
    }

    /// Reads anything, piece by piece.
    pub async fn open(&self, path: &str) -> Result<Response, Failure> {
        let request = Request {
            method: Method::GET,
            path,
            body: None,
            key: None,
        };
        self.send(&request, Repeat::Allowed).await
    }

    /// Sends JSON, and reads JSON.
    pub async fn post(&self, path: &str, body: String, repeat: Repeat) -> Result<Value, Failure> {
        let body = Some(body).filter(|body| !body.is_empty());
        let key = (repeat == Repeat::Allowed).then(|| key_at(now_ms()));
        let mut request = Request {
            method: Method::POST,
            path,
            body,
            key,
        };
        match self.send(&request, repeat).await {
            // A clock that is wrong by days: the service then goes by a key that tells no time.
            Err(Failure::Refused { code, .. }) if code.as_deref() == Some("request_too_old") => {
                request.key = key_without_time();
                json(self.send(&request, repeat).await?).await
            }
            response => json(response?).await,
        }
    }

    async fn send(&self, request: &Request<'_>, repeat: Repeat) -> Result<Response, Failure> {
        const LONGEST: Duration = Duration::from_secs(15);
        /// The longest wait for a rate limit, with a margin.
        const WINDOW: Duration = Duration::from_secs(90);
        let until = Instant::now() + self.patience;
        let mut pause = Duration::from_millis(250);
        loop {
            let (after, why) = match self.attempt(request).await {
                Ok(response) => return Ok(response),
                // The service is there: waiting is sure to help.
                Err(Refusal::TooMany(after, _)) if after <= WINDOW && !self.patience.is_zero() => {
                    sleep(after).await;
                    continue;
                }
                Err(Refusal::TooMany(after, why)) => (Some(after), why),
                Err(Refusal::Final(status, error)) => return Err(failure(status, &error)),
                Err(Refusal::Later(after, why)) => (after, why),
            };
            let wait = after.unwrap_or(pause);
            if repeat == Repeat::Never || Instant::now() + wait > until {
                return Err(Failure::Unavailable(format!(
                    "{} is not reachable now: {why}",
                    self.api
                )));
            }
            sleep(wait).await;
            pause = (pause * 2).min(LONGEST);
        }
    }

    async fn attempt(&self, request: &Request<'_>) -> Result<Response, Refusal> {
        let address = format!("{}{}", self.api, request.path);
        let mut builder = self.http.request(request.method.clone(), address);
        if let Some(token) = &self.token {
            builder = builder.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(key) = request.key {
            builder = builder.header("Idempotency-Key", key.to_string());
        }
        if let Some(body) = &request.body {
            builder = builder
                .header(CONTENT_TYPE, "application/json")
                .body(body.clone());
        }
        let response = builder
            .send()
            .await
            .map_err(|error| Refusal::Later(None, innermost(&error)))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|after| after.to_str().ok()?.parse().ok());
        let body = response.text().await.unwrap_or_default();
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        let after = after.map(Duration::from_secs);
        let why = describe(status, &body["error"]);
        match (status.as_u16(), after) {
            (429, Some(after)) => Err(Refusal::TooMany(after, why)),
            // 507 is a full database: waiting does not help.
            (429 | 500..=506 | 508..=599, after) => Err(Refusal::Later(after, why)),
            _ => Err(Refusal::Final(status, body["error"].clone())),
        }
    }
}

impl fmt::Debug for Client {
    /// Prints no token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("api", &self.api)
            .finish_non_exhaustive()
    }
}

/// What an error of the service means for a command.
fn failure(status: StatusCode, error: &Value) -> Failure {
    let message = describe(status, error);
    match status.as_u16() {
        401 => Failure::NotSignedIn(format!("{message}: run `conversation-store login` again")),
        507 => Failure::Unavailable(message),
        _ => Failure::Refused {
            code: error["code"].as_str().map(str::to_owned),
            message,
        },
    }
}

fn describe(status: StatusCode, error: &Value) -> String {
    match (error["message"].as_str(), error["code"].as_str()) {
        (Some(message), Some(code)) => format!("{} ({code})", message.trim_end_matches('.')),
        _ => format!("status {status}"),
    }
}

async fn json(response: Response) -> Result<Value, Failure> {
    let text = response
        .text()
        .await
        .map_err(|error| Failure::Unavailable(innermost(&error)))?;
    serde_json::from_str(&text).map_err(|_| {
        Failure::Failed("the response is no JSON: is this the service's address?".to_owned())
    })
}

/// A UUIDv7, which tells when it was made.
fn key_at(ms: i64) -> Uuid {
    let mut random = [0; 10];
    // Without randomness the time alone is enough: the key is the client's own.
    let _ = getrandom::fill(&mut random);
    Builder::from_unix_timestamp_millis(ms.unsigned_abs(), &random).into_uuid()
}

fn key_without_time() -> Option<Uuid> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).ok()?;
    Some(Builder::from_random_bytes(random).into_uuid())
}

/// A token goes over TLS, or to this machine.
fn check_address(api: &str) -> Result<(), Failure> {
    let url = Url::parse(api)
        .map_err(|error| Failure::Failed(format!("{api} is no address: {error}")))?;
    let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() == "https" || (url.scheme() == "http" && is_here) {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "{api}: the address has to begin with https://"
    )))
}

/// A client that trusts Mozilla's roots, compiled in, and follows no redirects: the token goes to one host only.
fn http() -> Result<reqwest::Client, Failure> {
    let mut roots = rustls::RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Failure::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .tcp_nodelay(true)
        .user_agent(concat!(
            "conversation-store-cli/",
            env!("CARGO_PKG_VERSION")
        ))
        .connect_timeout(Duration::from_secs(10))
        // It has to outlast sending several megabytes over a slow line.
        .read_timeout(Duration::from_secs(300))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(Failure::other)
}

/// The innermost cause of a library's error.
pub(super) fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;
    use std::thread::{self, JoinHandle};

    use super::*;

    /// Gives these responses, one after the other, and returns the key of each request.
    fn serve(responses: Vec<(u16, Value)>) -> (String, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let respond = |(status, body): (u16, Value)| {
                let (stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(&stream);
                let (mut key, mut length) = (String::new(), 0);
                for line in reader.by_ref().lines().map(Result::unwrap) {
                    let Some((name, value)) = line.split_once(": ") else {
                        if line.is_empty() { break } else { continue }
                    };
                    match name.to_ascii_lowercase().as_str() {
                        "idempotency-key" => key = value.to_owned(),
                        "content-length" => length = value.parse().unwrap(),
                        _ => {}
                    }
                }
                reader.read_exact(&mut vec![0; length]).unwrap();
                let body = body.to_string();
                let length = body.len();
                let head =
                    format!("HTTP/1.1 {status} -\r\nContent-Length: {length}\r\nConnection: close");
                (&stream)
                    .write_all(format!("{head}\r\n\r\n{body}").as_bytes())
                    .unwrap();
                key
            };
            responses.into_iter().map(respond).collect()
        });
        (address, server)
    }

    fn error(code: &str, message: &str) -> Value {
        serde_json::json!({ "error": { "code": code, "message": message } })
    }

    async fn post(address: &str) -> Result<Value, Failure> {
        let client = Client::anonymous(address, Duration::ZERO).unwrap();
        client
            .post("/api/import", "{}".to_owned(), Repeat::Allowed)
            .await
    }

    #[tokio::test]
    async fn a_key_that_is_too_old_by_the_services_clock_is_replaced_by_one_without_a_time() {
        let refused = error("request_too_old", "The request is too old.");
        let (address, server) = serve(vec![(409, refused), (200, Value::Bool(true))]);
        assert_eq!(post(&address).await.unwrap(), Value::Bool(true));
        let keys = server.join().unwrap();
        let versions = keys
            .iter()
            .map(|key| Uuid::parse_str(key).unwrap().get_version_num());
        assert_eq!(versions.collect::<Vec<_>>(), [7, 4]);
    }

    #[tokio::test]
    async fn a_refusal_is_known_by_its_code_and_not_by_its_words() {
        let refused = error("invalid_field", "There is no request_too_old here.");
        let (address, server) = serve(vec![(400, refused)]);
        let failure = post(&address).await.unwrap_err();
        assert_eq!(
            failure.to_string(),
            "There is no request_too_old here (invalid_field)"
        );
        assert!(
            matches!(failure, Failure::Refused { code, .. } if code.as_deref() == Some("invalid_field"))
        );
        assert_eq!(server.join().unwrap().len(), 1);
    }
}
