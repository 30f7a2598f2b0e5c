//! TLS as every outgoing HTTP client uses it.

use std::sync::Arc;

/// Begins a client that trusts Mozilla's roots, compiled in, and nothing that happens to be installed.
/// It follows no redirects: secrets go to the configured host and nowhere else.
///
/// # Errors
/// When TLS cannot be set up.
pub(crate) fn client() -> Result<reqwest::ClientBuilder, rustls::Error> {
    let mut roots = rustls::RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .tcp_nodelay(true)
        .redirect(reqwest::redirect::Policy::none()))
}
