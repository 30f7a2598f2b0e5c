//! The client in the role of the browser: the same for both sides, on kept connections.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::Result;
use crate::side::{Deployment, Side};

/// The header that identifies a user to a side.
#[derive(Clone, Debug)]
pub struct User {
    pub header: (HeaderName, HeaderValue),
}

/// One request to a side.
#[derive(Clone, Debug)]
pub struct Call {
    method: Method,
    path: String,
    body: Bytes,
}

impl Call {
    /// A GET request.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path, "")
    }

    /// A DELETE request.
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path, "")
    }

    /// A request with a JSON body.
    pub fn new(method: Method, path: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self {
            method,
            path: path.into(),
            body: body.into(),
        }
    }

    /// The size of the body in bytes.
    pub fn size(&self) -> usize {
        self.body.len()
    }
}

/// The response to a call.
#[derive(Debug)]
pub struct Response {
    pub body: Bytes,
    /// From the first byte sent to the last one received.
    pub took: Duration,
    /// Time in the function without the wait for the database, where the response states it.
    pub overhead: Option<Duration>,
}

/// A client of one side.
#[derive(Debug)]
pub struct Client {
    pub side: Side,
    pub deployment: Deployment,
    http: HyperClient<HttpConnector, Full<Bytes>>,
}

impl Client {
    /// A client of these processes.
    pub fn new(side: Side, deployment: Deployment) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            side,
            deployment,
            http: HyperClient::builder(TokioExecutor::new()).build(connector),
        }
    }

    /// Sends a call that has to succeed.
    pub async fn send(&self, user: Option<&User>, call: &Call) -> Result<Response> {
        let address = self.deployment.address_of(&call.path)?;
        let mut request = Request::builder()
            .method(&call.method)
            .uri(format!("http://{address}{}", call.path))
            .header(CONTENT_TYPE, "application/json");
        if let Some(User {
            header: (name, value),
        }) = user
        {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(call.body.clone()))?;
        let began = Instant::now();
        let (head, body) = self.http.request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        let took = began.elapsed();
        if !head.status.is_success() {
            let text = String::from_utf8_lossy(&body);
            return Err(format!(
                "{}: {} {}: {} {text}",
                self.side.label(),
                call.method,
                call.path,
                head.status
            )
            .into());
        }
        let timing = head.headers.get("server-timing");
        let timing = timing.and_then(|value| value.to_str().ok());
        Ok(Response {
            body,
            took,
            overhead: timing.and_then(overhead),
        })
    }

    /// Sends several calls, `lanes` of them at a time, as a page would.
    pub async fn send_all(
        &self,
        user: &User,
        calls: &[Call],
        lanes: usize,
    ) -> Result<Vec<Response>> {
        let responses = calls.iter().map(|call| self.send(Some(user), call));
        stream::iter(responses).buffered(lanes).try_collect().await
    }
}

/// `total` minus `upstash` of `upstash;dur=1.2;desc="1 request", total;dur=1.5`.
fn overhead(timing: &str) -> Option<Duration> {
    let duration = |name: &str| -> Option<f64> {
        let mut entries = timing.split(", ");
        let entry = entries.find_map(|entry| entry.strip_prefix(name)?.strip_prefix(";dur="))?;
        entry.split(';').next()?.parse().ok()
    };
    let milliseconds = duration("total")? - duration("upstash")?;
    Duration::try_from_secs_f64(milliseconds / 1_000.0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_for_the_database_is_not_overhead() {
        let timing = "upstash;dur=1.2;desc=\"1 request\", total;dur=1.5";
        let overhead = overhead(timing).unwrap();
        assert_eq!(overhead.as_micros().div_ceil(10), 30);
        assert_eq!(super::overhead("total;dur=1"), None);
    }
}
