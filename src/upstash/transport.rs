//! HTTPS to Upstash: one attempt, sorted into success or a typed error.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use reqwest::{Client, Response, Url};

use super::{UpstashConfig, UpstashError};
use crate::tls;

/// The largest request Upstash takes.
const LARGEST_REQUEST: usize = 10 * 1024 * 1024;

const SYNC_TOKEN: HeaderName = HeaderName::from_static("upstash-sync-token");
const ENCODING: HeaderName = HeaderName::from_static("upstash-encoding");

/// Refuses a body that Upstash would refuse, without sending it.
pub(super) fn check_size(body: &[u8]) -> Result<(), UpstashError> {
    if body.len() > LARGEST_REQUEST {
        return Err(UpstashError::TooLarge);
    }
    Ok(())
}

/// Connections to one database.
#[derive(Debug)]
pub(super) struct Transport {
    client: Client,
    url: Url,
    connect_timeout: Duration,
    /// What the last response said: sent with the next request, a replica that serves it has by then seen
    /// everything this process wrote.
    sync_token: Mutex<Option<HeaderValue>>,
}

impl Transport {
    pub(super) fn new(config: &UpstashConfig) -> Result<Self, UpstashError> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization(config)?);
        let client = tls::client()
            .map_err(|_| UpstashError::Unreachable("TLS cannot be set up".into()))?
            .default_headers(headers)
            .connect_timeout(config.attempt_timeout)
            // Longer than the pause between two requests of a busy function, shorter than Upstash's own.
            .pool_idle_timeout(Duration::from_secs(55))
            .build()
            .map_err(|_| UpstashError::Unreachable("the HTTP client cannot be built".into()))?;
        let url = Url::parse(&config.url);
        Ok(Self {
            client,
            url: url.map_err(|_| UpstashError::Unreachable("the URL is none".into()))?,
            connect_timeout: config.attempt_timeout,
            sync_token: Mutex::default(),
        })
    }

    /// Posts a JSON body and returns the JSON of the response.
    pub(super) async fn post(
        &self,
        path: &[&str],
        body: Bytes,
        timeout: Duration,
    ) -> Result<Bytes, UpstashError> {
        let mut request = self
            .client
            .post(self.url_of(path))
            .header(CONTENT_TYPE, "application/json")
            .header(ENCODING, "base64")
            .timeout(timeout)
            .body(body);
        if let Some(token) = self.sync_token() {
            request = request.header(SYNC_TOKEN, token);
        }
        let response = request.send().await.map_err(|error| sort(&error))?;
        self.keep_sync_token(&response);
        let response = check_status(response).await?;
        response.bytes().await.map_err(|error| sort(&error))
    }

    /// Opens a stream of server-sent events. Only its beginning has a time limit.
    pub(super) async fn subscribe(&self, channel: &str) -> Result<Response, UpstashError> {
        let request = self
            .client
            .post(self.url_of(&["subscribe", channel]))
            .header(ACCEPT, "text/event-stream")
            .send();
        let response = tokio::time::timeout(self.connect_timeout, request)
            .await
            .map_err(|_| UpstashError::Timeout)?
            .map_err(|error| sort(&error))?;
        check_status(response).await
    }

    fn url_of(&self, path: &[&str]) -> Url {
        let mut url = self.url.clone();
        // A URL of http or https always has a path to add to.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    fn sync_token(&self) -> Option<HeaderValue> {
        let token = self.sync_token.lock();
        token.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep_sync_token(&self, response: &Response) {
        if let Some(token) = response.headers().get(SYNC_TOKEN) {
            let kept = self.sync_token.lock();
            *kept.unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        }
    }
}

fn authorization(config: &UpstashConfig) -> Result<HeaderValue, UpstashError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", config.token.expose()))
        .map_err(|_| UpstashError::Unauthorized)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Sorts a failure of the connection. Its text may hold the URL, so none of it is kept.
fn sort(error: &reqwest::Error) -> UpstashError {
    if error.is_timeout() {
        UpstashError::Timeout
    } else if error.is_connect() {
        UpstashError::Unreachable("no connection".into())
    } else {
        UpstashError::Unreachable("the connection broke".into())
    }
}

async fn check_status(response: Response) -> Result<Response, UpstashError> {
    let status = response.status();
    match status.as_u16() {
        200 => Ok(response),
        401 => Err(UpstashError::Unauthorized),
        413 => Err(UpstashError::TooLarge),
        429 => Err(UpstashError::Throttled {
            retry_after: retry_after(response.headers()),
        }),
        500..=599 => Err(UpstashError::Unreachable(format!(
            "status {}",
            status.as_u16()
        ))),
        400..=499 => Err(refusal(response).await),
        _ => Err(UpstashError::Malformed),
    }
}

async fn refusal(response: Response) -> UpstashError {
    #[derive(serde::Deserialize)]
    struct Refusal {
        error: String,
    }
    match response.bytes().await {
        Ok(body) => match serde_json::from_slice::<Refusal>(&body) {
            Ok(refusal) => UpstashError::from_text(&refusal.error),
            Err(_) => UpstashError::Malformed,
        },
        Err(error) => sort(&error),
    }
}

/// Seconds; the date form of the header is not used by Upstash.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}
