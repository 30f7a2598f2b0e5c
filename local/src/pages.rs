//! The files of `public/` as Vercel serves them: clean URLs, and the headers of `vercel.json`.

use std::io;
use std::path::Path;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Uri};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty};
use serde::Deserialize;
use tower::ServiceExt;
use tower_http::services::ServeDir;
use vercel_runtime::Request;

/// The configuration of the deployment.
const VERCEL_JSON: &str = include_str!("../../vercel.json");

/// The pattern of the rule for pages: everything but the functions.
const PAGES: &str = "/((?!api/).*)";

/// A response body of the development server.
pub type Body = UnsyncBoxBody<Bytes, vercel_runtime::Error>;

/// The files and the headers they are sent with.
#[derive(Debug)]
pub struct Pages {
    files: ServeDir,
    headers: HeaderMap,
}

impl Pages {
    /// Serves the files of `public`.
    ///
    /// # Errors
    /// When `vercel.json` has no rule for pages, or an invalid header in it.
    pub fn new(public: &Path) -> io::Result<Self> {
        let mut headers = page_headers()?;
        // Vercel's default for files: a browser revalidates before it uses its cache.
        let revalidate = HeaderValue::from_static("public, max-age=0, must-revalidate");
        headers.insert(CACHE_CONTROL, revalidate);
        Ok(Self {
            files: ServeDir::new(public).html_as_default_extension(true),
            headers,
        })
    }

    /// The requested file, or a redirect to its clean URL.
    pub async fn respond(&self, request: Request) -> Response<Body> {
        let mut response = match clean_url(request.uri()) {
            Some(location) => redirect(location),
            None => self.file(request).await,
        };
        for (name, value) in &self.headers {
            response.headers_mut().insert(name, value.clone());
        }
        response
    }

    async fn file(&self, request: Request) -> Response<Body> {
        let response = match self.files.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        response.map(|body| BodyExt::map_err(body, vercel_runtime::Error::from).boxed_unsync())
    }
}

/// Vercel's `cleanUrls` and `trailingSlash: false`: the URL to redirect to, if this one is not clean.
fn clean_url(uri: &Uri) -> Option<HeaderValue> {
    let path = uri.path();
    let bare = path.strip_suffix(".html").unwrap_or(path);
    let bare = bare.strip_suffix("/index").unwrap_or(bare);
    let clean = match bare.trim_end_matches('/') {
        "" => "/",
        trimmed => trimmed,
    };
    // A location that starts with two slashes would name another host.
    if clean == path || clean.starts_with("//") {
        return None;
    }
    let query = uri.query().map(|query| format!("?{query}"));
    HeaderValue::try_from(format!("{clean}{}", query.unwrap_or_default())).ok()
}

fn redirect(location: HeaderValue) -> Response<Body> {
    let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(LOCATION, location);
    response
}

#[derive(Deserialize)]
struct Deployment {
    headers: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    source: String,
    headers: Vec<Header>,
}

#[derive(Deserialize)]
struct Header {
    key: String,
    value: String,
}

fn page_headers() -> io::Result<HeaderMap> {
    let deployment: Deployment = serde_json::from_str(VERCEL_JSON)?;
    let rule = deployment.headers.iter().find(|rule| rule.source == PAGES);
    let rule = rule.ok_or_else(|| io::Error::other("vercel.json has no rule for pages"))?;
    let headers = rule.headers.iter().map(|header| {
        let name = HeaderName::try_from(&header.key).map_err(io::Error::other)?;
        let value = HeaderValue::try_from(&header.value).map_err(io::Error::other)?;
        Ok((name, value))
    });
    headers.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_one_address() {
        let cases = [
            ("/", None),
            ("/shared", None),
            ("/app/main.js", None),
            ("/shared.html", Some("/shared")),
            ("/shared.html?a=b", Some("/shared?a=b")),
            ("/shared/", Some("/shared")),
            ("/index.html", Some("/")),
            ("/index", Some("/")),
            ("//elsewhere.example/", None),
        ];
        for (asked, location) in cases {
            let clean = clean_url(&Uri::from_static(asked));
            assert_eq!(clean, location.map(HeaderValue::from_static), "{asked}");
        }
    }
}
