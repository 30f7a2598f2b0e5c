//! Raw requests, without the service's own client.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use serde_json::Value;

/// The longest that one request may take, its response included.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A response, read to its end.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// A client that trusts the roots that the service trusts, and follows no redirects: a protected deployment would
/// lead to a login page.
pub fn client() -> Client {
    let mut roots = rustls::RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = Client::builder().tls_backend_preconfigured(tls);
    client.redirect(Policy::none()).build().unwrap()
}

/// Sends a request and reads its response, within [`PATIENCE`].
pub async fn send(request: RequestBuilder) -> Response {
    let response = request.timeout(PATIENCE).send().await.unwrap();
    Response {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.bytes().await.unwrap().to_vec(),
    }
}

impl Response {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The JSON of a response, which must have this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        let text = self.text();
        let start: String = text.chars().take(500).collect();
        assert_eq!(self.status, status, "{start}");
        match serde_json::from_str(&text) {
            Ok(json) => json,
            Err(error) => panic!("{error}: {start}"),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A header that has to be there.
    #[track_caller]
    pub fn required_header(&self, name: &str) -> &str {
        let Some(value) = self.header(name) else {
            panic!("{name} is missing among {:?}", self.headers);
        };
        value
    }
}
