//! A deployment, and users of it who are erased when a test ends.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use test_support::note_skipped;

use crate::assumption::{Platform, is_long, variable};
use crate::common::{self, Site};
use crate::database::Database;
use crate::http::{self, Response};

/// Makes each assumption a test per deployment: `name: "what depends on it", but embedded: "why it differs";`.
///
/// The tests are `async fn name(deployment: &Deployment)`.
#[macro_export]
macro_rules! on_every_deployment {
    ($($name:ident: $depends:literal $(, but $at:ident: $why:literal)*;)+) => {
        $crate::on_every_deployment!(@in embedded, $($name: $depends $(, but $at: $why)*;)+);
        $crate::on_every_deployment!(@in redis, $($name: $depends $(, but $at: $why)*;)+);
        $crate::on_every_deployment!(@in deployed, $($name: $depends $(, but $at: $why)*;)+);
    };
    (@in $deployment:ident, $($name:ident: $depends:literal $(, but $at:ident: $why:literal)*;)+) => {
        mod $deployment {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(deployment) = $crate::deployment::Deployment::$deployment().await else {
                    return;
                };
                let assumption = $crate::assumption::Assumption {
                    name: stringify!($name),
                    depends: $depends,
                    differences: &[$((stringify!($at), $why)),*],
                };
                let waits = deployment.waits();
                $crate::assumption::check(deployment, &assumption, waits, super::$name).await;
            })+
        }
    };
}

/// The same, and also at the local server over the real database.
#[macro_export]
macro_rules! on_every_deployment_and_database {
    ($($tests:tt)+) => {
        $crate::on_every_deployment!($($tests)+);
        $crate::on_every_deployment!(@in over_upstash, $($tests)+);
    };
}

/// How long a stream lasts on a local deployment, in seconds.
const LOCAL_STREAM: &str = "3";

/// Where every user starts.
const SESSION: &str = "/api/session";

/// A deployment, and what one test does there.
pub struct Deployment {
    name: &'static str,
    url: String,
    http: reqwest::Client,
    /// Opens a deployment that Vercel protects.
    bypass: Option<String>,
    tokens: Mutex<Vec<String>>,
    sent: AtomicU64,
    /// How long a stream lasts, if it is waited for.
    stream: Option<Duration>,
    /// Where its data is to be deleted besides its users.
    database: Option<Database>,
    /// What runs as long as it does, where it is a local one.
    _running: Option<(Site, common::Deployment)>,
}

impl Deployment {
    /// The local server on the embedded store.
    pub async fn embedded() -> Option<Self> {
        Some(Self::local("embedded", Site::embedded().await).await)
    }

    /// The local server on a real Redis; `None` where none is installed.
    pub async fn redis() -> Option<Self> {
        Some(Self::local("redis", Site::redis().await?).await)
    }

    /// The local server on the real database, under keys that are deleted afterwards.
    pub async fn over_upstash() -> Option<Self> {
        let database = Database::upstash().await?;
        let site = Site::embedded().await;
        let deployment = site.deployment(&database.variables()).await;
        Some(Self {
            database: Some(database),
            ..Self::at("over_upstash", deployment.url()).running(site, deployment)
        })
    }

    /// The database that the environment names.
    pub async fn deployed() -> Option<Self> {
        const URL: &str = "PLATFORM_DEPLOYMENT_URL";
        let Some(url) = variable(URL) else {
            note_skipped("tests against a real deployment", &format!("set {URL}")).unwrap();
            return None;
        };
        let seconds = variable("SYNC_STREAM_SECONDS").map_or(285, |text| text.parse().unwrap());
        Some(Self {
            bypass: variable("PLATFORM_BYPASS_SECRET"),
            stream: is_long().then_some(Duration::from_secs(seconds)),
            ..Self::at("deployed", url)
        })
    }

    async fn local(name: &'static str, site: Site) -> Self {
        let variables = [("SYNC_STREAM_SECONDS", LOCAL_STREAM)];
        let deployment = site.deployment(&variables).await;
        Self {
            stream: Some(Duration::from_secs(LOCAL_STREAM.parse().unwrap())),
            ..Self::at(name, deployment.url()).running(site, deployment)
        }
    }

    fn at(name: &'static str, url: String) -> Self {
        Self {
            name,
            url: url.trim_end_matches('/').to_owned(),
            http: http::client(),
            bypass: None,
            tokens: Mutex::default(),
            sent: AtomicU64::new(0),
            stream: None,
            database: None,
            _running: None,
        }
    }

    fn running(self, site: Site, deployment: common::Deployment) -> Self {
        Self {
            _running: Some((site, deployment)),
            ..self
        }
    }

    /// How long a stream is to last, where it is waited for: by default only on a local deployment.
    pub fn stream_seconds(&self) -> Option<Duration> {
        self.stream
    }

    /// How long its tests may wait deliberately.
    pub fn waits(&self) -> Duration {
        self.stream.unwrap_or_default()
    }

    /// Begins a request, with what gets it through Vercel's protection.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.sent.fetch_add(1, Relaxed);
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.bypass {
            Some(secret) => request.header("x-vercel-protection-bypass", secret),
            None => request,
        }
    }

    /// A GET, with a token where there is one.
    pub async fn get(&self, path: &str, token: Option<&str>) -> Response {
        let request = self.request(Method::GET, path);
        http::send(match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
        .await
    }

    /// A request with a JSON body.
    pub async fn send(&self, method: Method, path: &str, token: &str, body: &Value) -> Response {
        let request = self.request(method, path).bearer_auth(token);
        let request = request.header("content-type", "application/json");
        http::send(request.body(body.to_string())).await
    }

    /// Starts a session without a token, with these headers; a new user is erased when the test ends.
    pub async fn begin_session(&self, headers: &[(&str, &str)]) -> Response {
        let mut request = self.request(Method::POST, SESSION);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = http::send(request.body("{}")).await;
        if response.status == 201 {
            let token = token_of(&response);
            let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            tokens.push(token);
        }
        response
    }

    /// The token of a new user. If this address has started too many sessions in this minute, this waits for the next
    /// one.
    pub async fn user(&self) -> String {
        let mut response = self.begin_session(&[]).await;
        if response.status == 429 {
            let seconds = response.required_header("retry-after").parse().unwrap();
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            response = self.begin_session(&[]).await;
        }
        token_of(&response)
    }
}

#[track_caller]
fn token_of(response: &Response) -> String {
    let session = response.expect(201);
    session["token"].as_str().unwrap().to_owned()
}

/// A message of a user's.
pub fn message(id: &str, content: &str) -> Value {
    json!({ "id": id, "type": "user", "content": content })
}

impl Platform for Deployment {
    fn name(&self) -> &'static str {
        self.name
    }

    fn unit(&self) -> &'static str {
        "requests"
    }

    async fn used(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    async fn clean_up(&self) {
        let tokens =
            std::mem::take(&mut *self.tokens.lock().unwrap_or_else(PoisonError::into_inner));
        for token in tokens {
            let erased = self
                .send(Method::DELETE, "/api/user", &token, &Value::Null)
                .await;
            // A user who signed out everywhere, or was claimed, was erased by the test itself.
            if erased.status != 401 {
                assert_eq!(erased.expect(200)["erased"], true);
            }
        }
        if let Some(database) = &self.database {
            database.delete_all().await;
        }
    }
}
